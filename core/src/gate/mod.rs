//! State that many calls share, which can delay or refuse an attempt.
//!
//! The machine asks in this order: `reserve` when a retry is about to wait or a hedge is due, `admit` when
//! any attempt is about to be sent, `settle` when it has ended. What was reserved and never sent is refunded.

#[cfg(target_has_atomic = "64")]
mod adaptive_throttle;
#[cfg(target_has_atomic = "64")]
mod aimd_limit;
#[cfg(target_has_atomic = "64")]
mod breaker;
#[cfg(target_has_atomic = "64")]
mod budget;
#[cfg(target_has_atomic = "32")]
mod bulkhead;
mod compose;
#[cfg(target_has_atomic = "64")]
mod dice;
#[cfg(target_has_atomic = "64")]
mod flight;
#[cfg(target_has_atomic = "64")]
mod gradient_limit;
#[cfg(target_has_atomic = "64")]
mod latencies;
#[cfg(target_has_atomic = "64")]
mod pause;
#[cfg(target_has_atomic = "64")]
mod rate_limit;
#[cfg(target_has_atomic = "64")]
mod retry_quota;
#[cfg(target_has_atomic = "64")]
mod retry_share;
#[cfg(target_has_atomic = "64")]
mod ring;
#[cfg(target_has_atomic = "64")]
mod slots;
#[cfg(target_has_atomic = "64")]
mod window;

use core::time::Duration;

use crate::attempt::{AttemptEnd, Cause};
use crate::percentile::Percentile;
use crate::time::Instant;
#[cfg(target_has_atomic = "64")]
pub use adaptive_throttle::{AdaptiveThrottle, AdaptiveThrottleError};
#[cfg(target_has_atomic = "64")]
pub use aimd_limit::{AimdLimit, AimdLimitError, AimdLimitState};
#[cfg(target_has_atomic = "64")]
pub use breaker::{Breaker, BreakerError, BreakerState};
#[cfg(target_has_atomic = "64")]
pub use budget::{Budget, BudgetError, BudgetState};
#[cfg(target_has_atomic = "32")]
pub use bulkhead::Bulkhead;
#[cfg(target_has_atomic = "64")]
pub use gradient_limit::{GradientLimit, GradientLimitError, GradientLimitState};
#[cfg(target_has_atomic = "64")]
pub use latencies::{Latencies, LatenciesError, LatenciesState};
#[cfg(target_has_atomic = "64")]
pub use pause::{Pause, PauseError, PauseState};
#[cfg(target_has_atomic = "64")]
pub use rate_limit::{RateLimit, RateLimitState};
#[cfg(target_has_atomic = "64")]
pub use retry_quota::{RetryQuota, RetryQuotaState};
#[cfg(target_has_atomic = "64")]
pub use retry_share::{RetryShare, RetryShareError, RetryShareState};

/// State shared by many calls that can delay or refuse an attempt: budget, breaker, limiter, bulkhead.
///
/// Every method has a default that lets everything pass. `()` is the gate that does nothing; a tuple asks its
/// members in order, and gives back to the earlier ones what a later one refuses; `&G`, `Arc<G>` and `Option<G>` pass
/// through.
///
/// For one call, `settle` of a failed attempt comes directly before `reserve` of its retry, and the [`Cause`] of that
/// retry says how the attempt failed; after a resume too. A gate that needs to know what its call has paid is made anew
/// for each call and borrows what calls share.
///
/// ```
/// use core::cell::Cell;
/// use insist_core::{Cause, Gate, Instant, Refusal};
///
/// /// Lets this many retries and hedges through, ever.
/// struct Allowance(Cell<u32>);
///
/// impl Gate for Allowance {
///     fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
///         self.0.set(self.0.get().checked_sub(1).ok_or(Refusal::new(&"allowance is used up"))?);
///         Ok(())
///     }
///     fn refund(&self, _: Instant, _: &Cause, _: Instant) {
///         self.0.set(self.0.get() + 1);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no gate",
    note = "give `&gate`, an `Arc` of it, a tuple of gates, or an `Option` of one"
)]
pub trait Gate {
    /// Answers whether a retry may be scheduled, or a hedge that is due may be sent.
    ///
    /// # Errors
    ///
    /// The refusal ends the lane that asked; it stops no attempt that is in flight.
    #[inline]
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        let _ = (now, cause);
        Ok(())
    }

    /// Takes back what was reserved at that instant and never sent.
    #[inline]
    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        let _ = (now, cause, reserved);
    }

    /// Answers whether an attempt that is about to be sent may be.
    #[inline]
    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        let _ = (now, cause);
        Admission::Yes
    }

    /// Hears that an attempt which was admitted has ended, or was not sent after all.
    #[inline]
    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        let _ = (now, cause, settled);
    }

    /// Answers after how long the next lane of a hedged call is worth opening, beside an attempt that is sent now. Asked at
    /// each send while a lane has not opened, with the percentile of the policy if it has one, and not by races. Default:
    /// after the policy's hedge delay; with a percentile, never.
    #[inline]
    fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
        let _ = (now, percentile);
        HedgeAfter::Policy
    }

    /// Returns whether this gate never looks at the time, so that a driver need not read a clock for it. Default: no.
    #[inline]
    fn is_timeless(&self) -> bool {
        false
    }

    /// Returns whether this gate is none at all: it lets everything pass and hears nothing, so that a driver need not ask
    /// it. Default: no.
    #[inline]
    fn is_open(&self) -> bool {
        false
    }

    /// Returns whether this gate holds back or refuses attempts that a new gate in its place would let pass, so that a
    /// keeper of many gates forgets it last. Default: no.
    #[inline]
    fn is_holding(&self, now: Instant) -> bool {
        let _ = now;
        false
    }
}

/// A gate's answer to an attempt that is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a gate that is made of gates has to pass on every answer")]
pub enum Admission {
    /// Send it.
    Yes,
    /// Not before this instant; ask again then. An instant that is not in the future, or not before the
    /// deadline, is a refusal.
    NotBefore(Instant),
    /// Do not send it.
    No(Refusal),
}

/// A gate's answer to the question after how long a hedge is worth sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a gate that is made of gates has to pass on every answer")]
pub enum HedgeAfter {
    /// After the policy's hedge delay; not at all if it has a percentile.
    Policy,
    /// After this delay.
    Delay(Duration),
    /// Not at all, until it is asked again.
    Never,
}

impl HedgeAfter {
    /// Returns the answer of two gates: the longer delay, where both have one.
    #[inline]
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Policy, other) => other,
            (one, Self::Policy) => one,
            (Self::Delay(one), Self::Delay(other)) => Self::Delay(one.max(other)),
            (Self::Never, _) | (_, Self::Never) => Self::Never,
        }
    }
}

/// A gate's no, and its reason. It takes one word, so that the machine can hand it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal(&'static &'static str);

impl Refusal {
    /// Makes a refusal from a reference to the gate's name and reason, as in `Refusal::new(&"breaker is open")`.
    #[inline]
    #[must_use]
    pub const fn new(reason: &'static &'static str) -> Self {
        Self(reason)
    }

    /// Returns the gate's name and reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.0
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.0)
    }
}

/// Writes its text.
#[cfg(feature = "serde")]
impl serde::Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// Tells a gate how an attempt that it admitted has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Settled {
    /// It was sent at this instant, and ended like this.
    Ended(AttemptEnd, Instant),
    /// It was not sent after all: another gate refused it, or it was [withdrawn](crate::Call::withdraw). It was admitted at
    /// this instant. What was reserved for it is open again: it is refunded, or waits for another send.
    Unsent(Instant),
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    struct Nothing;

    impl Gate for Nothing {}

    #[test]
    fn a_gate_that_says_nothing_lets_everything_pass_and_may_look_at_the_time() {
        assert_eq!(Nothing.reserve(Instant::ZERO, &Cause::HEDGE), Ok(()));
        assert_eq!(Nothing.admit(Instant::ZERO, &Cause::FIRST), Admission::Yes);
        assert!(!Nothing.is_timeless());
    }

    #[test]
    fn a_refusal_says_why_in_one_word_of_memory() {
        assert_eq!(Refusal::new(&"no room").to_string(), "no room");
        assert_eq!(size_of::<Option<Refusal>>(), size_of::<usize>());
    }
}
