//! What a handler says of an attempt.

use std::fmt;

use insist_core::Verdict;

use crate::log::one_line;

/// Tells what came of an attempt: the verdict, and what operators are shown of it.
///
/// A [`Verdict`] is one, and so is a `Result` whose error can be printed: `Ok` is accepted, an error is retried.
///
/// ```
/// use insist_store::{Outcome, Verdict};
///
/// let busy = Outcome::new(Verdict::retry().throttled()).status(429).error("the shop is busy");
/// let done: Outcome = Ok::<(), std::io::Error>(()).into();
/// assert_eq!(done, Outcome::new(Verdict::Accept));
/// # let _ = busy;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an outcome counts once the handler returns it"]
pub struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    pub(crate) holds_target: bool,
}

impl Outcome {
    /// Makes an outcome of a verdict.
    pub const fn new(verdict: Verdict) -> Self {
        Self { verdict, status: None, error: None, holds_target: true }
    }

    /// Sets the status of the answer.
    pub const fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets what was wrong: kept on one line of at most 240 bytes. Leave secrets out of it.
    pub fn error(mut self, error: impl fmt::Display) -> Self {
        self.error = Some(one_line(&error.to_string()));
        self
    }

    /// Says that a hint in the verdict is about this call alone. Default: it holds up all calls to its target, for all
    /// workers.
    pub const fn hint_is_for_this_call(mut self) -> Self {
        self.holds_target = false;
        self
    }
}

/// Prints a line of a log: `retry, status 503, Service Unavailable`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verdict.as_str())?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        match &self.error {
            Some(error) => write!(f, ", {error}"),
            None => Ok(()),
        }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        Self::new(verdict)
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::new(Verdict::Accept),
            Err(error) => Self::new(Verdict::retry()).error(error),
        }
    }
}
