//! A judge that asks for it is told the number of the attempt whose outcome it judges, on every path of both drivers.

use std::cell::RefCell;

use insist_blocking::{VirtualClock, retry};
use insist_core::{Attempt, NoOutcome, Numbered, Policy, Reason, Verdict};
use insist_futures::VirtualTimer;
use insist_tests::words::ms;

/// With a machine from the start, and without one while it can be.
const POLICIES: [Policy; 2] = [Policy::zero().attempts(4), Policy::zero().attempts(4).deadline(ms(9_000))];

/// Retries as often as it is wanted, and notes what it was told.
fn judge(told: &RefCell<Vec<(u32, u32)>>) -> impl Fn(u32, &Result<u32, NoOutcome>) -> Verdict {
    |attempt, outcome| {
        told.borrow_mut().push((attempt, *outcome.as_ref().expect("each attempt gives its own number")));
        if attempt < 3 { Verdict::retry() } else { Verdict::Stop }
    }
}

#[test]
fn a_judge_on_a_thread_is_told_the_number_of_the_attempt() {
    for policy in &POLICIES {
        let told = RefCell::default();
        let clock = VirtualClock::new();
        let ended = retry(policy, |attempt| Ok(attempt.id)).judge_with(Numbered(judge(&told))).clock(&clock).report();
        assert_eq!(ended.0.unwrap_err().reason, Reason::Stopped);
        assert_eq!(told.into_inner(), [(1, 1), (2, 2), (3, 3)]);
    }
}

#[test]
fn a_judge_in_a_future_is_told_the_number_of_the_attempt() {
    for policy in &POLICIES {
        let told = RefCell::default();
        let timer = VirtualTimer::new();
        let send = |attempt: Attempt| async move { Ok(attempt.id) };
        let call = insist_futures::retry(timer.clone(), policy, send).judge_with(Numbered(judge(&told))).report();
        assert_eq!(timer.block_on(call).0.unwrap_err().reason, Reason::Stopped);
        assert_eq!(told.into_inner(), [(1, 1), (2, 2), (3, 3)]);
    }
}
