//! Finagle's `RetryBudgetTest`: as calls that fail once, and with all requests before the first retry.
//!
//! Not here: negative percentages and rates, because the one is refused as any ratio below 0.001 and the other is no
//! number that a reserve can have.

use std::time::Duration;

use insist_core::{Budget, BudgetError, Gate, Policy, Reason};
use insist_tests::words::{RETRY, at, gave_up, retries_left, send_firsts, sends};

use crate::hand::played;

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
    assert_eq!(sends(&failed).len(), 1);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    let empty = Budget::new(0.0).with_reserve(0);
    assert_eq!(empty.validate(), Err(BudgetError::Ratio));
    assert_eq!(retries(&empty, 100), 0);
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

/// FI1 - FI9: after 10,000 deposits, pct × 10,000 withdrawals. Finagle's 0.0001 is below insist's least ratio, and its
/// `Empty` and `Infinite` are no budget but `attempts(1)` and the gate `()`. Its limits for the window (1 s to 60 s)
/// are not insist's: here only what is shorter than a millisecond a slot is refused.
#[test]
fn finagles_shares_come_out() {
    for (share, expected) in [(0.1, 1000), (0.5, 5000), (0.25, 2500), (0.75, 7500), (0.99, 9900), (2.0, 20_000)] {
        let budget = Budget::new(share).with_reserve(0);
        send_firsts(&budget, at(0), 10_000);
        assert_eq!(budget.state(at(0)).left, expected);
        assert_eq!(retries_left(&budget, at(0)), expected, "{share}");
    }
    assert!(Budget::new(0.0001).validate().is_err());
}

/// FI: the reserve comes on top (10 a second for 10 s there).
#[test]
fn the_reserve_comes_on_top() {
    let budget = Budget::new(0.2).with_reserve(100);
    send_firsts(&budget, at(0), 1000);
    assert_eq!(retries_left(&budget, at(0)), 300);
}
