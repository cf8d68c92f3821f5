//! Makes gates patient: a call in a store has time, so what a gate refuses is put off and does not end the call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use insist_core::{Admission, Cause, Gate, Instant, Refusal, Settled};

use super::SharedGate;

/// Sets how long a refused attempt waits before its gate is asked again: 1 second.
const PATIENCE: Duration = Duration::from_secs(1);

/// The gate of one call: its process's, if there is one.
pub(super) struct Patient {
    inner: Option<SharedGate>,
    /// Says whether the retry that waits was refused when it was to be reserved, so that there is nothing to refund.
    is_refused: AtomicBool,
}

impl Patient {
    pub(super) fn new(inner: Option<SharedGate>) -> Self {
        Self { inner, is_refused: AtomicBool::new(false) }
    }

    fn set_refused(&self, is_refused: bool) -> bool {
        self.is_refused.swap(is_refused, Ordering::Relaxed)
    }
}

fn later(now: Instant) -> Admission {
    now.checked_add(PATIENCE).map_or(Admission::No(Refusal::new(&"the gate refuses for ever")), Admission::NotBefore)
}

impl Gate for Patient {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        let Some(gate) = &self.inner else { return Ok(()) };
        self.set_refused(gate.reserve(now, cause).is_err());
        Ok(())
    }

    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        let Some(gate) = &self.inner else { return };
        if !self.set_refused(false) {
            gate.refund(now, cause, reserved);
        }
    }

    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        let Some(gate) = &self.inner else { return Admission::Yes };
        if self.set_refused(false) {
            // What was refused before the wait is asked for again, now that it is due.
            if gate.reserve(now, cause).is_err() {
                self.set_refused(true);
                return later(now);
            }
        }
        match gate.admit(now, cause) {
            Admission::No(_) => later(now),
            admission => admission,
        }
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Some(gate) = &self.inner {
            gate.settle(now, cause, settled);
        }
    }
}
