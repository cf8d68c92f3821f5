//! AWS: the preset, the quota of its SDKs' standard mode, and where that runs dry.
//!
//! The quota runs dry at about 22 % failures, and at about 32 % throttling, with three attempts. The drift of the
//! tokens is (1 - p) - c p²(1 - p) - 2 c p³ for each call: 0 at p = 0.2149 for a cost of 14, at 0.3207 for one of 5 and
//! at 0.246 for one of 10. Below it the quota is next to never dry, above it again and again.

mod botocore;
pub(crate) mod rates;
mod smithy;

use std::sync::Mutex;
use std::time::Duration;

use insist_core::{
    AttemptEnd, Cause, Factor, Gate, Instant, Jitter, Kind, Policy, Reason, Refusal, Settled, Shape, Verdict,
};
use insist_tests::words::{RETRY, THROTTLED, at, fails_every_time, gave_up, ms, sends};

use crate::draws::assert_ranges;
use crate::hand::{lock, played, seconds};

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

#[test]
fn where_it_is_throttled_it_starts_from_a_second() {
    let throttled = Policy::aws().shape(Shape::Exponential { base: ms(1000), factor: Factor::DOUBLE });
    let most = [1000, 2000, 4000, 8000, 16_000, 20_000];
    assert_ranges(&throttled.attempts(7), &most.map(|most| (Duration::ZERO, ms(most))));
}

/// What a retry costs, by what it comes after.
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

    /// AWS does not hedge; a hedge costs as much as a retry after any other failure.
    const fn of(self, cause: &Cause) -> u32 {
        match cause.after() {
            Some(AttemptEnd::Retry(failure)) if failure.throttled => self.throttled,
            Some(AttemptEnd::Timeout) => self.timeout,
            _ => self.transient,
        }
    }
}

/// The tokens that all calls to a service share. 500 at the start and at most; a first send that succeeds gives one.
#[derive(Debug)]
pub(crate) struct RetryQuota {
    costs: Costs,
    capacity: f64,
    reward: f64,
    refill: f64,
    tokens: Mutex<Tokens>,
}

#[derive(Debug)]
struct Tokens {
    available: f64,
    at: f64,
}

impl RetryQuota {
    /// A full quota of 500.
    #[must_use]
    pub(crate) const fn new(costs: Costs) -> Self {
        Self {
            costs,
            capacity: 500.0,
            reward: 1.0,
            refill: 0.0,
            tokens: Mutex::new(Tokens { available: 500.0, at: 0.0 }),
        }
    }

    /// A full quota of so many tokens.
    #[must_use]
    pub(crate) fn capacity(mut self, tokens: u32) -> Self {
        self.capacity = f64::from(tokens);
        self.tokens = Mutex::new(Tokens { available: self.capacity, at: 0.0 });
        self
    }

    /// What is there now, if it is not full.
    #[must_use]
    pub(crate) fn holding(self, tokens: u32) -> Self {
        lock(&self.tokens).available = f64::from(tokens);
        self
    }

    /// What a first send that succeeds gives. Default 1.
    #[must_use]
    pub(crate) const fn reward(mut self, tokens: f64) -> Self {
        self.reward = tokens;
        self
    }

    /// So many tokens come back every second. Default 0.
    #[must_use]
    pub(crate) const fn refill(mut self, a_second: f64) -> Self {
        self.refill = a_second;
        self
    }

    /// The tokens that are there, parts of one included.
    #[must_use]
    pub(crate) fn tokens(&self, now: Instant) -> f64 {
        self.change(now, |_| {})
    }

    /// How many whole tokens are there.
    #[must_use]
    pub(crate) fn available(&self, now: Instant) -> u32 {
        self.tokens(now) as u32
    }

    /// Takes so many tokens, or none if they are not there.
    pub(crate) fn take(&self, now: Instant, tokens: u32) -> bool {
        let mut taken = false;
        self.change(now, |available| {
            // What a refill adds up to is a little less than the whole that it means.
            taken = *available + 1e-9 >= f64::from(tokens);
            if taken {
                *available = (*available - f64::from(tokens)).max(0.0);
            }
        });
        taken
    }

    fn give(&self, now: Instant, tokens: f64) {
        self.change(now, |available| *available += tokens);
    }

    /// What is above the capacity is cut before anything is made of it.
    fn change(&self, now: Instant, change: impl FnOnce(&mut f64)) -> f64 {
        let mut tokens = lock(&self.tokens);
        let passed = (seconds(now) - tokens.at).max(0.0);
        tokens.at += passed;
        tokens.available = (tokens.available + passed * self.refill).min(self.capacity);
        change(&mut tokens.available);
        tokens.available
    }
}

impl Gate for RetryQuota {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        if self.take(now, self.costs.of(cause)) { Ok(()) } else { Err(Refusal::new(&"retry quota is used up")) }
    }

    fn refund(&self, now: Instant, cause: &Cause, _: Instant) {
        self.give(now, self.costs.of(cause).into());
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Settled::Ended(AttemptEnd::Accept, _) = settled {
            self.give(now, if cause.kind == Kind::First { self.reward } else { self.costs.of(cause).into() });
        }
    }
}

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
