//! Judges: functions that conclude a verdict from an outcome.

use crate::verdict::Verdict;

/// Concludes a verdict from an outcome: `()` retries every error, [`When`] some, a function decides it all.
///
/// ```
/// use insist_core::{Judge, Verdict, When};
///
/// let mut busy = When(|error: &u16| *error == 503);
/// assert_eq!(busy.judge(&Ok::<(), u16>(())), Verdict::Accept);
/// assert_eq!(busy.judge(&Err::<(), u16>(503)), Verdict::retry());
/// assert_eq!(busy.judge(&Err::<(), u16>(404)), Verdict::Stop);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot judge a `Result<{T}, {E}>`",
    note = "a judge is a function `|outcome: &Result<{T}, {E}>| -> Verdict`; `when` takes a function of the error"
)]
pub trait Judge<T, E> {
    /// Returns the verdict on an outcome.
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict;

    /// Returns the verdict on the outcome of the attempt with this number, which is what drivers ask. Default: that of
    /// [`judge`](Self::judge), whatever the number is. [`Numbered`] looks at it.
    #[inline]
    fn judge_attempt(&mut self, attempt: u32, outcome: &Result<T, E>) -> Verdict {
        let _ = attempt;
        self.judge(outcome)
    }
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

/// Accepts an `Ok`, and retries any error, in [`Terms`](crate::Terms) that many calls borrow.
impl<T, E> Judge<T, E> for &() {
    #[inline]
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        ().judge(outcome)
    }
}

/// Accepts an `Ok`, retries the errors that a function says yes to, and stops at the others.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that is to be made by its name")]
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

/// Judges in [`Terms`](crate::Terms) that many calls borrow.
impl<T, E, W: Fn(&E) -> bool> Judge<T, E> for &When<W> {
    #[inline]
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        When(&self.0).judge(outcome)
    }
}

/// Judges by the attempt's number too, from 1: a function of the number and the outcome.
///
/// ```
/// use insist_core::{Judge, Numbered, Verdict};
///
/// // A 404 is tried a second time, because replicas lag, and no third.
/// let mut judge = Numbered(|attempt: u32, outcome: &Result<(), u16>| match outcome {
///     Ok(()) => Verdict::Accept,
///     Err(404) if attempt > 1 => Verdict::Stop,
///     Err(_) => Verdict::retry(),
/// });
/// assert_eq!(judge.judge_attempt(1, &Err(404)), Verdict::retry());
/// assert_eq!(judge.judge_attempt(2, &Err(404)), Verdict::Stop);
/// ```
///
/// Drivers take it with `judge_with`. Asked without a number, it judges as of attempt 1.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that is to be made by its name")]
pub struct Numbered<F>(pub F);

impl<T, E, F: FnMut(u32, &Result<T, E>) -> Verdict> Judge<T, E> for Numbered<F> {
    #[inline]
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        self.judge_attempt(1, outcome)
    }

    #[inline]
    fn judge_attempt(&mut self, attempt: u32, outcome: &Result<T, E>) -> Verdict {
        (self.0)(attempt, outcome)
    }
}

/// Judges in [`Terms`](crate::Terms) that many calls borrow.
impl<T, E, F: Fn(u32, &Result<T, E>) -> Verdict> Judge<T, E> for &Numbered<F> {
    #[inline]
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        self.judge_attempt(1, outcome)
    }

    #[inline]
    fn judge_attempt(&mut self, attempt: u32, outcome: &Result<T, E>) -> Verdict {
        (self.0)(attempt, outcome)
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

    fn judged<T, E>(mut judge: impl Judge<T, E>, outcome: Result<T, E>) -> Verdict {
        judge.judge(&outcome)
    }

    #[test]
    fn errors_are_retried_unless_it_is_said_which() {
        const RETRY: Verdict = Verdict::retry();
        assert_eq!((judged((), Ok::<_, u8>(1)), judged((), Err::<u8, _>(1))), (Verdict::Accept, RETRY));
        let when = |outcome: Result<u8, u8>| judged(When(|error: &u8| *error > 4), outcome);
        assert_eq!([Ok(0), Err(4), Err(5)].map(when), [Verdict::Accept, Verdict::Stop, RETRY]);
        let own =
            |outcome| judged(|outcome: &Result<u8, u8>| if outcome.is_ok() { RETRY } else { Verdict::Stop }, outcome);
        assert_eq!([Ok(0), Err(4)].map(own), [RETRY, Verdict::Stop]);
    }
}
