//! The faults of backon.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{
    Action, AtEnd, CancelReason, Jitter, List, Policy, PolicyError, Reason, RetryContext, Script, Verdict, play,
};
use insist_futures::VirtualTimer;
use insist_tests::by_hand::cancel;
use insist_tests::words::{LONGEST, SECOND, at, end, failing, gave_up, ms, secs, sends};

use crate::draws::{EVERY_JITTER, doubling, endless, every_shape, first, plain};

/// Fault R5: the recipe for Retry-After in backon's documentation let a call go on when no retry was left.
#[test]
fn a_hint_brings_back_no_attempt_that_is_not_left() {
    let list = Policy::list(List::new(&[ms(1), ms(1)]), AtEnd::Stop).attempts(100);
    for policy in [Policy::zero().attempts(3), Policy::zero().lane_attempts(3).attempts(100), list] {
        for verdict in [Verdict::retry().after(SECOND), Verdict::retry().exactly_after(SECOND)] {
            let script = (1..=100).fold(Script::new(), |script, id| script.outcome(id, ms(1), verdict));
            assert_eq!(sends(&play(&policy, 1, &script)).len(), 3, "{policy:?}");
        }
    }
}

/// Fault R6: backon 1.6 added its jitter after the cap, and waited 4 s where at most 2 were allowed.
#[test]
fn jitter_lifts_no_wait_above_the_cap() {
    for jitter in EVERY_JITTER {
        for policy in every_shape(SECOND) {
            let policy = endless(policy.cap(secs(2)).jitter(jitter));
            let longest = (0..100).flat_map(|seed| policy.delays(seed).take(20)).max().unwrap();
            assert!(longest <= secs(2), "{policy:?}");
        }
    }
}

/// Fault R7: backon 1.6 capped all delays but the first.
#[test]
fn the_first_wait_is_capped_too() {
    for policy in every_shape(secs(10)) {
        for jitter in EVERY_JITTER {
            let policy = endless(policy.cap(secs(2)).jitter(jitter));
            assert!((0..100).all(|seed| policy.delays(seed).next().unwrap() <= secs(2)), "{policy:?}");
        }
    }
    assert_eq!(first(&plain(Policy::exponential(secs(10)).cap(secs(2)))), [secs(2); 2]);
}

/// Fault R8: backon 1.6 panicked when the sum of its delays outgrew a `Duration`.
#[test]
fn waits_that_add_up_to_more_than_all_of_time_end_the_call() {
    for deadline in [Duration::MAX, LONGEST, LONGEST - Duration::from_nanos(1)] {
        let policy = Policy::exponential(SECOND).no_cap().jitter(Jitter::None).attempts(1000).deadline(deadline);
        let timeline = play(&policy, 7, &failing(1000, SECOND));
        let Action::GiveUp(stop) = end(&timeline).1 else { panic!("{timeline}") };
        assert!(matches!(stop.reason(), Reason::Backoff | Reason::Deadline), "{timeline}");
        assert!((30..40).contains(&sends(&timeline).len()), "{timeline}");
    }
}

/// Fault R9: backon 1.6 gave delays again after it had ended, if a smaller one was drawn.
#[test]
fn a_backoff_that_has_ended_stays_ended() {
    let capped = Policy::exponential(ms(10)).cap_that_stops(ms(80)).unlimited_attempts();
    let list = Policy::list(List::new(&[ms(10)]), AtEnd::Stop).unlimited_attempts();
    for policy in [capped, capped.jitter(Jitter::Equal), list, Policy::stop(), Policy::zero().attempts(2)] {
        for seed in 0..200 {
            let mut delays = policy.delays(seed);
            let count = delays.by_ref().count();
            assert!(count < 1000 && (0..100).all(|_| delays.next().is_none()), "{policy:?}");
            let timeline = play(&policy, seed, &failing(2000, ms(1)));
            assert_eq!(sends(&timeline).len(), count + 1, "{policy:?}");
        }
    }
    let odd = Policy::new(|retry: RetryContext| (retry.number != 3).then_some(ms(1))).attempts(10);
    assert_eq!(odd.delays(1).count(), 2);
    assert_eq!(sends(&play(&odd, 1, &failing(10, ms(1)))).len(), 3);
}

/// Fault R11: backon 1.6 went beyond the cap with Fibonacci numbers, spread them by the least delay, and overflowed.
#[test]
fn fibonacci_waits_stay_at_their_cap_and_are_spread_by_what_they_are() {
    assert_eq!(first(&plain(Policy::fibonacci(SECOND).cap(secs(4)))), [1, 1, 2, 3, 4, 4, 4].map(secs));
    let spread = endless(Policy::fibonacci(SECOND));
    let fifth: Vec<_> = (0..100).map(|seed| spread.delays(seed).nth(4).unwrap()).collect();
    assert!(fifth.iter().all(|delay| *delay <= secs(5)));
    assert!(fifth.iter().filter(|delay| **delay > secs(2)).count() > 40, "{fifth:?}");
    assert_eq!(plain(Policy::fibonacci(SECOND).no_cap()).delays(1).nth(10_000), Some(LONGEST));
}

/// Fault R12: backon 1.6 counts in `f32`, and twice 100 ms were 200.000003 ms.
#[test]
fn doubling_is_exact_to_the_nanosecond() {
    let delays: [_; 36] = first(&plain(Policy::exponential(ms(100)).no_cap()));
    for (doublings, delay) in delays.into_iter().enumerate() {
        assert_eq!(delay, ms(100 << doublings));
    }
    assert_eq!(first(&plain(Policy::exponential(ms(100)).factor(1.5))), [100, 150, 225].map(ms));
}

/// Fault R10: the "total delay" of backon 1.6 counts its waits, not the attempts between them.
#[test]
fn thirty_seconds_are_thirty_seconds_however_long_attempts_take() {
    let policy = Policy::constant(SECOND).jitter(Jitter::None).unlimited_attempts().deadline(secs(30));
    let timeline = play(&policy, 1, &failing(100, secs(15)));
    assert_eq!(sends(&timeline), [at(0), at(16_000)]);
    let gave_up = gave_up(&timeline);
    assert_eq!(gave_up.at, at(30_000));
    assert_eq!(gave_up.reason, Reason::Deadline);
    assert!(timeline.steps.iter().any(|step| step.action == cancel(2, CancelReason::Deadline)), "{timeline}");
}

/// Fault R13: with a factor of −1 backon 1.6 waited as long as its cap, and NaN was as good as any number.
#[test]
fn a_factor_that_makes_no_sense_is_refused_by_name() {
    for factor in [-1.0, 0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2.0_f64.powi(64)] {
        let policy = Policy::exponential(SECOND).factor(factor);
        assert_eq!(policy.validate(), Err(PolicyError::Factor), "{factor}");
        let mut runs = 0;
        let gave_up = retry(&policy, |_| {
            runs += 1;
            Err::<(), &str>("down")
        });
        let gave_up = gave_up.try_call().unwrap_err();
        assert_eq!(gave_up.reason, Reason::Invalid);
        assert_eq!(runs, 0);
        assert!(gave_up.to_string().ends_with("factor is not a number above 0 and below 2^64"), "{gave_up}");
    }
    assert_eq!(Policy::exponential(SECOND).factor(0.5).validate(), Ok(()));
}

/// Fault R14: backon 1.6 began all calls with one seed where there is no std. R32: tower 0.5 gave each session the
/// same.
#[test]
fn calls_of_one_policy_do_not_wait_in_step() {
    let policy = Policy::constant(SECOND).jitter(Jitter::Full);
    let waited: BTreeSet<_> = (0..200)
        .map(|_| {
            let clock = VirtualClock::new();
            retry(&policy, |_| Err::<(), _>("down")).clock(&clock).call().unwrap_err();
            clock.elapsed()
        })
        .collect();
    assert_eq!(waited.len(), 200);
}

/// Fault Xuanwo/backon #49: an async operation could not borrow what it changes.
#[test]
fn an_async_closure_may_borrow_what_it_captured() {
    let (timer, policy, lines) = (VirtualTimer::new(), Policy::zero(), RefCell::new(vec!["42", "", "x"]));
    let call = insist_futures::retry_local(timer.clone(), &policy, async |_| {
        let line = lines.borrow_mut().pop().unwrap();
        timer.sleep(SECOND).await;
        line.parse::<u32>()
    });
    assert_eq!(timer.block_on(call.try_call()).unwrap(), 42);
    assert!(lines.borrow().is_empty());
}

/// Fault Xuanwo/backon #242: whether a success had taken retries could not be told.
#[test]
fn a_success_tells_how_many_attempts_it_took() {
    let (clock, policy) = (VirtualClock::new(), doubling(3));
    for attempts in 1..=3 {
        let call = retry(&policy, |attempt| if attempt.id < attempts { Err("down") } else { Ok("up") });
        let (result, report) = call.clock(&clock).report();
        assert_eq!(result.unwrap(), "up");
        assert_eq!(report.attempts, attempts);
        assert_eq!(report.retries, attempts - 1);
    }
}

/// Fault Xuanwo/backon #144: only an error could be retried, and not a value that will not do.
#[test]
fn a_value_that_will_not_do_is_retried_and_is_the_last_result() {
    let (clock, policy) = (VirtualClock::new(), doubling(3));
    let call = retry(&policy, |attempt| Ok::<_, ()>((attempt.id == 9).then_some(ms(1))));
    let judge = |outcome: &Result<Option<_>, ()>| match outcome {
        Ok(Some(_)) => Verdict::Accept,
        _ => Verdict::retry(),
    };
    let gave_up = call.judge(judge).clock(&clock).report().0.unwrap_err();
    assert_eq!(gave_up.attempts, 3);
    assert_eq!(gave_up.last, Some(Ok(None)));
}
