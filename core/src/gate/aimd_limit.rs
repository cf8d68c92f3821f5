//! A limit of attempts in flight that creeps up while all goes well and drops when the server has too much to do.

use core::fmt;
use core::time::Duration;

use super::flight::Flight;
use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::{AttemptEnd, Cause};
use crate::time::{Instant, nanos};

/// The ratio is kept in millionths.
const MILLION: u64 = 1_000_000;

/// A gate that bounds how many attempts are in flight, with a limit that finds its own number: additive increase,
/// multiplicative decrease, as TCP's congestion window and Netflix's `AIMDLimit` have it.
///
/// An attempt that is answered while at least half of the limit is in flight, itself included, raises it by 1. A drop makes
/// it ⌊limit × ratio⌋, each drop of a burst anew. Dropped is what timed out, what was
/// [throttled](crate::Failure::throttled) or told to wait by a hint, and whatever was in flight longer than
/// [`slow`](Self::slow), however it ended. Other failures, and what was cancelled, change nothing. The limit stays from the
/// least to the most that it is made with.
///
/// Defaults: it begins at the least, and has a ratio of 0.9 and 5 s for what is slow, as Netflix has. Netflix's limit goes
/// from 20 to 200. What finds the limit reached is refused; with [`waiting`](Self::waiting) it is held back.
///
/// Source: Netflix, concurrency-limits, `AIMDLimit`. There the number in flight is that of the moment of the send; here it is
/// that of the end, because a gate keeps nothing for an attempt.
///
/// # Exactness
///
/// Limit and number in flight are one word: whatever the threads do, no attempt is let in beyond the limit of its moment,
/// and every end changes the limit that it finds. The ratio counts in millionths. Attempts that are in flight when the limit
/// drops stay.
///
/// ```
/// use insist_core::{Admission, AimdLimit, AttemptEnd, Cause, Gate, Instant, Settled};
///
/// static LIMIT: AimdLimit = AimdLimit::new(1, 100).start(2);
///
/// let now = Instant::ZERO;
/// assert_eq!([(); 2].map(|()| LIMIT.admit(now, &Cause::FIRST)), [Admission::Yes; 2]);
/// assert!(matches!(LIMIT.admit(now, &Cause::FIRST), Admission::No(_)));
/// LIMIT.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, now));
/// assert_eq!(LIMIT.state().to_string(), "1 in flight, limit 3");
/// LIMIT.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Timeout, now));
/// assert_eq!(LIMIT.state().to_string(), "0 in flight, limit 2");
/// ```
#[derive(Debug)]
pub struct AimdLimit {
    least: u32,
    most: u32,
    start: u32,
    /// Millionths.
    ratio: u64,
    slow: u64,
    ask_again: Option<Duration>,
    flight: Flight,
}

impl Default for AimdLimit {
    /// From 20 to 200, as Netflix's.
    fn default() -> Self {
        Self::new(20, 200)
    }
}

impl AimdLimit {
    /// Makes a limit that goes from the least, at least 1, to the most.
    #[must_use]
    pub const fn new(least: u32, most: u32) -> Self {
        Self {
            least,
            most,
            start: least,
            ratio: 900_000,
            slow: 5_000_000_000,
            ask_again: None,
            flight: Flight::new(least),
        }
    }

    /// Sets the limit that it begins with. Default: the least.
    #[must_use]
    pub const fn start(mut self, limit: u32) -> Self {
        (self.start, self.flight) = (limit, Flight::new(limit));
        self
    }

    /// Sets what a drop leaves of the limit, from 0.5 up to, and without, 1, to the millionth. Default: 0.9.
    #[must_use]
    pub const fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = (ratio * MILLION as f64 + 0.5) as u64;
        self
    }

    /// Sets the time after which an attempt counts as dropped, however it ended. Default: 5 s.
    #[must_use]
    pub const fn slow(mut self, slow: Duration) -> Self {
        self.slow = nanos(slow);
        self
    }

    /// Makes what finds the limit reached wait, and ask again after this span; it is refused only if the deadline comes
    /// before. First come, first served is not promised. A span of 0 refuses.
    #[must_use]
    pub const fn waiting(mut self, ask_again: Duration) -> Self {
        self.ask_again = Some(ask_again);
        self
    }

    /// Checks that the limit makes sense. One that does not refuses every attempt.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), AimdLimitError> {
        let Self { least, most, start, .. } = *self;
        if least == 0 {
            Err(AimdLimitError::Least)
        } else if most < least {
            Err(AimdLimitError::Most { least, most })
        } else if start < least || start > most {
            Err(AimdLimitError::Start { start, least, most })
        } else if self.ratio < MILLION / 2 || self.ratio >= MILLION {
            Err(AimdLimitError::Ratio)
        } else {
            Ok(())
        }
    }

    /// Returns the limit and what is in flight, for a page or a metric.
    #[must_use]
    pub fn state(&self) -> AimdLimitState {
        let (limit, in_flight) = self.flight.read();
        AimdLimitState { limit, in_flight }
    }

    /// Returns what an end does to the limit.
    fn effect(&self, now: Instant, settled: &Settled) -> Effect {
        let Settled::Ended(end, sent) = settled else { return Effect::None };
        if now.as_nanos().saturating_sub(sent.as_nanos()) > self.slow {
            return Effect::Drop;
        }
        match end {
            AttemptEnd::Accept | AttemptEnd::Stop => Effect::Raise,
            AttemptEnd::Timeout => Effect::Drop,
            AttemptEnd::Retry(failure) if failure.throttled || failure.hint.is_some() => Effect::Drop,
            _ => Effect::None,
        }
    }
}

#[derive(Clone, Copy)]
enum Effect {
    None,
    Raise,
    Drop,
}

impl Gate for AimdLimit {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        if self.validate().is_err() {
            return Admission::No(Refusal::new(&"concurrency limit is invalid"));
        }
        self.flight.admit(now, self.ask_again)
    }

    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        let effect = self.effect(now, settled);
        self.flight.leave(|limit, in_flight| match effect {
            Effect::Raise if u64::from(in_flight) * 2 >= u64::from(limit) => limit.saturating_add(1).min(self.most),
            Effect::Drop => ((u64::from(limit) * self.ratio / MILLION) as u32).max(self.least),
            Effect::Raise | Effect::None => limit,
        });
    }
}

/// Tells where an [`AimdLimit`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AimdLimitState {
    /// The limit.
    pub limit: u32,
    /// The attempts in flight; more than the limit after it has dropped.
    pub in_flight: u32,
}

impl fmt::Display for AimdLimitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in flight, limit {}", self.in_flight, self.limit)
    }
}

/// Says what is wrong with an [`AimdLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AimdLimitError {
    /// The least limit is 0.
    Least,
    /// The most is below the least.
    Most {
        /// The least limit.
        least: u32,
        /// The most.
        most: u32,
    },
    /// It begins outside of its bounds.
    Start {
        /// The limit that it begins with.
        start: u32,
        /// The least limit.
        least: u32,
        /// The most.
        most: u32,
    },
    /// The ratio is not from 0.5 up to, and without, 1.
    Ratio,
}

impl fmt::Display for AimdLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least => {
                f.write_str("the least concurrency limit is 0; nothing would be sent, so it needs at least 1")
            }
            Self::Most { least, most } => {
                write!(f, "the concurrency limit goes from {least} to {most}; the most is not below the least")
            }
            Self::Start { start, least, most } => {
                write!(f, "the concurrency limit starts at {start}; it needs a start from {least} to {most}")
            }
            Self::Ratio => {
                f.write_str("the ratio of the concurrency limit is not a number from 0.5 up to, and without, 1")
            }
        }
    }
}

impl core::error::Error for AimdLimitError {}
