//! The end of a call without any outcome, and the error types that can say so.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::gave_up::Nothing;
use crate::action::Reason;
use crate::gate::Refusal;
use crate::policy::PolicyError;

/// A call ended and no attempt had an outcome: all took too long, the deadline came first, a gate refused the first, the
/// user cancelled it, or the policy is invalid.
///
/// The finisher `call` returns the operation's own error, so it asks of that error type that it can be made
/// [from](From) this one. `io::Error`, `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String` and `&'static str` can;
/// an enum of one's own gets a variant:
///
/// ```
/// use insist_core::NoOutcome;
///
/// #[derive(Debug)]
/// enum ShopError {
///     SoldOut,
///     Unreachable(NoOutcome), // with thiserror: #[error(transparent)] Unreachable(#[from] NoOutcome)
/// }
///
/// impl From<NoOutcome> for ShopError {
///     fn from(none: NoOutcome) -> Self {
///         Self::Unreachable(none)
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NoOutcome(pub(super) Nothing);

impl NoOutcome {
    /// Returns why the call ended.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Returns how many attempts were sent.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns what the gate said that refused, where that is the reason.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        self.0.refusal
    }

    /// Returns what is wrong with the policy, where that is the reason; `None` with that reason: it has more lanes than
    /// the call has room for.
    #[must_use]
    pub const fn invalid(&self) -> Option<PolicyError> {
        self.0.invalid
    }

    /// Returns the largest hint that was too long for the policy or for the deadline.
    #[must_use]
    pub const fn hint(&self) -> Option<Duration> {
        self.0.hint
    }
}

/// Prints a sentence: `gave up after 2 attempts: no attempts were left; no attempt had a result`.
impl fmt::Display for NoOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for NoOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoOutcome")
            .field("reason", &self.0.reason)
            .field("attempts", &self.0.attempts)
            .field("hint", &self.0.hint)
            .field("refusal", &self.0.refusal)
            .field("invalid", &self.0.invalid)
            .finish()
    }
}

impl Error for NoOutcome {}

/// An error type that can say that a call ended without any outcome: every type that implements `From<NoOutcome>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that a call ended without an outcome, so `call()` cannot return it",
    label = "`{Self}` does not implement `From<insist::NoOutcome>`",
    note = "end the call with `.try_call()` (or, async, with `.await` alone), whose error `GaveUp` holds this one",
    note = "or implement `From<insist::NoOutcome>` for it, if the type is your own"
)]
pub trait SaysNoOutcome: Sized {
    /// Makes the error of a call without an outcome.
    fn no_outcome(none: NoOutcome) -> Self;
}

impl<E: From<NoOutcome>> SaysNoOutcome for E {
    #[inline]
    fn no_outcome(none: NoOutcome) -> Self {
        Self::from(none)
    }
}

/// Converts to a sentence with the reason only.
impl From<NoOutcome> for &'static str {
    fn from(none: NoOutcome) -> Self {
        none.reason().sentence()
    }
}

/// Converts to the whole sentence.
#[cfg(feature = "alloc")]
impl From<NoOutcome> for alloc::string::String {
    fn from(none: NoOutcome) -> Self {
        alloc::string::ToString::to_string(&none)
    }
}

/// Converts to the kind `TimedOut` if time or attempts ran out, `InvalidInput` if the policy is invalid, else `Other`.
/// The `NoOutcome` is the inner error.
#[cfg(feature = "std")]
impl From<NoOutcome> for std::io::Error {
    fn from(none: NoOutcome) -> Self {
        use std::io::ErrorKind;
        let kind = match none.reason() {
            Reason::Attempts | Reason::Backoff | Reason::Deadline | Reason::RetryAfter => ErrorKind::TimedOut,
            Reason::Invalid => ErrorKind::InvalidInput,
            Reason::Stopped | Reason::NotRepeatable | Reason::Refused | Reason::Cancelled => ErrorKind::Other,
        };
        Self::new(kind, none)
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::string::{String, ToString};

    use super::*;
    use crate::driver::GaveUp;

    fn none(reason: Reason, attempts: u32) -> NoOutcome {
        NoOutcome(GaveUp { reason, attempts, hint: None, last: None, refusal: None, invalid: None, room: 1 })
    }

    #[test]
    fn it_goes_into_the_error_types_that_people_have() {
        let says = "gave up before anything was sent: it was cancelled";
        let cancelled = none(Reason::Cancelled, 0);
        assert_eq!(String::from(cancelled.clone()), says);
        assert_eq!(Box::<dyn Error + Send + Sync>::from(cancelled.clone()).to_string(), says);
        assert_eq!(<&str>::from(cancelled), "it was cancelled");
    }

    #[cfg(feature = "std")]
    #[test]
    fn an_io_error_of_it_has_a_kind_and_the_same_text() {
        use std::io::ErrorKind;
        for (reason, kind) in [
            (Reason::Attempts, ErrorKind::TimedOut),
            (Reason::Deadline, ErrorKind::TimedOut),
            (Reason::Refused, ErrorKind::Other),
            (Reason::Invalid, ErrorKind::InvalidInput),
        ] {
            let error = std::io::Error::from(none(reason, 1));
            assert_eq!(error.kind(), kind);
            assert_eq!(error.to_string(), none(reason, 1).to_string());
        }
    }
}
