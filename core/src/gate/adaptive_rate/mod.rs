//! A rate that a client finds for itself: cut when a server throttles it, and raised along a cubic curve.

mod curve;
mod rate;

use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::{AttemptEnd, Cause};
use crate::time::Instant;
use rate::Rate;

/// A gate that sends at a rate which follows the server's throttling: the client rate limiter of AWS's SDKs in their adaptive
/// mode, which is CUBIC, as in TCP (RFC 9438).
///
/// It lets everything through until an attempt is [throttled](crate::Failure::throttled). From then on attempts, first sends
/// included, take a token each, which come at the rate; those that find none are held back until one is there.
///
/// ```text
/// throttled:  W = min(measured rate, rate), from now on t = 0, and rate = 0.7 × W
/// otherwise:  rate = 0.4 × (t − ∛(0.3 × W / 0.4))³ + W, in tokens a second after t seconds
/// always:     rate ≤ 2 × measured rate, and at least the least rate; room for as many tokens, at least 1
/// ```
///
/// The measured rate is that of the answers in half seconds, smoothed by 0.8. Every attempt that has ended counts as an
/// answer, but those that were cancelled.
///
/// Default: a least rate of 0.5 a second, as in the SDKs. It refuses nothing, so that in an overload that lasts more and more
/// attempts wait: give the calls a deadline. Make one for what is throttled together, such as a table of a database: one that is shared more widely slows down what is
/// well.
///
/// Source: AWS SDKs, retry behavior, adaptive mode; `client_rate_limiter.rs` of smithy-rs, whose numbers it reproduces. As
/// there since version 2.1 of the behavior, every attempt takes one token, whatever it is for.
///
/// # Exactness
///
/// It counts in floating point, as the SDKs do, and keeps its eight numbers under a lock, so it needs the feature `std`. Those
/// who are held back take no token, so that they do not hold back each other; one of them gets it.
///
/// ```
/// use insist_core::{AdaptiveRate, Admission, AttemptEnd, Cause, Gate, Instant, Settled, Verdict};
///
/// static RATE: AdaptiveRate = AdaptiveRate::new();
///
/// let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
/// assert_eq!([(); 9].map(|()| RATE.admit(at(0), &Cause::FIRST)), [Admission::Yes; 9]);
/// let throttled: AttemptEnd = Verdict::retry().throttled().into();
/// RATE.settle(at(0), &Cause::FIRST, &Settled::Ended(throttled, at(0)));
/// assert_eq!(RATE.admit(at(100), &Cause::FIRST), Admission::NotBefore(at(2000)));
/// assert_eq!(RATE.state().to_string(), "0.50 a second, 0.00 measured, 0.05 left");
/// ```
#[derive(Debug)]
pub struct AdaptiveRate {
    least: f64,
    rate: Mutex<Rate>,
}

impl Default for AdaptiveRate {
    fn default() -> Self {
        Self::new()
    }
}

impl AdaptiveRate {
    /// Makes a gate that lets everything through until it is throttled.
    #[must_use]
    pub const fn new() -> Self {
        Self { least: 0.5, rate: Mutex::new(Rate::new()) }
    }

    /// Sets the least rate, in attempts a second, from 0.001 to 1,000,000. Default: 0.5.
    #[must_use]
    pub const fn least(mut self, rate: f64) -> Self {
        self.least = rate;
        self
    }

    /// Checks that the gate makes sense. One that does not refuses every attempt.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), AdaptiveRateError> {
        if self.least >= 0.001 && self.least <= 1e6 { Ok(()) } else { Err(AdaptiveRateError::Least) }
    }

    /// Returns the rate and what is measured, for a page or a metric.
    #[must_use]
    pub fn state(&self) -> AdaptiveRateState {
        let rate = self.lock();
        AdaptiveRateState {
            is_limiting: rate.is_limiting,
            rate: rate.fill,
            measured: rate.clock.rate,
            left: rate.tokens,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for AdaptiveRate {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        if self.validate().is_err() {
            return Admission::No(Refusal::new(&"adaptive rate is invalid"));
        }
        match self.lock().take(now.as_nanos()) {
            0 => Admission::Yes,
            wait => Admission::NotBefore(Instant::from_nanos(now.as_nanos().saturating_add(wait))),
        }
    }

    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        let mut rate = self.lock();
        match *settled {
            Settled::Ended(end, _) if end.is_cancelled() => {}
            Settled::Ended(end, _) => {
                let is_throttled = matches!(end, AttemptEnd::Retry(failure) if failure.throttled);
                rate.hear(now.as_nanos(), is_throttled, self.least);
            }
            Settled::Unsent(_) => rate.give_back(),
        }
    }
}

/// Tells where an [`AdaptiveRate`] stands.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdaptiveRateState {
    /// True once it has been throttled, and so limits at all.
    pub is_limiting: bool,
    /// The rate, in attempts a second; what it would be, if it does not limit.
    pub rate: f64,
    /// The answers a second, as measured.
    pub measured: f64,
    /// The tokens that were left when it was last asked.
    pub left: f64,
}

impl fmt::Display for AdaptiveRateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_limiting, rate, measured, left } = self;
        if *is_limiting {
            write!(f, "{rate:.2} a second, {measured:.2} measured, {left:.2} left")
        } else {
            write!(f, "no limit, {measured:.2} a second measured")
        }
    }
}

/// Says what is wrong with an [`AdaptiveRate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdaptiveRateError {
    /// The least rate is not from 0.001 to 1,000,000.
    Least,
}

impl fmt::Display for AdaptiveRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least => f.write_str("the least adaptive rate is not a number from 0.001 to 1000000 a second"),
        }
    }
}

impl core::error::Error for AdaptiveRateError {}
