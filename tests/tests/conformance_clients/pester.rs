//! Pester (github.com/sethgrid/pester).
//!
//! P1, P3, P5 and P7 are in `tests/pester/conformance.rs`, over the wire, P11 in `tests/pester/cancel.rs` and P13 in
//! `tests/pester/log.rs`; P1, P5, P9 and P11 are in `tests/presets/pester.rs`, in virtual time. Here is the rest of its
//! suite. Left out: cookies and bodies, which are ureq's and in `adapters/ureq/tests`.

use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{Action, Call, CancelReason, Decision, Event, Jitter, Policy, Reason, Timeline, play};
use insist_http::Rules;
use insist_tests::by_hand::{at, cancel, ms};

use super::{RETRY, always, answered, cancels, drawn, end, gave_up, secs, sends};

/// Three lanes, five attempts each.
const FIVE_EACH: Policy = Policy::pester().lanes(3).lane_attempts(5);

fn answering(policy: &Policy, rules: &Rules, status: u16) -> Timeline {
    play(policy, 7, &always(answered(rules, status)))
}

/// TestMaxRetriesConcurrentRequestsWith429: 3 × 5. There a flag asks for it; here 429 is retried by default.
#[test]
fn three_lanes_of_five_attempts_fail_fifteen_times_with_429() {
    let timeline = answering(&FIVE_EACH, &Rules::new(), 429);
    let expected: Vec<u64> = (0..15).map(|number| number / 3 * 1_000).collect();
    assert_eq!((sends(&timeline), gave_up(&timeline).0), (expected, Reason::Attempts));
}

/// TestConcurrentRequestsWith429DefaultClient and TestMaxRetriesConcurrentRequestsWith429DefaultClient: no failure is
/// counted where 429 is the result.
#[test]
fn a_429_that_is_not_retried_is_the_result_of_the_race() {
    for policy in [Policy::pester().lanes(3), FIVE_EACH] {
        let timeline = answering(&policy, &Rules::new().no_retry_status(429), 429);
        assert_eq!((sends(&timeline), cancels(&timeline)), (vec![0; 3], vec![2, 3]));
        assert_eq!(end(&timeline), (at(0), Action::Return(1)));
    }
}

/// TestMaxRetriesConcurrentRequestsWith400.
#[test]
fn a_400_is_the_result_of_the_race() {
    let timeline = answering(&FIVE_EACH, &Rules::new(), 400);
    assert_eq!((sends(&timeline), end(&timeline).1), (vec![0; 3], Action::Return(1)));
}

/// TestConcurrent2Retry0: no retries in two lanes are two failures.
#[test]
fn two_lanes_without_retries_fail_twice() {
    let timeline = play(&Policy::pester().lanes(2).lane_attempts(1), 7, &always(RETRY));
    assert_eq!((sends(&timeline), gave_up(&timeline)), (vec![0; 2], (Reason::Attempts, Some(2))));
}

/// TestExponentialBackoff: 2, 4 and 8 seconds between four attempts.
#[test]
fn exponential_seconds_start_with_two() {
    let policy = Policy::exponential(secs(2)).jitter(Jitter::None).attempts(4);
    assert_eq!(sends(&play(&policy, 7, &always(RETRY))), [0, 2_000, 6_000, 14_000]);
}

/// TestLinearJitterBackoff: a second more each time, ± a third.
#[test]
fn linear_seconds_are_spread_by_a_third() {
    const SEEDS: u64 = 4_000;
    let policy = Policy::linear(secs(1)).jitter(Jitter::fraction(1.0 / 3.0)).attempts(4);
    for number in 1..=3 {
        let drawn = drawn(&policy, number, SEEDS);
        let delay = secs(number as u64);
        let (least, most) = (drawn[0], drawn[drawn.len() - 1]);
        assert!(delay * 2 / 3 <= least && least < delay * 2 / 3 + delay / 100, "{least:?}");
        assert!(delay * 4 / 3 >= most && most > delay * 4 / 3 - delay / 100, "{most:?}");
    }
}

/// TestRetriesNotAttemptedIfContextIsCancelled: the one attempt was in flight.
#[test]
fn a_call_that_is_cancelled_while_its_attempt_is_in_flight_makes_no_other() {
    let policy = Policy::pester().lane_attempts(10);
    let mut call = Call::new(&policy, &(), at(0), 7);
    assert!(matches!(call.poll(at(0)), Action::Send(attempt) if attempt.id == 1));
    assert!(matches!(call.poll(at(0)), Action::Wait { until: None, .. }));
    call.cancel(at(1));
    assert_eq!(call.poll(at(1)), cancel(1, CancelReason::Cancelled));
    assert!(matches!(call.poll(at(1)), Action::GiveUp(stop) if stop.reason() == Reason::Cancelled));
    assert_eq!(call.state().attempts(), 1);
    assert!(call.is_over());
}

/// TestCustomLogHook and TestDefaultLogHook: five attempts are five failures for a hook, and nothing is printed without
/// one.
#[test]
fn a_hook_sees_each_failure_once() {
    let policy = Policy::constant(Duration::from_micros(10)).jitter(Jitter::None).attempts(5);
    let (clock, mut failures) = (VirtualClock::new(), Vec::new());
    let hook = |event: &Event<'_, (), &str>| match &event.decision {
        Decision::Judged(judged) if judged.error().is_some() => failures.push(judged.attempt),
        _ => {}
    };
    let result = retry(&policy, |_| Err::<(), _>("connection refused")).clock(&clock).notify(hook).try_call();
    assert_eq!(result.unwrap_err().last, Some(Err("connection refused")));
    assert_eq!(failures, [1, 2, 3, 4, 5]);
    assert_eq!(clock.elapsed(), Duration::from_micros(40));
}

/// TestEmbeddedClientTimeout: what takes longer than the attempt timeout is a failure like any other.
#[test]
fn an_attempt_that_takes_too_long_is_cancelled_and_sent_again() {
    let policy = Policy::pester().attempt_timeout(ms(10));
    let timeline = play(&policy, 7, &insist_core::Script::new());
    assert_eq!((sends(&timeline), cancels(&timeline)), (vec![0, 1_010, 2_020], vec![1, 2, 3]));
    // A timeout has no result to hand back.
    assert_eq!(gave_up(&timeline), (Reason::Attempts, None));
}
