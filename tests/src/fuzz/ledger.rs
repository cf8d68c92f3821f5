//! A gate that keeps count of what it let pass, and panics when it is given back what it never gave (law 12).

use std::cell::Cell;

use insist_core::{Admission, Cause, Gate, Instant, Kind, Refusal, Settled};

pub(super) struct Ledger<G> {
    gate: G,
    retries: Cell<u32>,
    hedges: Cell<u32>,
    in_flight: Cell<u32>,
}

impl<G> Ledger<G> {
    pub(super) const fn new(gate: G) -> Self {
        Self { gate, retries: Cell::new(0), hedges: Cell::new(0), in_flight: Cell::new(0) }
    }

    /// Uses up what was reserved for it.
    pub(super) fn sent(&self, kind: Kind) {
        if let Some(reserved) = self.of(kind) {
            take(reserved, "an attempt was sent that was not reserved");
        }
    }

    /// Returns what was admitted and has not ended.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.get() as usize
    }

    /// Returns whether everything was given back.
    pub(super) fn is_even(&self) -> bool {
        [&self.retries, &self.hedges, &self.in_flight].into_iter().all(|count| count.get() == 0)
    }

    const fn of(&self, kind: Kind) -> Option<&Cell<u32>> {
        match kind {
            Kind::Retry => Some(&self.retries),
            Kind::Hedge => Some(&self.hedges),
            _ => None,
        }
    }
}

fn take(count: &Cell<u32>, why: &str) {
    count.set(count.get().checked_sub(1).unwrap_or_else(|| panic!("law 12: {why}")));
}

impl<G: Gate> Gate for Ledger<G> {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        self.gate.reserve(now, cause)?;
        if let Some(reserved) = self.of(cause.kind) {
            reserved.set(reserved.get() + 1);
        }
        Ok(())
    }

    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        if let Some(reserved) = self.of(cause.kind) {
            take(reserved, "it was refunded what was not reserved");
        }
        self.gate.refund(now, cause, reserved);
    }

    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        let admission = self.gate.admit(now, cause);
        if admission == Admission::Yes {
            self.in_flight.set(self.in_flight.get() + 1);
        }
        admission
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        take(&self.in_flight, "it was told the end of what was not admitted");
        if let (Settled::Unsent(_), Some(reserved)) = (settled, self.of(cause.kind)) {
            reserved.set(reserved.get() + 1);
        }
        self.gate.settle(now, cause, settled);
    }
}
