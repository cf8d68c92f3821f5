//! An operation that fails so many times and then succeeds.

use insist_core::NoOutcome;

/// The state that its closure captures: 8 bytes.
pub(crate) struct Operation {
    failures: u32,
    attempts: u32,
}

/// Holds what a failed attempt ends with: its number. A call without an outcome, which is not measured, ends with 0.
#[derive(Clone, Copy, Debug)]
pub struct Failed(u32);

impl From<NoOutcome> for Failed {
    fn from(_: NoOutcome) -> Self {
        Self(0)
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "attempt {} failed", self.0)
    }
}

impl std::error::Error for Failed {}

impl Operation {
    #[inline]
    pub(crate) const fn new(failures: u32) -> Self {
        Self { failures, attempts: 0 }
    }

    /// The next attempt: its number, as a value or as an error. A function of its own, as a real operation is: it is not
    /// folded into the loop around it.
    #[inline(never)]
    pub(crate) fn attempt(&mut self) -> Result<u32, Failed> {
        self.attempts += 1;
        if self.attempts > self.failures { Ok(self.attempts) } else { Err(Failed(self.attempts)) }
    }
}
