//! An operation that fails so many times and then succeeds.

/// The state that its closure captures: 8 bytes.
pub(crate) struct Operation {
    failures: u32,
    attempts: u32,
}

impl Operation {
    #[inline]
    pub(crate) const fn new(failures: u32) -> Self {
        Self { failures, attempts: 0 }
    }

    /// The next attempt: its number, as a value or as an error.
    #[inline]
    pub(crate) fn attempt(&mut self) -> Result<u32, u32> {
        self.attempts += 1;
        if self.attempts > self.failures { Ok(self.attempts) } else { Err(self.attempts) }
    }

    /// The same as a function of its own: a real operation is not folded into the loop around it.
    #[inline(never)]
    pub(crate) fn attempt_apart(&mut self) -> Result<u32, u32> {
        self.attempt()
    }
}
