//! What is concluded from an outcome: by default, from its error alone, or by the user's own judgement.

use crate::verdict::Verdict;

/// What concludes a verdict from an outcome: `()` retries every error, [`When`] some, a function decides it all.
///
/// ```
/// use insist_core::{Judge, Verdict, When};
///
/// let mut busy = When(|error: &u16| *error == 503);
/// assert_eq!(busy.judge(&Ok::<(), u16>(())), Verdict::Accept);
/// assert_eq!(busy.judge(&Err::<(), u16>(503)), Verdict::retry());
/// assert_eq!(busy.judge(&Err::<(), u16>(404)), Verdict::Stop);
/// ```
pub trait Judge<T, E> {
    /// The verdict on an outcome.
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict;
}

/// Accepts an `Ok`, and retries any error.
impl<T, E> Judge<T, E> for () {
    #[inline]
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Accept,
            Err(_) => Verdict::retry(),
        }
    }
}

/// Accepts an `Ok`, retries the errors that a function says yes to, and stops at the others.
#[derive(Clone, Copy, Debug)]
pub struct When<W>(pub W);

impl<T, E, W: FnMut(&E) -> bool> Judge<T, E> for When<W> {
    #[inline]
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Accept,
            Err(error) if (self.0)(error) => Verdict::retry(),
            Err(_) => Verdict::Stop,
        }
    }
}

impl<T, E, F: FnMut(&Result<T, E>) -> Verdict> Judge<T, E> for F {
    #[inline]
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        self(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sent;

    fn judged<T, E>(mut judge: impl Judge<T, E>, outcome: Result<T, E>) -> Verdict {
        judge.judge(&outcome)
    }

    #[test]
    fn errors_are_retried_unless_it_is_said_which() {
        const RETRY: Verdict = Verdict::Retry { sent: Sent::Maybe, hint: None };
        assert_eq!((judged((), Ok::<_, u8>(1)), judged((), Err::<u8, _>(1))), (Verdict::Accept, RETRY));
        let when = |outcome: Result<u8, u8>| judged(When(|error: &u8| *error > 4), outcome);
        assert_eq!([Ok(0), Err(4), Err(5)].map(when), [Verdict::Accept, Verdict::Stop, RETRY]);
        let own =
            |outcome| judged(|outcome: &Result<u8, u8>| if outcome.is_ok() { RETRY } else { Verdict::Stop }, outcome);
        assert_eq!([Ok(0), Err(4)].map(own), [RETRY, Verdict::Stop]);
    }
}
