//! Retries as a share of what is in flight: a budget without a memory.

use core::fmt;
use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::slots::AtomicU64;
use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::{Cause, Kind};
use crate::time::Instant;

/// The share is kept in millionths.
const MILLION: u64 = 1_000_000;

/// One attempt, in the word's high half.
const ATTEMPT: u64 = 1 << 32;

/// A gate that lets retries and hedges be a share of what is in flight: the retry budget of Envoy's clusters.
///
/// A retry or hedge passes while fewer of them wait or are in flight than max(least, ⌊share × attempts in flight⌋). A retry
/// counts from its promise on, also while it waits; its send is one of the attempts in flight. First sends are never
/// refused. Defaults: a share of 0.2 and at least 3, as Envoy's.
///
/// Beside a [`Budget`](crate::Budget) it has no window and no memory: it follows the load at once, and an idle client may
/// retry its 3 at a time for ever. When a server slows down, more is in flight, and so it lets more retries through; a
/// budget does not.
///
/// Source: Envoy, `retry_budget` of a cluster's circuit breakers, `budget_percent` and `min_retry_concurrency`.
///
/// # Exactness
///
/// Both numbers are one word, so whatever the threads do no retry passes beyond what the numbers of its moment allow. The
/// share counts in millionths. Of more than 2^32 - 1 attempts in flight the rest is not counted.
///
/// ```
/// use insist_core::{Cause, Gate, Instant, RetryShare};
///
/// static SHARE: RetryShare = RetryShare::new(0.2).at_least(1);
///
/// let now = Instant::ZERO;
/// for _ in 0..10 {
///     SHARE.admit(now, &Cause::FIRST);
/// }
/// assert_eq!([(); 3].map(|()| SHARE.reserve(now, &Cause::HEDGE).is_ok()), [true, true, false]);
/// assert_eq!(SHARE.state().to_string(), "10 in flight, 2 retries and hedges, 0 left");
/// ```
#[derive(Debug)]
pub struct RetryShare {
    /// Millionths.
    share: u64,
    least: u32,
    /// Attempts in flight in the high half, retries and hedges that wait or are in flight in the low one.
    counts: AtomicU64,
}

impl Default for RetryShare {
    fn default() -> Self {
        Self::new(0.2)
    }
}

impl RetryShare {
    /// Makes a gate of so many retries and hedges for each attempt in flight, from 0 to 1, to the millionth; at least 3.
    #[must_use]
    pub const fn new(share: f64) -> Self {
        let millionths = if share >= 0.0 { (share * MILLION as f64 + 0.5) as u64 } else { u64::MAX };
        Self { share: millionths, least: 3, counts: AtomicU64::new(0) }
    }

    /// Sets how many retries and hedges there may be at once whatever the share says. Default: 3.
    #[must_use]
    pub const fn at_least(mut self, retries: u32) -> Self {
        self.least = retries;
        self
    }

    /// Checks that the gate makes sense. One that does not refuses every retry and hedge.
    ///
    /// # Errors
    ///
    /// If the share is not a number from 0 to 1.
    pub const fn validate(&self) -> Result<(), RetryShareError> {
        if self.share > MILLION { Err(RetryShareError::Share) } else { Ok(()) }
    }

    /// Returns what it counts now, for a page or a metric.
    #[must_use]
    pub fn state(&self) -> RetryShareState {
        let counts = self.counts.load(Acquire);
        let retries = counts as u32;
        RetryShareState {
            in_flight: (counts >> 32) as u32,
            retries,
            left: self.allowed(counts).saturating_sub(retries),
        }
    }

    fn allowed(&self, counts: u64) -> u32 {
        if self.validate().is_err() {
            return 0;
        }
        let share = ((counts >> 32) * self.share / MILLION) as u32;
        share.max(self.least)
    }

    fn change(&self, change: impl Fn(u64) -> u64) {
        let _ = self.counts.fetch_update(AcqRel, Acquire, |counts| Some(change(counts)));
    }
}

const fn without_retry(counts: u64) -> u64 {
    if counts as u32 > 0 { counts - 1 } else { counts }
}

impl Gate for RetryShare {
    fn reserve(&self, _: Instant, cause: &Cause) -> Result<(), Refusal> {
        if cause.kind == Kind::First {
            return Ok(());
        }
        let charge = |counts: u64| ((counts as u32) < self.allowed(counts)).then(|| counts + 1);
        match self.counts.fetch_update(AcqRel, Acquire, charge) {
            Ok(_) => Ok(()),
            Err(_) if self.validate().is_err() => Err(Refusal::new(&"retry share is invalid")),
            Err(_) => Err(Refusal::new(&"retry share is used up")),
        }
    }

    fn refund(&self, _: Instant, cause: &Cause, _: Instant) {
        if cause.kind != Kind::First {
            self.change(without_retry);
        }
    }

    fn admit(&self, _: Instant, _: &Cause) -> Admission {
        self.change(|counts| counts.checked_add(ATTEMPT).unwrap_or(counts));
        Admission::Yes
    }

    /// Keeps reserved what was not sent after all, until it is refunded or sent.
    fn settle(&self, _: Instant, cause: &Cause, settled: &Settled) {
        let is_over = cause.kind != Kind::First && matches!(settled, Settled::Ended(..));
        self.change(|counts| {
            let counts = counts.checked_sub(ATTEMPT).unwrap_or(counts);
            if is_over { without_retry(counts) } else { counts }
        });
    }

    fn is_timeless(&self) -> bool {
        true
    }
}

/// The counts of a [`RetryShare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryShareState {
    /// Attempts in flight, of any kind.
    pub in_flight: u32,
    /// Retries and hedges that wait or are in flight.
    pub retries: u32,
    /// Retries and hedges that would be let through now.
    pub left: u32,
}

impl fmt::Display for RetryShareState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { in_flight, retries, left } = self;
        let words = if *retries == 1 { "retry or hedge" } else { "retries and hedges" };
        write!(f, "{in_flight} in flight, {retries} {words}, {left} left")
    }
}

/// Says what is wrong with a [`RetryShare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryShareError {
    /// The share is not from 0 to 1.
    Share,
}

impl fmt::Display for RetryShareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share => f.write_str("the share of retries is not a number from 0 to 1"),
        }
    }
}

impl core::error::Error for RetryShareError {}
