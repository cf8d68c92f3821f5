//! A rate limit: so many attempts in a span of time, evenly spaced after a burst.

use core::fmt;
use core::sync::atomic::Ordering::{AcqRel, Acquire};
use core::time::Duration;

use super::slots::AtomicU64;
use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::Cause;
use crate::time::{Instant, nanos};

/// A gate that lets so many attempts through in a span of time, first sends included; what is too much is refused, or with
/// [`waiting`](Self::waiting) held back.
///
/// It is a token bucket that holds the burst and fills evenly, kept as the one instant at which it would be full again (the
/// generic cell rate algorithm, ITU-T I.371). Default: a burst as large as the number in a span, so that a client which was
/// idle may send all of them at once.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Admission, Cause, Gate, Instant, RateLimit};
///
/// /// 100 a second, at most 2 at once; what has to wait longer than 50 ms is refused.
/// static LIMIT: RateLimit =
///     RateLimit::new(100, Duration::from_secs(1)).burst(2).waiting(Duration::from_millis(50));
///
/// let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
/// assert_eq!([(); 2].map(|()| LIMIT.admit(at(0), &Cause::FIRST)), [Admission::Yes; 2]);
/// assert_eq!(LIMIT.admit(at(0), &Cause::FIRST), Admission::NotBefore(at(10)));
/// assert_eq!(LIMIT.admit(at(10), &Cause::FIRST), Admission::Yes);
/// ```
#[derive(Debug)]
pub struct RateLimit {
    /// The time from one attempt to the next.
    gap: u64,
    /// 0 if nothing is let through.
    burst: u32,
    longest_wait: u64,
    /// The instant at which the bucket is full again; before it, something is missing.
    full: AtomicU64,
}

impl RateLimit {
    /// Makes a limit of so many attempts in each span; what is too much is refused. One of 0 attempts refuses everything, and
    /// one whose span is 0 nothing.
    #[must_use]
    pub const fn new(attempts: u32, span: Duration) -> Self {
        let gap = if attempts == 0 { u64::MAX } else { nanos(span) / attempts as u64 };
        Self { gap, burst: attempts, longest_wait: 0, full: AtomicU64::new(0) }
    }

    /// Sets how many may be sent at once after a time without any, at least 1. Default: as many as in a span.
    #[must_use]
    pub const fn burst(mut self, attempts: u32) -> Self {
        if self.burst > 0 {
            self.burst = if attempts == 0 { 1 } else { attempts };
        }
        self
    }

    /// Makes what is too much wait for its turn, unless that takes longer than this. Default: nothing waits.
    ///
    /// Attempts that wait ask again when the next turn comes, and one of them gets it: first come, first served is not
    /// promised.
    #[must_use]
    pub const fn waiting(mut self, longest: Duration) -> Self {
        self.longest_wait = nanos(longest);
        self
    }

    /// Returns what could be sent now, for a page or a metric.
    #[must_use]
    pub fn state(&self, now: Instant) -> RateLimitState {
        let missing = self.full.load(Acquire).saturating_sub(now.as_nanos()).div_ceil(self.gap.max(1));
        let left = u64::from(self.burst).saturating_sub(missing);
        RateLimitState { left: left as u32, burst: self.burst }
    }

    /// Returns how far in the future the bucket may be full for one more to be let through.
    const fn slack(&self) -> u64 {
        self.gap.saturating_mul(self.burst.saturating_sub(1) as u64)
    }
}

impl Gate for RateLimit {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        if self.burst == 0 {
            return Admission::No(Refusal::new(&"rate limit is 0"));
        }
        let now = now.as_nanos();
        let mut at = 0;
        let take = |full: u64| {
            at = full.saturating_sub(self.slack());
            (at <= now).then(|| full.max(now).saturating_add(self.gap))
        };
        if self.full.fetch_update(AcqRel, Acquire, take).is_ok() {
            return Admission::Yes;
        }
        if at - now <= self.longest_wait {
            return Admission::NotBefore(Instant::from_nanos(at));
        }
        Admission::No(Refusal::new(&"rate limit is used up"))
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        if let Settled::Unsent(_) = settled {
            let _ = self.full.fetch_update(AcqRel, Acquire, |full| Some(full.saturating_sub(self.gap)));
        }
    }
}

/// Tells what a [`RateLimit`] would let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitState {
    /// The attempts that could be sent now.
    pub left: u32,
    /// The most that could be after a time without any.
    pub burst: u32,
}

impl fmt::Display for RateLimitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} left", self.left, self.burst)
    }
}
