//! tower's retry budget and its hedge.
//!
//! TW2, TW4 and the ratios that it truncates are in `tests/budget/systems.rs`. Not here: its percentiles, because insist
//! is told how long to wait before a hedge and does not measure.

use std::time::Duration;

use insist_core::{Action, AttemptEnd, Budget, Cause, Gate, Policy, Verdict, play};
use insist_tests::by_hand::{at, ms};

use crate::{RETRY, played, script, sends};

const FAILED: Cause = Cause::retry(AttemptEnd::Timeout);

const SECOND: Duration = Duration::from_secs(1);

/// `tps_empty`.
#[test]
fn nothing_was_sent_so_nothing_is_retried() {
    let budget = Budget::new(1.0).with_reserve(0).window(SECOND);
    assert!(budget.reserve(at(0), &FAILED).is_err());
}

/// `tps_slots`. Two requests are one retry, within a second.
#[test]
fn a_request_counts_until_its_slot_leaves_the_window() {
    let budget = Budget::new(0.5).with_reserve(0).window(SECOND);
    let send = |millis| budget.admit(at(millis), &Cause::FIRST);
    let retry = |millis| budget.reserve(at(millis), &FAILED).is_ok();
    send(0);
    send(0);
    assert!(retry(901));
    assert!(!retry(901));

    send(2902);
    send(3203);
    assert!(retry(3203), "both count");
    budget.refund(at(3203), &FAILED, at(3203));
    send(4004);
    assert!(retry(4004), "the first is out of the window, the second and the third count");
    assert!(!retry(4004));
}

/// tower's hedge takes whatever completes first, an error too; insist takes the first success (law 5).
#[test]
fn an_error_of_a_hedge_does_not_win() {
    let policy = Policy::stop().attempts(2).lanes(2).hedge_after(ms(50));
    let timeline =
        play(&policy, 7, &script(ms(30), &[]).outcome(2, ms(10), RETRY).outcome(1, ms(100), Verdict::Accept));
    assert_eq!(sends(&timeline), [0, 50].map(at));
    assert_eq!(timeline.steps.last().map(|step| (step.at, step.action)), Some((at(100), Action::Return(1))));
}

/// tower's backoff from 50 ms on has no cap unless one is set; insist's is 10 s.
#[test]
fn a_backoff_that_grows_has_a_cap_by_itself() {
    let policy = Policy::exponential(ms(50)).jitter(insist_core::Jitter::None).attempts(40);
    assert_eq!(policy.delays(7).last(), Some(SECOND * 10));
    assert_eq!(sends(&played(&policy, &(), &[RETRY; 40])).len(), 40);
}
