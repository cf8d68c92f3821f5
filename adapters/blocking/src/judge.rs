//! What is concluded from an outcome: by default, from its error alone, or by the user's own judgement.

use std::cell::Cell;

use insist::Verdict;

/// What concludes a verdict from an outcome: `()` retries every error, [`When`] some, a function decides it all.
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
pub struct When<W>(pub(crate) W);

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

/// Judges as another does, and keeps what the log is to say of the outcome.
pub(crate) struct Describe<'d, J, F, D> {
    pub(crate) judge: J,
    pub(crate) detail: F,
    pub(crate) current: &'d Cell<Option<D>>,
}

impl<T, E, J: Judge<T, E>, F: FnMut(&Result<T, E>) -> D, D> Judge<T, E> for Describe<'_, J, F, D> {
    fn judge(&mut self, outcome: &Result<T, E>) -> Verdict {
        self.current.set(Some((self.detail)(outcome)));
        self.judge.judge(outcome)
    }
}
