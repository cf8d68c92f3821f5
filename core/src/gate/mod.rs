//! State that many calls share, which can delay or refuse an attempt.
//!
//! The machine asks in this order: `reserve` when a retry is about to wait or a hedge is due, `admit` when
//! any attempt is about to be sent, `settle` when it has ended. What was reserved and never sent is refunded.

#[cfg(target_has_atomic = "64")]
mod breaker;
#[cfg(target_has_atomic = "64")]
mod budget;
#[cfg(target_has_atomic = "32")]
mod bulkhead;
mod compose;
#[cfg(target_has_atomic = "64")]
mod slots;
mod watched;
#[cfg(target_has_atomic = "64")]
mod window;

#[cfg(target_has_atomic = "64")]
pub use breaker::{Breaker, BreakerError, BreakerState};
#[cfg(target_has_atomic = "64")]
pub use budget::{Budget, BudgetError, BudgetState};
#[cfg(target_has_atomic = "32")]
pub use bulkhead::Bulkhead;
pub use watched::Watched;

use core::time::Duration;

use crate::attempt::Kind;
use crate::time::Instant;
use crate::verdict::Sent;

/// State shared by many calls that can delay or refuse an attempt: budget, breaker, limiter, bulkhead.
///
/// Every method has a default that lets everything pass. `()` is the gate that does nothing; a tuple asks its
/// members in order, and gives back to the earlier ones what a later one refuses; `&G` and `Arc<G>` pass through.
///
/// A failed attempt is settled before its retry is reserved, with nothing of the same call between. A gate that needs to
/// know what a retry is for, or what its call has paid, is made anew for each call and borrows what calls share.
///
/// ```
/// use core::cell::Cell;
/// use insist_core::{Gate, Instant, Kind, Refusal};
///
/// /// Lets this many retries and hedges through, ever.
/// struct Allowance(Cell<u32>);
///
/// impl Gate for Allowance {
///     fn reserve(&self, _: Instant, _: Kind) -> Result<(), Refusal> {
///         self.0.set(self.0.get().checked_sub(1).ok_or(Refusal::new("allowance is used up"))?);
///         Ok(())
///     }
///     fn refund(&self, _: Instant, _: Kind, _: Instant) {
///         self.0.set(self.0.get() + 1);
///     }
/// }
/// ```
pub trait Gate {
    /// A retry is about to be scheduled, or a hedge is due: may it be?
    ///
    /// # Errors
    ///
    /// The refusal ends the lane that asked; it stops no attempt that is in flight.
    #[inline]
    fn reserve(&self, now: Instant, kind: Kind) -> Result<(), Refusal> {
        let _ = (now, kind);
        Ok(())
    }

    /// What was reserved at that instant was never sent.
    #[inline]
    fn refund(&self, now: Instant, kind: Kind, reserved: Instant) {
        let _ = (now, kind, reserved);
    }

    /// An attempt is about to be sent: may it be?
    #[inline]
    fn admit(&self, now: Instant, kind: Kind) -> Admission {
        let _ = (now, kind);
        Admission::Yes
    }

    /// An attempt that was admitted has ended, or was not sent after all.
    #[inline]
    fn settle(&self, now: Instant, kind: Kind, settled: Settled) {
        let _ = (now, kind, settled);
    }

    /// For drivers: the last refusal that this gate remembers, so that a report can name it. Only
    /// [`Watched`](crate::Watched) remembers any.
    #[inline]
    fn last_refusal(&self) -> Option<Refusal> {
        None
    }

    /// Whether this gate never looks at the time, so that a driver need not read a clock for it.
    #[inline]
    fn is_timeless(&self) -> bool {
        false
    }
}

/// A gate's answer to an attempt that is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Admission {
    /// Send it.
    Yes,
    /// Not before this instant; ask again then. An instant that is not in the future, or not before the
    /// deadline, is a refusal.
    NotBefore(Instant),
    /// Do not send it.
    No(Refusal),
}

/// A gate's no, and its word for why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal(&'static str);

impl Refusal {
    /// A refusal with the gate's name and reason, as in `breaker is open`.
    #[inline]
    #[must_use]
    pub const fn new(why: &'static str) -> Self {
        Self(why)
    }

    /// The gate's name and reason.
    #[must_use]
    pub const fn why(self) -> &'static str {
        self.0
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.0)
    }
}

/// As its text.
#[cfg(feature = "serde")]
impl serde::Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// How an attempt that a gate admitted has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settled {
    /// It was sent, and ended like this after this span.
    Ended(End, Duration),
    /// It was not sent after all: another gate refused it.
    Unsent,
}

/// How a sent attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Its outcome was accepted.
    Accept,
    /// Its outcome was a failure that may be retried, and this is how far it got: what the server turned away because it
    /// has too much to do is [`Sent::Throttled`].
    Retry(Sent),
    /// Its outcome was a failure that ended the call.
    Stop,
    /// It took too long and was cancelled.
    Timeout,
    /// It was cancelled because the call ended, was dropped or was suspended.
    Cancelled,
}

/// As its word.
#[cfg(feature = "serde")]
impl serde::Serialize for End {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl End {
    /// The word for it: `accept`, `retry`, `stop`, `timeout` or `cancelled`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Retry(_) => "retry",
            Self::Stop => "stop",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    struct Nothing;

    impl Gate for Nothing {}

    #[test]
    fn a_gate_that_says_nothing_lets_everything_pass_and_may_look_at_the_time() {
        assert_eq!(Nothing.reserve(Instant::ZERO, Kind::Retry), Ok(()));
        assert_eq!(Nothing.admit(Instant::ZERO, Kind::First), Admission::Yes);
        assert_eq!((Nothing.last_refusal(), Nothing.is_timeless()), (None, false));
    }

    #[test]
    fn a_refusal_says_why() {
        assert_eq!(Refusal::new("no room").to_string(), "no room");
        let ends = [End::Accept, End::Retry(Sent::Maybe), End::Stop, End::Timeout, End::Cancelled];
        assert_eq!(ends.map(End::as_str), ["accept", "retry", "stop", "timeout", "cancelled"]);
    }
}
