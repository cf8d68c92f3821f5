//! The retry quota of AWS's SDKs: retries cost tokens, successes give them back.

use core::fmt;
use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::slots::AtomicU64;
use super::{Gate, Refusal, Settled};
use crate::attempt::{AttemptEnd, Cause, Kind};
use crate::time::Instant;

/// Tokens are kept in millionths.
const MILLION: u64 = 1_000_000;

/// A gate that lets retries and hedges cost tokens, which successes give back: the retry quota of the standard mode of
/// AWS's SDKs.
///
/// A retry is charged before its wait, by what it follows: a timeout may cost more than a refused connection. A retry that
/// succeeds gives back what it cost; a first send that succeeds gives the reward. When the tokens are used up, failures are
/// no longer retried until calls succeed again. First sends are never refused. Defaults, as in AWS's standard mode: a full
/// quota, a cost of 5 and of 10 after a timeout, a reward of 1, no refill.
///
/// With three attempts the quota runs dry where 32 % of the attempts fail at a cost of 5, 25 % at 10, and 21 % at 14, which
/// is what AWS's mode 2.1 charges. Beside a [`Budget`](crate::Budget) it forgets nothing: after an outage it takes
/// successes, and not time, to fill it. Sources: AWS SDKs and Tools Reference Guide, "Retry behavior"; the closed form is
/// 0 = (1 - p) - c p²(1 - p) - 2 c p³.
///
/// ```
/// use insist_core::{AttemptEnd, Cause, Gate, Instant, RetryQuota, Settled};
///
/// static QUOTA: RetryQuota = RetryQuota::new(12);
///
/// let (now, retry) = (Instant::ZERO, Cause::retry(AttemptEnd::Timeout));
/// assert!(QUOTA.reserve(now, &retry).is_ok());
/// assert_eq!(QUOTA.reserve(now, &retry).unwrap_err().reason(), "retry quota is used up");
/// QUOTA.settle(now, &retry, &Settled::Ended(AttemptEnd::Accept, now));
/// assert_eq!(QUOTA.state(now).to_string(), "12 of 12 tokens");
/// ```
#[derive(Debug)]
pub struct RetryQuota {
    capacity: u64,
    cost: u64,
    timeout_cost: u64,
    throttled_cost: u64,
    reward: u64,
    /// Millionths a second.
    refill: u64,
    tokens: AtomicU64,
    /// The instant up to which it was refilled.
    filled: AtomicU64,
}

impl Default for RetryQuota {
    fn default() -> Self {
        Self::new(500)
    }
}

impl RetryQuota {
    /// Makes a full quota of this many tokens; AWS's has 500.
    #[must_use]
    pub const fn new(tokens: u32) -> Self {
        let capacity = tokens as u64 * MILLION;
        Self {
            capacity,
            cost: 5 * MILLION,
            timeout_cost: 10 * MILLION,
            throttled_cost: 5 * MILLION,
            reward: MILLION,
            refill: 0,
            tokens: AtomicU64::new(capacity),
            filled: AtomicU64::new(0),
        }
    }

    /// Sets what it holds at the start. Default: it is full.
    #[must_use]
    pub const fn holding(mut self, tokens: u32) -> Self {
        self.tokens = AtomicU64::new(tokens as u64 * MILLION);
        self
    }

    /// Sets what a retry or a hedge costs. Default: 5.
    #[must_use]
    pub const fn cost(mut self, tokens: u32) -> Self {
        self.cost = tokens as u64 * MILLION;
        self
    }

    /// Sets what a retry costs that follows a timeout. Default: 10.
    #[must_use]
    pub const fn timeout_cost(mut self, tokens: u32) -> Self {
        self.timeout_cost = tokens as u64 * MILLION;
        self
    }

    /// Sets what a retry costs that follows an answer which was [throttled](crate::Failure::throttled). Default: 5.
    #[must_use]
    pub const fn throttled_cost(mut self, tokens: u32) -> Self {
        self.throttled_cost = tokens as u64 * MILLION;
        self
    }

    /// Sets what a first send that succeeds gives, to the millionth. Default: 1.
    #[must_use]
    pub const fn reward(mut self, tokens: f64) -> Self {
        self.reward = (tokens * MILLION as f64) as u64;
        self
    }

    /// Sets how many tokens come back every second, to the millionth. Default: none.
    #[must_use]
    pub const fn refill(mut self, tokens: f64) -> Self {
        self.refill = (tokens * MILLION as f64) as u64;
        self
    }

    /// Returns what it holds now, for a page or a metric.
    #[must_use]
    pub fn state(&self, now: Instant) -> RetryQuotaState {
        self.fill(now);
        let tokens = self.tokens.load(Acquire) as f64 / MILLION as f64;
        RetryQuotaState { tokens, capacity: (self.capacity / MILLION) as u32 }
    }

    fn cost_of(&self, cause: &Cause) -> u64 {
        match cause.after() {
            Some(AttemptEnd::Retry(failure)) if failure.throttled => self.throttled_cost,
            Some(AttemptEnd::Timeout) => self.timeout_cost,
            _ => self.cost,
        }
    }

    fn give(&self, tokens: u64) {
        let more = |held: u64| Some(held.saturating_add(tokens).min(self.capacity));
        let _ = self.tokens.fetch_update(AcqRel, Acquire, more);
    }

    /// Adds what has come back since the last time. The instant moves on by what the added tokens take, so that no part of
    /// one is lost.
    fn fill(&self, now: Instant) {
        if self.refill == 0 {
            return;
        }
        let seen = self.filled.load(Acquire);
        let passed = u128::from(now.as_nanos().saturating_sub(seen));
        let tokens = passed * u128::from(self.refill) / 1_000_000_000;
        let took = (tokens * 1_000_000_000).div_ceil(u128::from(self.refill));
        let next = seen.saturating_add(u64::try_from(took).unwrap_or(u64::MAX));
        if tokens > 0 && self.filled.compare_exchange(seen, next, AcqRel, Acquire).is_ok() {
            self.give(u64::try_from(tokens).unwrap_or(u64::MAX));
        }
    }
}

impl Gate for RetryQuota {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        if cause.kind == Kind::First {
            return Ok(());
        }
        self.fill(now);
        let cost = self.cost_of(cause);
        match self.tokens.fetch_update(AcqRel, Acquire, |held| held.checked_sub(cost)) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::new(&"retry quota is used up")),
        }
    }

    fn refund(&self, _: Instant, cause: &Cause, _: Instant) {
        if cause.kind != Kind::First {
            self.give(self.cost_of(cause));
        }
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Settled::Ended(AttemptEnd::Accept, _) = settled {
            self.fill(now);
            self.give(if cause.kind == Kind::First { self.reward } else { self.cost_of(cause) });
        }
    }

    fn is_timeless(&self) -> bool {
        self.refill == 0
    }
}

/// Tells what a [`RetryQuota`] holds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryQuotaState {
    /// The tokens that are there, parts of one included.
    pub tokens: f64,
    /// The most that there can be.
    pub capacity: u32,
}

impl fmt::Display for RetryQuotaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} tokens", self.tokens as u32, self.capacity)
    }
}
