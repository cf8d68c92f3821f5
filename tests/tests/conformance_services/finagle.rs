//! Finagle's `RetryBudgetTest`, as calls that fail once.
//!
//! FI1 - FI9 with all requests before the first retry are in `tests/budget/systems.rs`. Not here: negative percentages and
//! rates, because the one is refused as any ratio below 0.001 and the other is no number that a reserve can have.

use std::time::Duration;

use insist_core::{Budget, BudgetError, Gate, Policy, Reason};

use crate::{RETRY, gave_up, played, sends};

/// So many calls fail, one after the other at one instant: how many retry.
fn retries(gate: &impl Gate, calls: u32) -> usize {
    let policy = Policy::zero().attempts(2);
    (0..calls).map(|_| sends(&played(&policy, gate, &[RETRY; 2])).len() - 1).sum()
}

/// FI1 - FI9: a retry after each request, as far as the share allows, ± 1.
#[test]
fn a_share_of_ten_thousand_calls_retries() {
    for share in [0.1, 0.5, 0.25, 0.75, 0.99, 0.999, 0.9999, 0.01, 0.001] {
        let expected = (share * 10_000.0) as usize;
        let retried = retries(&Budget::new(share).with_reserve(0), 10_000);
        assert!(retried.abs_diff(expected) <= 1, "{retried} of {expected}");
    }
}

/// FI1 - FI9: a rate of 10 in 1 s, and of 5 in 2 s, are a reserve of 10.
#[test]
fn the_least_rate_comes_on_top() {
    let window = |seconds, share| Budget::new(share).with_reserve(10).window(Duration::from_secs(seconds));
    assert_eq!(retries(&window(1, 0.1), 10_000), 1010);
    assert_eq!(retries(&window(2, 0.5), 10_000), 5010);
}

/// FI1 - FI9, `Empty`: insist has no budget of nothing. A policy of one attempt is one, and a ratio of 0 is refused.
#[test]
fn a_budget_of_nothing_is_a_policy_of_one_attempt() {
    let failed = played(&Policy::zero().attempts(1), &(), &[RETRY]);
    assert_eq!((sends(&failed).len(), gave_up(&failed).0), (1, Reason::Attempts));
    let empty = Budget::new(0.0).with_reserve(0);
    assert_eq!((empty.validate(), retries(&empty, 100)), (Err(BudgetError::Ratio), 0));
}

/// FI1 - FI9, `Infinite`: no gate.
#[test]
fn without_a_budget_every_call_retries() {
    assert_eq!(retries(&(), 1000), 1000);
}

/// FI1 - FI9: a window of 0 is refused, as Finagle does. Finagle refuses 61 s too; insist has no longest window, because ten slots
/// cover any.
#[test]
fn a_window_has_a_least_and_no_most() {
    let window = |window| Budget::new(0.1).window(window).validate();
    assert_eq!(window(Duration::ZERO), Err(BudgetError::Window { window: Duration::ZERO }));
    assert_eq!(window(Duration::from_secs(61)), Ok(()));
}
