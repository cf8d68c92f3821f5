//! AWS: the preset, the quota of its SDKs' standard mode, and where that runs dry.
//!
//! The quota runs dry at about 22 % failures, and at about 32 % throttling, with three attempts. The drift of the
//! tokens is (1 - p) - c p²(1 - p) - 2 c p³ for each call: 0 at p = 0.2149 for a cost of 14, at 0.3207 for one of 5 and
//! at 0.246 for one of 10. Below it the quota is next to never dry, above it again and again.

mod botocore;
pub(crate) mod rates;
mod smithy;

use std::time::Duration;

use insist_core::{Instant, Jitter, Policy, Reason, RetryQuota, Verdict};
use insist_tests::words::{RETRY, THROTTLED, at, fails_every_time, gave_up, ms, sends};

use crate::draws::assert_ranges;
use crate::hand::{Hand, played};

/// As far as they go before the cap, and two more.
const MOST: [u64; 11] = [50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000];

#[test]
fn each_wait_is_drawn_from_zero_up_to_twice_as_much_and_no_more_than_the_cap() {
    assert_eq!(Policy::aws().get_jitter(), Jitter::Full);
    assert_eq!(Policy::aws().get_cap(), Some(ms(20_000)));
    assert_ranges(&Policy::aws().attempts(12), &MOST.map(|most| (Duration::ZERO, ms(most))));
}

#[test]
fn it_makes_three_sends() {
    let failed = fails_every_time(&Policy::aws(), 7);
    assert_eq!(sends(&failed).len(), 3);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(Policy::aws().delays(7).count(), 2);
    assert_eq!(Policy::aws().get_lanes(), 1);
    assert_eq!(Policy::aws().get_deadline(), None);
}

/// 1 s, 2 s, 4 s … to 20 s where it was throttled, and 50 ms × 2^n for the others, whatever came before.
#[test]
fn where_it_is_throttled_it_starts_from_a_second() {
    let policy = Policy::aws().attempts(12).jitter(Jitter::None);
    let (mut throttled, mut mixed) = (Hand::new(&policy, ()), Hand::new(&policy, ()));
    for wait in [1000, 2000, 4000, 8000, 16_000, 20_000, 20_000] {
        assert_eq!(throttled.fail(THROTTLED), Ok(ms(wait)));
    }
    for (failure, wait) in [(RETRY, 50), (THROTTLED, 2000), (RETRY, 200), (THROTTLED, 8000)] {
        assert_eq!(mixed.fail(failure), Ok(ms(wait)));
    }
    // With jitter the draw is the same share of another range.
    let spread = Policy::aws().attempts(2);
    let waits = |failure| Hand::new(&spread, ()).fail(failure).unwrap().as_nanos();
    assert!((waits(THROTTLED) / waits(RETRY)).abs_diff(20) <= 1);
}

/// Holds what a retry costs, by what it comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Costs {
    /// After any other failure.
    pub(crate) transient: u32,
    /// After a timeout.
    pub(crate) timeout: u32,
    /// After the server said that it has too much to do.
    pub(crate) throttled: u32,
}

impl Costs {
    /// The first standard mode: 5, and 10 after a timeout.
    pub(crate) const V2_0: Self = Self { transient: 5, timeout: 10, throttled: 5 };
    /// The second: 14, and 5 where it was throttled.
    pub(crate) const V2_1: Self = Self { transient: 14, timeout: 14, throttled: 5 };
}

/// A full quota of so many tokens.
pub(crate) const fn quota(costs: Costs, tokens: u32) -> RetryQuota {
    let Costs { transient, timeout, throttled } = costs;
    RetryQuota::new(tokens).cost(transient).timeout_cost(timeout).throttled_cost(throttled)
}

/// Returns how many whole tokens are there.
pub(crate) fn available(quota: &RetryQuota, now: Instant) -> u32 {
    quota.state(now).tokens as u32
}

/// The share of the calls that find less than a retry costs, of the last 40,000 of 50,000 whose attempts fail like this
/// with this probability.
fn dry(costs: Costs, failure: Verdict, p: f64) -> f64 {
    let (quota, policy) = (quota(costs, 500), Policy::zero());
    let cost = if failure == THROTTLED { costs.throttled } else { costs.transient };
    let (mut random, mut dry) = (fastrand::Rng::with_seed(7), 0);
    for number in 0..50_000 {
        dry += u32::from(number >= 10_000 && available(&quota, at(0)) < cost);
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
