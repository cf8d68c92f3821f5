//! How long the waits are: exact, capped, never beyond what a number holds.

use insist_blocking::{race, retry};
use insist_core::{Action, AtEnd, Jitter, List, Policy, Reason, RetryContext, Verdict, play};
use std::time::Duration;

use crate::{EVERY_JITTER, SECOND, end, endless, failing, ms, secs, sent_at};

/// The longest delay that the machine counts with: 584 years.
const LONGEST: Duration = Duration::from_nanos(u64::MAX);

fn plain(policy: Policy) -> Policy {
    endless(policy).jitter(Jitter::None)
}

fn first<const N: usize>(policy: &Policy) -> [Duration; N] {
    let mut delays = policy.delays(7);
    [(); N].map(|()| delays.next().unwrap())
}

fn every_shape(base: Duration) -> [Policy; 7] {
    [
        Policy::constant(base),
        Policy::linear(base),
        Policy::exponential(base),
        Policy::exponential(base).factor(1.3),
        Policy::fibonacci(base),
        Policy::decorrelated(base),
        Policy::list(List::new(&[base, base]), AtEnd::Repeat),
    ]
}

/// R6: backon 1.6 added its jitter after the cap, and waited 4 s where at most 2 were allowed.
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

/// O3: cenkalti's backoff and gRPC spread a delay after it was capped, by up to a half and a fifth too much.
#[test]
fn the_presets_of_systems_that_exceed_their_caps_do_not() {
    for policy in [Policy::cenkalti(), Policy::grpc(), Policy::aws(), Policy::elastic()] {
        let (cap, policy) = (policy.get_cap().unwrap(), endless(policy));
        assert!((0..200).flat_map(|seed| policy.delays(seed).take(40)).all(|delay| delay <= cap), "{policy:?}");
    }
}

/// R7: backon 1.6 capped all delays but the first.
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

/// R8: backon 1.6 panicked when the sum of its delays outgrew a `Duration`.
#[test]
fn waits_that_add_up_to_more_than_all_of_time_end_the_call() {
    for deadline in [Duration::MAX, LONGEST, LONGEST - Duration::from_nanos(1)] {
        let policy = Policy::exponential(SECOND).no_cap().jitter(Jitter::None).attempts(1000).deadline(deadline);
        let timeline = play(&policy, 7, &failing(1000, SECOND));
        let Action::GiveUp(stop) = end(&timeline).1 else { panic!("{timeline}") };
        assert!(matches!(stop.reason(), Reason::Backoff | Reason::Deadline), "{timeline}");
        assert!((30..40).contains(&sent_at(&timeline).len()), "{timeline}");
    }
}

/// R9: backon 1.6 gave delays again after it had ended, if a smaller one was drawn.
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
            assert_eq!(sent_at(&timeline).len(), count + 1, "{policy:?}");
        }
    }
    let odd = Policy::new(|retry: RetryContext| (retry.number != 3).then_some(ms(1))).attempts(10);
    assert_eq!(odd.delays(1).count(), 2);
    assert_eq!(sent_at(&play(&odd, 1, &failing(10, ms(1)))).len(), 3);
}

/// R11: backon 1.6 went beyond the cap with Fibonacci numbers, spread them by the least delay, and overflowed.
#[test]
fn fibonacci_waits_stay_at_their_cap_and_are_spread_by_what_they_are() {
    assert_eq!(first(&plain(Policy::fibonacci(SECOND).cap(secs(4)))), [1, 1, 2, 3, 4, 4, 4].map(secs));
    let spread = endless(Policy::fibonacci(SECOND));
    let fifth: Vec<_> = (0..100).map(|seed| spread.delays(seed).nth(4).unwrap()).collect();
    assert!(fifth.iter().all(|delay| *delay <= secs(5)));
    assert!(fifth.iter().filter(|delay| **delay > secs(2)).count() > 40, "{fifth:?}");
    assert_eq!(plain(Policy::fibonacci(SECOND).no_cap()).delays(1).nth(10_000), Some(LONGEST));
}

/// R12: backon 1.6 counts in `f32`, and twice 100 ms were 200.000003 ms.
#[test]
fn doubling_is_exact_to_the_nanosecond() {
    let delays: [_; 36] = first(&plain(Policy::exponential(ms(100)).no_cap()));
    for (doublings, delay) in delays.into_iter().enumerate() {
        assert_eq!(delay, ms(100 << doublings));
    }
    assert_eq!(first(&plain(Policy::exponential(ms(100)).factor(1.5))), [100, 150, 225].map(ms));
}

/// R20, djc/tokio-retry #22: its base was raised to a power, so that 100 ms were followed by 10 s and 1 ms by 1 ms.
#[test]
fn a_factor_multiplies_each_wait() {
    assert_eq!(first(&plain(Policy::exponential(ms(100)))), [100, 200, 400, 800].map(ms));
    assert_eq!(first(&plain(Policy::exponential(ms(50)))), [50, 100, 200, 400].map(ms));
    assert_eq!(first(&plain(Policy::exponential(ms(1)))), [1, 2, 4, 8].map(ms));
}

/// R21: retry 2.2 counts in whole milliseconds; 900 µs were 0 and the retries spun. E7: so did elastic.
#[test]
fn a_wait_of_900_microseconds_is_900_microseconds() {
    let base = Duration::from_micros(900);
    for policy in every_shape(base) {
        assert!(plain(policy).delays(3).take(20).all(|delay| delay >= base), "{policy:?}");
    }
    assert_eq!(plain(Policy::exponential(base)).delays(3).nth(20), Some(secs(10)), "it grows up to the cap");
}

/// R21: retry 2.2 rounded down at each step, so that a factor of 1.05 never grew from 10 ms.
#[test]
fn a_wait_that_grows_by_a_twentieth_grows() {
    let delays: [_; 200] = first(&plain(Policy::exponential(ms(10)).factor(1.05).cap(secs(100))));
    assert_eq!(delays[..3], [10_000, 10_500, 11_025].map(Duration::from_micros));
    assert!(delays.windows(2).all(|two| two[0] < two[1] || two[1] == secs(100)));
    assert_eq!(delays[199], secs(100));
}

/// R25: retry-policies 0.5 multiplied a long delay by a `u32`, and panicked.
#[test]
fn the_longest_base_there_is_does_not_overflow() {
    for base in [Duration::MAX, LONGEST, LONGEST / 2, LONGEST - Duration::from_nanos(1)] {
        for policy in every_shape(base) {
            for policy in [policy.no_cap(), policy.cap(Duration::MAX), policy.cap(SECOND)] {
                assert_eq!(endless(policy).delays(1).take(200).count(), 200);
            }
        }
    }
}

/// R36: tower's own maker of backoffs has no cap.
#[test]
fn whatever_grows_has_a_cap_unless_it_is_taken_away() {
    for policy in [
        Policy::linear(SECOND),
        Policy::exponential(SECOND),
        Policy::exponential(SECOND).factor(9.0),
        Policy::fibonacci(SECOND),
        Policy::decorrelated(SECOND),
    ] {
        assert_eq!(policy.get_cap(), Some(secs(10)));
        assert!(endless(policy).delays(1).take(1000).all(|delay| delay <= secs(10)));
        assert_eq!(policy.no_cap().get_cap(), None);
    }
}

/// R40: mulligan's linear delays began at 0 and panicked where they grew too long.
#[test]
fn linear_waits_begin_at_their_base_and_never_overflow() {
    assert_eq!(first(&plain(Policy::linear(SECOND))), [1, 2, 3, 4].map(secs));
    let long = plain(Policy::linear(LONGEST / 3).no_cap());
    let third = LONGEST / 3;
    assert_eq!(first(&long), [third, third * 2, third * 3, LONGEST, LONGEST]);
}

/// E6: elastic's cap ends the retries, and its jitter decides after how many.
#[test]
fn a_cap_that_bounds_ends_no_call() {
    let policy = Policy::exponential(ms(10)).jitter(Jitter::fraction(1.0 / 3.0)).cap(secs(8)).attempts(15);
    for seed in 0..300 {
        assert_eq!(policy.delays(seed).count(), 14);
    }
}

/// E7: elastic stopped at once where the first delay was as long as the cap.
#[test]
fn a_base_as_long_as_its_cap_is_waited_for() {
    assert_eq!(first(&plain(Policy::exponential(ms(1)).cap(ms(1)))), [ms(1); 5]);
    assert_eq!(sent_at(&play(&Policy::exponential(ms(1)).cap(ms(1)).attempts(5), 1, &failing(5, ms(1)))).len(), 5);
}

/// astral-sh/uv #18201: with full jitter a first delay of next to nothing is drawn, and there was no floor to set.
#[test]
fn a_floor_holds_under_any_jitter() {
    for jitter in EVERY_JITTER {
        for policy in every_shape(SECOND) {
            let policy = endless(policy.jitter(jitter).floor(ms(300)));
            assert!((0..100).flat_map(|seed| policy.delays(seed).take(10)).all(|delay| delay >= ms(300)));
        }
    }
}

/// R29: reqwest 0.13 retries at once, as often as it may.
#[test]
fn a_policy_that_says_nothing_waits_between_attempts() {
    let policy = Policy::default().attempts(6);
    for seed in 0..100 {
        let sent = sent_at(&play(&policy, seed, &failing(6, Duration::ZERO)));
        assert!(sent.windows(2).all(|two| two[0] < two[1]));
        assert!(sent[5] > ms(200), "the five waits were drawn from up to 3.1 s");
    }
}

/// R19: tokio-retry and tokio-retry2 add the delay to the time of day, and panic if it is the longest there is.
#[test]
fn a_wait_that_no_clock_can_show_ends_the_call() {
    let policy = Policy::constant(Duration::MAX).jitter(Jitter::None);
    let gave_up = retry(&policy, |_| Err::<(), _>("down")).try_call().unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Backoff, 1, Some(Err("down"))));
    let gave_up = race(&policy.lanes(2), |_| Err::<(), _>("down")).try_call().unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Backoff, 2));

    let hinted = Policy::zero().hint_limit(Duration::MAX);
    let judged = retry(&hinted, |_| Err::<(), _>("down")).judge(|_: &_| Verdict::retry().after(Duration::MAX));
    let gave_up = judged.try_call().unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.hint), (Reason::RetryAfter, 1, Some(LONGEST)));
}
