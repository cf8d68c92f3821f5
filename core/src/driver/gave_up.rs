//! The error of a call that gave up: why, and the last thing that came of it.

use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use crate::action::Reason;
use crate::gate::Refusal;
use crate::policy::PolicyError;

/// A call gave up: why, after how many attempts, and the last result, if there is one.
///
/// Drivers make it with [`Ended::conclude`](crate::Ended::conclude). Printed, it is a sentence: `gave up after 2
/// attempts: no attempts were left; the last error was: invalid digit found in string`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GaveUp<T, E> {
    /// Why. A judge that accepts an `Err` makes the call end with it, and the reason is [`Reason::Stopped`].
    pub reason: Reason,
    /// How many attempts were sent; 0 where a gate, a canceller or an invalid policy let none through.
    pub attempts: u32,
    /// The largest hint that was too long for the policy or for the deadline.
    pub hint: Option<Duration>,
    /// The result of the latest attempt that had one: its error, or a value that was not accepted.
    pub last: Option<Result<T, E>>,
    /// The refusal that ended it, where the reason is [`Reason::Refused`]; it names the gate.
    pub refusal: Option<Refusal>,
    /// What is wrong with the policy, where the reason is [`Reason::Invalid`]. `None` with that reason: it has more
    /// lanes than the call has room for.
    pub invalid: Option<PolicyError>,
    /// How many lanes the call had room for.
    pub room: usize,
}

impl<T, E> GaveUp<T, E> {
    /// The result of the latest attempt that had one.
    pub fn into_last(self) -> Option<Result<T, E>> {
        self.last
    }

    /// The result of the latest attempt that had one, and what is left without it: why, in a type that says that there
    /// is none. For adapters whose error is one of the two.
    ///
    /// ```
    /// use insist_core::{Ended, Action, Call, Instant, Policy, Verdict};
    ///
    /// let (policy, now) = (Policy::stop(), Instant::ZERO);
    /// let mut call = Call::new(&policy, &(), now, 7);
    /// let Action::Send(attempt) = call.poll(now) else { unreachable!() };
    /// let _ = call.handle(now, attempt.id, Verdict::retry());
    /// let ended = Ended { action: call.poll(now), last: Some(Err::<(), _>("down")), at: now };
    /// let (last, gave_up) = ended.conclude(&call).unwrap_err().split();
    /// assert_eq!((last, gave_up.attempts), (Some(Err("down")), 1));
    /// ```
    pub fn split(self) -> (Option<Result<T, E>>, GaveUp<Infallible, Infallible>) {
        let Self { reason, attempts, hint, last, refusal, invalid, room } = self;
        (last, GaveUp { reason, attempts, hint, last: None, refusal, invalid, room })
    }

    /// The result of the latest attempt that had one, or what the function makes of the reason: for those who hand on
    /// the operation's own error.
    ///
    /// ```
    /// use insist_core::{GaveUp, Reason};
    /// use std::io::{Error, ErrorKind};
    ///
    /// fn own(gave_up: GaveUp<String, Error>) -> Result<String, Error> {
    ///     gave_up.last_or(|reason| Error::new(ErrorKind::TimedOut, reason.to_string()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of the latest attempt, or the function's.
    pub fn last_or(self, error: impl FnOnce(Reason) -> E) -> Result<T, E> {
        self.last.unwrap_or_else(|| Err(error(self.reason)))
    }
}

impl<T, E: fmt::Display> fmt::Display for GaveUp<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts {
            0 => write!(f, "gave up before anything was sent: {}", self.reason)?,
            1 => write!(f, "gave up after 1 attempt: {}", self.reason)?,
            attempts => write!(f, "gave up after {attempts} attempts: {}", self.reason)?,
        }
        match (self.reason, self.invalid) {
            (Reason::Invalid, Some(invalid)) => write!(f, ": {invalid}")?,
            (Reason::Invalid, None) => {
                let hint = if self.room == 1 { "; race has more" } else { "" };
                write!(f, ": its lanes are more than the {} that the call has room for{hint}", self.room)?;
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
            Some(Err(error)) => write!(f, "; the last error was: {error}"),
            Some(Ok(_)) => f.write_str("; the last result was not accepted"),
            None if self.attempts > 0 => f.write_str("; no attempt had a result"),
            None => Ok(()),
        }
    }
}

/// Prints no value: a response need not be `Debug` for its call to fail with `?`.
impl<T, E: fmt::Debug> fmt::Debug for GaveUp<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last.as_ref().map(|last| last.as_ref().map(|_| ..));
        f.debug_struct("GaveUp")
            .field("reason", &self.reason)
            .field("attempts", &self.attempts)
            .field("hint", &self.hint)
            .field("last", &last)
            .field("refusal", &self.refusal)
            .field("invalid", &self.invalid)
            .field("room", &self.room)
            .finish()
    }
}

/// The source is the last error.
impl<T, E: Error + 'static> Error for GaveUp<T, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.last {
            Some(Err(error)) => Some(error),
            Some(Ok(_)) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    type Gave = GaveUp<u8, core::num::ParseIntError>;

    fn gave_up(reason: Reason, attempts: u32) -> Gave {
        GaveUp { reason, attempts, hint: None, last: None, refusal: None, invalid: None, room: 1 }
    }

    #[test]
    fn it_is_a_sentence() {
        let error = "x".parse::<u8>().unwrap_err();
        let invalid = |invalid, room| Gave { invalid, room, ..gave_up(Reason::Invalid, 0) };
        let refusal = Some(Refusal::new("bulkhead is full"));
        for (gave_up, says) in [
            (
                gave_up(Reason::Deadline, 0),
                "gave up before anything was sent: the deadline left no time for another attempt",
            ),
            (gave_up(Reason::Attempts, 1), "gave up after 1 attempt: no attempts were left; no attempt had a result"),
            (
                Gave { last: Some(Err(error.clone())), ..gave_up(Reason::Attempts, 2) },
                "gave up after 2 attempts: no attempts were left; the last error was: invalid digit found in string",
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
                "gave up before anything was sent: its policy is invalid: its lanes are more than the 1 that the call has room for; race has more",
            ),
            (
                invalid(None, 4),
                "gave up before anything was sent: its policy is invalid: its lanes are more than the 4 that the call has room for",
            ),
        ] {
            assert_eq!(gave_up.to_string(), says);
        }
    }

    #[test]
    fn its_source_is_the_last_error_and_it_prints_no_value() {
        let error = "x".parse::<u8>().unwrap_err();
        let failed = Gave { last: Some(Err(error.clone())), ..gave_up(Reason::Attempts, 2) };
        assert_eq!(failed.source().map(ToString::to_string), Some(error.to_string()));
        let odd = Gave { last: Some(Ok(77)), ..gave_up(Reason::Attempts, 2) };
        assert!(odd.source().is_none() && gave_up(Reason::Attempts, 2).source().is_none());
        let printed = format!("{odd:?}");
        assert!(printed.starts_with("GaveUp { reason: Attempts, attempts: 2") && !printed.contains("77"), "{printed}");
        assert_eq!((odd.into_last(), failed.clone().split().0), (Some(Ok(77)), Some(Err(error))));
        assert_eq!(
            (
                failed.split().1.attempts,
                gave_up(Reason::Attempts, 2).last_or(|_| "y".parse::<u8>().unwrap_err()).is_err()
            ),
            (2, true)
        );
    }
}
