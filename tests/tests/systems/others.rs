//! The faults of systems of which no more is here: retry, fure, exponential-backoff, mulligan, google-cloud-gax,
//! do-over and go-zero.

use std::future::ready;
use std::time::Duration;

use insist_blocking::{Clock, VirtualClock, retry};
use insist_core::{
    Action, Budget, Call, Decision, Event, Gate, Jitter, Judged, Policy, PolicyError, Reason, Script, Verdict, play,
};
use insist_tests::by_hand::RETRY;
use insist_tests::words::{LONGEST, SECOND, at, end, gave_up, ms, secs, sends};
use tokio::time::{Instant as TokioInstant, sleep};

use crate::draws::{doubling, draws, every_shape, first, mean, plain};

/// Fault R21: retry 2.2 counts in whole milliseconds; 900 µs were 0 and the retries spun. E7: so did elastic.
#[test]
fn a_wait_of_900_microseconds_is_900_microseconds() {
    let base = Duration::from_micros(900);
    for policy in every_shape(base) {
        assert!(plain(policy).delays(3).take(20).all(|delay| delay >= base), "{policy:?}");
    }
    assert_eq!(plain(Policy::exponential(base)).delays(3).nth(20), Some(secs(10)), "it grows up to the cap");
}

/// Fault R21: retry 2.2 rounded down at each step, so that a factor of 1.05 never grew from 10 ms.
#[test]
fn a_wait_that_grows_by_a_twentieth_grows() {
    let delays: [_; 200] = first(&plain(Policy::exponential(ms(10)).factor(1.05).cap(secs(100))));
    assert_eq!(delays[..3], [10_000, 10_500, 11_025].map(Duration::from_micros));
    assert!(delays.windows(2).all(|two| two[0] < two[1] || two[1] == secs(100)));
    assert_eq!(delays[199], secs(100));
}

const HEDGED: Policy =
    Policy::constant(ms(500)).jitter(Jitter::None).lanes(2).hedge_after(ms(50)).attempts(2).lane_attempts(1);

/// Fault R37: fure 0.6 dropped the first attempt when its hedge had failed and no attempt was left.
#[test]
fn a_hedge_that_fails_with_no_attempt_left_leaves_the_first_attempt_running() {
    let script = Script::new().outcome(1, ms(300), Verdict::Accept).outcome(2, ms(10), Verdict::retry());
    let timeline = play(&HEDGED, 1, &script);
    assert_eq!(sends(&timeline), [at(0), at(50)]);
    assert_eq!(end(&timeline), (at(300), Action::Return(1)));
}

/// Fault R38: fure 0.6 rounded its jitter up to whole seconds, so that a second was always a second.
#[test]
fn full_jitter_on_a_second_is_hardly_ever_a_second() {
    let drawn = draws(Policy::constant(SECOND).jitter(Jitter::Full), 10_000);
    assert!(drawn.iter().filter(|delay| **delay == SECOND).count() < 2);
    assert!((ms(480)..ms(520)).contains(&mean(&drawn)), "{:?}", mean(&drawn));
}

/// Fault R39: exponential-backoff panicked where its jitter was below a hundredth.
#[test]
fn a_tiny_fraction_is_a_tiny_spread() {
    for fraction in [0.0, f64::MIN_POSITIVE, 1e-9, 0.001, 0.009_999] {
        let policy = Policy::constant(SECOND).jitter(Jitter::fraction(fraction));
        assert_eq!(policy.validate(), Ok(()));
        let most = SECOND.mul_f64(fraction) + Duration::from_nanos(1);
        assert!(draws(policy, 1000).iter().all(|delay| delay.abs_diff(SECOND) <= most), "{fraction}");
    }
}

/// Fault R39: exponential-backoff never drew a delay a little above its middle, and 3.6 % too much on the whole.
#[test]
fn a_spread_around_a_delay_has_no_hole_and_its_mean_is_the_delay() {
    let drawn = draws(Policy::constant(SECOND).jitter(Jitter::fraction(0.3)), 28_000);
    let mut bins = [0; 28];
    for delay in &drawn {
        bins[(delay.saturating_sub(ms(700)).as_micros() / 21_429) as usize] += 1;
    }
    assert!(bins.iter().all(|bin| (800..1200).contains(bin)), "{bins:?}");
    assert!((ms(996)..ms(1004)).contains(&mean(&drawn)), "{:?}", mean(&drawn));
}

/// Fault R39: exponential-backoff panicked where its least delay was above its longest.
#[test]
fn a_floor_above_the_cap_is_refused_and_nothing_panics() {
    let policy = Policy::exponential(SECOND).floor(secs(10)).cap(secs(2));
    assert_eq!(policy.validate(), Err(PolicyError::FloorAboveCap { floor: secs(10), cap: secs(2) }));
    assert_eq!(
        policy.validate().unwrap_err().to_string(),
        "floor is 10s, above the cap of 2s; lower the floor or raise the cap",
    );
    for jitter in [Jitter::None, Jitter::Full, Jitter::fraction(1.0)] {
        assert!(policy.jitter(jitter).delays(1).count() <= 2, "it may be asked, and does no harm");
    }
    for fraction in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let policy = Policy::exponential(SECOND).jitter(Jitter::fraction(fraction));
        assert_eq!(policy.validate(), Err(PolicyError::Fraction), "{fraction}");
        assert!(policy.delays(1).count() <= 2);
    }
}

/// Fault R40: mulligan's linear delays began at 0 and panicked where they grew too long.
#[test]
fn linear_waits_begin_at_their_base_and_never_overflow() {
    assert_eq!(first(&plain(Policy::linear(SECOND))), [1, 2, 3, 4].map(secs));
    let long = plain(Policy::linear(LONGEST / 3).no_cap());
    let third = LONGEST / 3;
    assert_eq!(first(&long), [third, third * 2, third * 3, LONGEST, LONGEST]);
}

/// Fault R40: mulligan's hook was called after the wait that it was to tell of.
#[test]
fn a_hook_is_told_of_a_failure_before_the_wait() {
    let (clock, mut told) = (VirtualClock::new(), Vec::new());
    let hook = |event: &Event<'_, _, _>| {
        if let Decision::Judged(Judged { attempt, .. }) = event.decision {
            assert_eq!(event.at, clock.now());
            told.push((attempt, clock.elapsed()));
        }
    };
    retry(&doubling(3), |_| Err::<(), _>("down")).notify(hook).clock(&clock).call().unwrap_err();
    assert_eq!(told, [(1, secs(0)), (2, secs(1)), (3, secs(3))]);
}

/// Fault R40: a feature of mulligan's took its sleep away; one of backoff 0.4's excluded another.
#[test]
fn one_policy_drives_threads_tokio_and_smol_in_one_program() {
    const POLICY: Policy = Policy::constant(ms(1)).attempts(3);
    let send = |id: u32| if id < 3 { Err("down") } else { Ok(id) };
    assert_eq!(insist_blocking::retry(&POLICY, |attempt| send(attempt.id)).call(), Ok(3));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let on_tokio = async { insist_tokio::retry(&POLICY, |attempt| ready(send(attempt.id))).call().await };
    assert_eq!(runtime.block_on(on_tokio), Ok(3));
    let on_smol = insist_smol::retry(&POLICY, |attempt| ready(send(attempt.id)));
    assert_eq!(futures_lite::future::block_on(on_smol.call()), Ok(3));
}

/// Fault R42: google-cloud-gax 1.15 gave an attempt the time that was left before the wait that led to it.
#[test]
fn an_attempt_after_a_wait_has_what_is_left_after_it() {
    let policy = Policy::constant(secs(4)).jitter(Jitter::None).attempts(5).deadline(secs(10));
    let script = Script::new().outcome(1, secs(3), Verdict::retry());
    let timeline = play(&policy, 1, &script);
    let timeouts: Vec<_> = timeline
        .steps
        .iter()
        .filter_map(|step| if let Action::Send(attempt) = step.action { attempt.timeout() } else { None })
        .collect();
    assert_eq!(timeouts, [secs(10), secs(3)]);
    assert_eq!(end(&timeline).0, at(10_000));
}

/// Fault R42: google-cloud-gax 1.15 let an attempt run past the deadline by as long as the wait before it.
#[tokio::test(start_paused = true)]
async fn a_future_that_runs_past_the_deadline_is_dropped() {
    let policy = Policy::constant(secs(4)).jitter(Jitter::None).attempts(5).deadline(secs(10));
    let started = TokioInstant::now();
    let call = insist_tokio::retry(&policy, |attempt| async move {
        sleep(if attempt.id == 1 { secs(3) } else { secs(1000) }).await;
        Err::<(), _>("down")
    });
    let gave_up = call.await.unwrap_err();
    assert_eq!(gave_up.reason, Reason::Deadline);
    assert_eq!(gave_up.attempts, 2);
    assert_eq!(gave_up.last, Some(Err("down")));
    assert!((secs(10)..secs(11)).contains(&started.elapsed()), "{:?}", started.elapsed());
}

/// Fault R45: in do-over the attempt that ended first gave the result, an error too. O7: tower's hedge does so too.
#[test]
fn of_many_failures_none_wins_and_the_last_is_handed_back() {
    let policy = Policy::zero().lanes(5).attempts(5);
    let fails = (1..=4).fold(Script::new(), |script, id| script.outcome(id, ms(u64::from(id)), Verdict::retry()));
    let timeline = play(&policy, 1, &fails.clone().outcome(5, ms(100), Verdict::Accept));
    assert_eq!(end(&timeline), (at(100), Action::Return(5)));
    let timeline = play(&policy, 1, &fails.outcome(5, ms(100), Verdict::retry()));
    let gave_up = gave_up(&timeline);
    assert_eq!(gave_up.at, at(100));
    assert_eq!(gave_up.reason, Reason::Attempts);
    assert_eq!(gave_up.last, Some(5));
}

/// Fault O9: go-zero #5011, a throttle that counts a request when it has ended lets all of a rush through.
#[test]
fn a_first_send_is_counted_when_it_is_sent_and_a_retry_when_it_is_promised() {
    let budget = Budget::new(1.0).with_reserve(0);
    let policy = Policy::constant(SECOND).jitter(Jitter::None).attempts(9);
    let mut call = Call::new(&policy, &budget, at(0), 1);
    let _ = call.poll(at(0));
    assert_eq!(budget.state(at(0)).firsts, 1, "in flight");
    assert_eq!(budget.state(at(0)).charged, 0, "in flight");
    call.handle(at(5), 1, Verdict::retry());
    assert_eq!(budget.state(at(5)).firsts, 1, "waiting");
    assert_eq!(budget.state(at(5)).charged, 1, "waiting");
    assert!(budget.reserve(at(5), &RETRY).is_err());
}
