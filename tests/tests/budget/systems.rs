//! Finagle's and tower's numbers, and tower's fault.

use core::time::Duration;
use insist_tests::by_hand::RETRY;

use insist_core::Budget;

use super::{at, retries, send};
use insist_core::Gate;

/// FI1 - FI9: after 10,000 deposits, pct × 10,000 withdrawals. Finagle's 0.0001 is below insist's least ratio, and its
/// `Empty` and `Infinite` are no budget but `attempts(1)` and the gate `()`. Its limits for the window (1 s to 60 s)
/// are not insist's: here only what is shorter than a millisecond a slot is refused.
#[test]
fn finagles_shares_come_out() {
    for (share, expected) in [(0.1, 1000), (0.5, 5000), (0.25, 2500), (0.75, 7500), (0.99, 9900), (2.0, 20_000)] {
        let budget = Budget::new(share).with_reserve(0);
        send(&budget, at(0), 10_000);
        assert_eq!(budget.state(at(0)).left, expected);
        assert_eq!(retries(&budget, at(0)), expected, "{share}");
    }
    assert!(Budget::new(0.0001).validate().is_err());
}

/// FI: the reserve comes on top (10 a second for 10 s there).
#[test]
fn the_reserve_comes_on_top() {
    let budget = Budget::new(0.2).with_reserve(100);
    send(&budget, at(0), 1000);
    assert_eq!(retries(&budget, at(0)), 300);
}

/// TW2.
#[test]
fn a_deposit_leaves_the_window() {
    let budget = Budget::new(1.0).with_reserve(0).window(Duration::from_secs(2));
    send(&budget, at(0), 1);
    assert!(budget.reserve(at(3000), &RETRY).is_err());
}

/// TW4: five a second over a second.
#[test]
fn the_reserve_is_used_up() {
    let budget = Budget::new(1.0).with_reserve(5).window(Duration::from_secs(1));
    assert_eq!(retries(&budget, at(0)), 5);
    assert_eq!(budget.reserve(at(0), &RETRY).unwrap_err().reason(), "budget is used up");
}

/// Tower's budget truncates one over the ratio: 0.3 gives 33 %, 0.4 gives 50 %, and anything above a half gives 100 %.
#[test]
fn a_ratio_is_not_truncated() {
    for (ratio, expected) in [(0.3, 3000), (0.4, 4000), (0.51, 5100), (0.6, 6000), (0.75, 7500), (0.9, 9000)] {
        let budget = Budget::new(ratio).with_reserve(0);
        send(&budget, at(0), 10_000);
        assert_eq!(retries(&budget, at(0)), expected, "{ratio}");
    }
}
