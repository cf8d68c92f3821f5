//! Failsafe's budget as a gate: retries and hedges may be a share of all that is in flight, and a few always may be.
//!
//! It knows nothing of time. A retry counts from its promise on, so also while it waits.

use std::cell::Cell;

use insist_core::{Admission, Cause, Gate, Instant, Kind, Refusal, Settled};

pub(crate) struct ConcurrencyBudget {
    share: f64,
    always: u32,
    /// All attempts that are in flight or promised.
    all: Cell<u32>,
    /// Those of them that are retries and hedges.
    extra: Cell<u32>,
}

impl ConcurrencyBudget {
    pub(crate) fn new(share: f64, always: u32) -> Self {
        Self { share, always, all: Cell::new(0), extra: Cell::new(0) }
    }

    /// How many attempts are in flight or promised, and how many of them are retries and hedges.
    pub(crate) fn counts(&self) -> (u32, u32) {
        (self.all.get(), self.extra.get())
    }

    fn is_exceeded(&self) -> bool {
        let share = f64::from(self.extra.get()) / f64::from(self.all.get());
        self.extra.get() >= self.always && share > self.share
    }

    fn leave(&self, kind: Kind) {
        self.all.set(self.all.get() - 1);
        if kind != Kind::First {
            self.extra.set(self.extra.get() - 1);
        }
    }
}

impl Gate for ConcurrencyBudget {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.is_exceeded() {
            return Err(Refusal::new(&"too many retries and hedges are in flight"));
        }
        self.all.set(self.all.get() + 1);
        self.extra.set(self.extra.get() + 1);
        Ok(())
    }

    fn refund(&self, _: Instant, cause: &Cause, _: Instant) {
        self.leave(cause.kind);
    }

    fn admit(&self, _: Instant, cause: &Cause) -> Admission {
        if cause.kind == Kind::First {
            self.all.set(self.all.get() + 1);
        }
        Admission::Yes
    }

    fn settle(&self, _: Instant, cause: &Cause, settled: &Settled) {
        // A retry or hedge that another gate held back is still reserved, or is refunded next.
        if cause.kind == Kind::First || !matches!(settled, Settled::Unsent(_)) {
            self.leave(cause.kind);
        }
    }

    fn is_timeless(&self) -> bool {
        true
    }
}
