//! Tenacity's `stop_all` as a gate for one call: it refuses a retry once both limits are reached, where a policy ends
//! a call at the first.

use std::cell::Cell;
use std::time::Duration;

use insist_core::{Cause, Gate, Instant, Refusal};

pub(crate) struct BothLimits {
    attempts: u32,
    span: Duration,
    failed: Cell<u32>,
}

impl BothLimits {
    /// For a call that starts at the origin.
    pub(crate) fn new(attempts: u32, span: Duration) -> Self {
        Self { attempts, span, failed: Cell::new(0) }
    }
}

impl Gate for BothLimits {
    fn reserve(&self, now: Instant, _: &Cause) -> Result<(), Refusal> {
        self.failed.set(self.failed.get() + 1);
        let elapsed = now.saturating_since(Instant::ZERO);
        if self.failed.get() >= self.attempts && elapsed >= self.span {
            return Err(Refusal::new(&"attempts and time are both used up"));
        }
        Ok(())
    }
}
