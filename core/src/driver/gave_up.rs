//! The error of a call that gave up: the reason, and the last outcome.

use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::no_outcome::NoOutcome;
use crate::action::Reason;
use crate::gate::Refusal;
use crate::policy::PolicyError;

/// A call gave up: why, after how many attempts, and the last error, if there is one.
///
/// It is an [`Error`] if `E` is one, whatever the value is that was asked for; its source is the last error. Printed, it
/// is a sentence that leaves the source to those who print sources: `gave up after 2 attempts: no attempts were left`.
/// With `{:#}` the last error is printed too.
///
/// `T` is the last value, where a judge did not accept it, in the errors of those finishers that keep it: `report` and
/// `fallback`. In the others it is `()`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GaveUp<E, T = ()> {
    /// The reason. A judge that accepts an `Err` makes the call end with it, and it is [`Reason::Stopped`].
    pub reason: Reason,
    /// The number of attempts that were sent; 0 where a gate, a canceller or an invalid policy let none through.
    pub attempts: u32,
    /// The largest hint that was too long for the policy or for the deadline.
    pub hint: Option<Duration>,
    /// The words of the gate that refused, where that is the reason; it names the gate.
    pub refusal: Option<Refusal>,
    /// The fault of the policy, where that is the reason. `None` with that reason: it has more lanes than the
    /// call has room for.
    pub invalid: Option<PolicyError>,
    /// The number of lanes that the call had room for.
    pub room: usize,
    /// The outcome of the latest attempt that had one: its error, or the value that was not accepted.
    pub last: Option<Result<T, E>>,
}

impl<E, T> GaveUp<E, T> {
    /// For drivers: makes the error of a call with one lane that gave up for this reason, without a refusal or a hint.
    #[must_use]
    pub const fn new(reason: Reason, attempts: u32, last: Option<Result<T, E>>) -> Self {
        Self { reason, attempts, hint: None, refusal: None, invalid: None, room: 1, last }
    }

    /// Returns the last error, if the latest attempt that had an outcome ended with one.
    #[must_use]
    pub fn into_error(self) -> Option<E> {
        self.last?.err()
    }

    /// Drops the last value, and keeps that there was one.
    #[must_use]
    pub fn without_value(self) -> GaveUp<E> {
        let (last, rest) = self.split();
        rest.with(last.map(|last| last.map(drop)))
    }

    /// Splits it into the last outcome, and what is left without it: why, in a type that says that there is none.
    /// For adapters whose error is one of the two.
    pub fn split(self) -> (Option<Result<T, E>>, NoOutcome) {
        let Self { reason, attempts, hint, last, refusal, invalid, room } = self;
        (last, NoOutcome(GaveUp { reason, attempts, hint, last: None, refusal, invalid, room }))
    }

    fn count(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts {
            0 => f.write_str("gave up before anything was sent"),
            1 => f.write_str("gave up after 1 attempt"),
            attempts => write!(f, "gave up after {attempts} attempts"),
        }
    }

    /// Writes the sentence, without the last error.
    fn sentence(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.count(f)?;
        write!(f, ": {}", self.reason)?;
        match (self.reason, self.invalid) {
            (Reason::Invalid, Some(invalid)) => write!(f, ": {invalid}")?,
            (Reason::Invalid, None) => {
                let hint = if self.room == 1 { "; use race, which has room for more" } else { "" };
                write!(f, ": it has more lanes than the {} that the call has room for{hint}", self.room)?;
            }
            _ => {}
        }
        if let Some(refusal) = self.refusal {
            write!(f, " ({refusal})")?;
        }
        if let Some(hint) = self.hint {
            write!(f, " ({hint:?})")?;
        }
        match &self.last {
            Some(Ok(_)) => f.write_str("; the last result was not accepted"),
            None if self.attempts > 0 => f.write_str("; no attempt had a result"),
            Some(Err(_)) | None => Ok(()),
        }
    }
}

impl NoOutcome {
    /// Adds the last outcome.
    pub(super) fn with<E, T>(self, last: Option<Result<T, E>>) -> GaveUp<E, T> {
        let GaveUp { reason, attempts, hint, refusal, invalid, room, .. } = self.0;
        GaveUp { reason, attempts, hint, last, refusal, invalid, room }
    }
}

/// Prints a sentence; with `{:#}`, the last error after it.
impl<E: fmt::Display, T> fmt::Display for GaveUp<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence(f)?;
        match &self.last {
            Some(Err(error)) if f.alternate() => write!(f, ": {error:#}"),
            _ => Ok(()),
        }
    }
}

/// Prints no value, so that a call can fail with `?` though its response is not `Debug`.
impl<E: fmt::Debug, T> fmt::Debug for GaveUp<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last.as_ref().map(|last| last.as_ref().map(|_| ..));
        f.debug_struct("GaveUp")
            .field("reason", &self.reason)
            .field("attempts", &self.attempts)
            .field("hint", &self.hint)
            .field("refusal", &self.refusal)
            .field("invalid", &self.invalid)
            .field("room", &self.room)
            .field("last", &last)
            .finish()
    }
}

/// Returns the last error as the source.
impl<E: Error + 'static, T> Error for GaveUp<E, T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.last {
            Some(Err(error)) => Some(error),
            Some(Ok(_)) | None => None,
        }
    }
}

/// Converts the end of a call without any outcome, for every finisher.
impl<E, T> From<NoOutcome> for GaveUp<E, T> {
    fn from(none: NoOutcome) -> Self {
        none.with(None)
    }
}

/// A give-up whose type shows that it has no outcome.
pub(super) type Nothing = GaveUp<Infallible, Infallible>;

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::rc::Rc;
    use alloc::string::ToString;

    use super::*;

    type Gave = GaveUp<core::num::ParseIntError, u8>;

    fn gave_up(reason: Reason, attempts: u32) -> Gave {
        GaveUp { reason, attempts, hint: None, last: None, refusal: None, invalid: None, room: 1 }
    }

    #[test]
    fn it_is_a_sentence() {
        let error = "x".parse::<u8>().unwrap_err();
        let invalid = |invalid, room| Gave { invalid, room, ..gave_up(Reason::Invalid, 0) };
        let refusal = Some(Refusal::new(&"bulkhead is full"));
        for (gave_up, says) in [
            (
                gave_up(Reason::Deadline, 0),
                "gave up before anything was sent: the deadline left no time for another attempt",
            ),
            (gave_up(Reason::Attempts, 1), "gave up after 1 attempt: no attempts were left; no attempt had a result"),
            (
                Gave { last: Some(Err(error)), ..gave_up(Reason::Attempts, 2) },
                "gave up after 2 attempts: no attempts were left",
            ),
            (
                Gave { last: Some(Ok(1)), hint: Some(Duration::from_secs(9)), ..gave_up(Reason::RetryAfter, 1) },
                "gave up after 1 attempt: the server asked for a longer wait than is allowed (9s); the last result was not accepted",
            ),
            (
                Gave { refusal, ..gave_up(Reason::Refused, 1) },
                "gave up after 1 attempt: a gate refused another attempt (bulkhead is full); no attempt had a result",
            ),
            (
                invalid(Some(PolicyError::NoLanes), 1),
                "gave up before anything was sent: its policy is invalid: lanes is 0; a call needs at least 1",
            ),
            (
                invalid(None, 1),
                "gave up before anything was sent: its policy is invalid: it has more lanes than the 1 that the call has room for; use race, which has room for more",
            ),
            (
                invalid(None, 4),
                "gave up before anything was sent: its policy is invalid: it has more lanes than the 4 that the call has room for",
            ),
        ] {
            assert_eq!(gave_up.to_string(), says);
        }
    }

    #[test]
    fn its_source_is_the_last_error_which_it_does_not_repeat() {
        let error = "x".parse::<u8>().unwrap_err();
        let failed = Gave { last: Some(Err(error.clone())), ..gave_up(Reason::Attempts, 2) };
        assert_eq!(failed.source().map(ToString::to_string), Some(error.to_string()));
        assert!(!failed.to_string().contains(&error.to_string()));
        assert_eq!(format!("{failed:#}"), format!("{failed}: {error}"));
        let odd = Gave { last: Some(Ok(77)), ..gave_up(Reason::Attempts, 2) };
        assert!(odd.source().is_none() && gave_up(Reason::Attempts, 2).source().is_none());
        let printed = format!("{odd:?}");
        assert!(printed.starts_with("GaveUp { reason: Attempts, attempts: 2") && !printed.contains("77"), "{printed}");
        assert_eq!(failed.clone().split().0, Some(Err(error.clone())));
        assert_eq!(odd.clone().without_value().last, Some(Ok(())));
        assert_eq!(odd.into_error(), None);
        assert_eq!(failed.into_error(), Some(error));
    }

    #[test]
    fn it_is_an_error_that_can_be_sent_whatever_the_value_is() {
        fn boxed<E: Error + Send + Sync + 'static>(error: E) -> alloc::boxed::Box<dyn Error + Send + Sync> {
            error.into()
        }
        let with_value: GaveUp<core::num::ParseIntError, Rc<u8>> =
            GaveUp { last: Some(Ok(Rc::new(1))), ..NoOutcome(NOTHING).into() };
        assert!(boxed(with_value.without_value()).to_string().ends_with("was not accepted"));
    }

    const NOTHING: Nothing =
        GaveUp { reason: Reason::Attempts, attempts: 1, hint: None, refusal: None, invalid: None, room: 1, last: None };
}
