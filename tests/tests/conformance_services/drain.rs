//! Where AWS's quota runs dry: at about 22 % failures, and at about 32 % throttling, with three attempts.
//!
//! The drift of the tokens is (1 - p) - c p²(1 - p) - 2 c p³ for each call: 0 at p = 0.2149 for a cost of 14, at 0.3207 for
//! one of 5 and at 0.246 for one of 10. Below it the quota is next to never dry, above it again and again.

use insist_core::{Policy, Verdict};
use insist_tests::by_hand::at;
use insist_tests::throttle::{Costs, RetryQuota};

use crate::{RETRY, THROTTLED, played};

/// The share of the calls that find less than a retry costs, of the last 40,000 of 50,000 whose attempts fail like this
/// with this probability.
fn dry(costs: Costs, failure: Verdict, p: f64) -> f64 {
    let (quota, policy) = (RetryQuota::new(costs), Policy::zero());
    let cost = if failure == THROTTLED { costs.throttled } else { costs.transient };
    let (mut random, mut dry) = (fastrand::Rng::with_seed(7), 0);
    for number in 0..50_000 {
        dry += u32::from(number >= 10_000 && quota.available(at(0)) < cost);
        let verdicts = [0; 3].map(|_| if random.f64() < p { failure } else { Verdict::Accept });
        let _ = played(&policy, &quota, &verdicts);
    }
    f64::from(dry) / 40_000.0
}

/// c = 14.
#[test]
fn transient_failures_drain_it_above_a_fifth() {
    assert!(dry(Costs::V2_1, RETRY, 0.20) < 0.001);
    assert!(dry(Costs::V2_1, RETRY, 0.23) > 0.02);
}

/// c = 5.
#[test]
fn throttling_drains_it_above_a_third() {
    assert!(dry(Costs::V2_1, THROTTLED, 0.31) < 0.001);
    assert!(dry(Costs::V2_1, THROTTLED, 0.33) > 0.02);
}

/// c = 10, as 2.0 charges for timeouts.
#[test]
fn timeouts_of_2_0_drain_it_above_a_quarter() {
    let costs = Costs { transient: 10, ..Costs::V2_0 };
    assert!(dry(costs, RETRY, 0.23) < 0.001);
    assert!(dry(costs, RETRY, 0.26) > 0.02);
}
