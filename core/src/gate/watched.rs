//! A gate that remembers its last refusal, so that a report can name it.

use core::cell::Cell;

use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::Kind;
use crate::time::Instant;

/// For drivers: a gate that passes everything on, and remembers the last refusal of the call that it was made for.
///
/// ```
/// use insist_core::{Admission, Gate, Instant, Kind, Refusal, Watched};
///
/// struct Closed;
/// impl Gate for Closed {
///     fn admit(&self, _: Instant, _: Kind) -> Admission {
///         Admission::No(Refusal::new("closed for the night"))
///     }
/// }
///
/// let gate = Watched::new(&Closed);
/// assert_eq!(gate.last_refusal(), None);
/// let _ = gate.admit(Instant::ZERO, Kind::First);
/// assert_eq!(gate.last_refusal().map(Refusal::why), Some("closed for the night"));
/// ```
#[derive(Debug)]
pub struct Watched<G> {
    gate: G,
    refusal: Cell<Option<Refusal>>,
}

impl<G> Watched<G> {
    /// Watches a gate (`&budget`, an `Arc`, a tuple of these) for one call.
    #[inline]
    pub const fn new(gate: G) -> Self {
        Self { gate, refusal: Cell::new(None) }
    }
}

impl<G: Gate> Gate for Watched<G> {
    #[inline]
    fn reserve(&self, now: Instant, kind: Kind) -> Result<(), Refusal> {
        self.gate.reserve(now, kind).inspect_err(|refusal| self.refusal.set(Some(*refusal)))
    }

    #[inline]
    fn refund(&self, now: Instant, kind: Kind, reserved: Instant) {
        self.gate.refund(now, kind, reserved);
    }

    #[inline]
    fn admit(&self, now: Instant, kind: Kind) -> Admission {
        let admission = self.gate.admit(now, kind);
        match admission {
            Admission::Yes => {}
            Admission::No(refusal) => self.refusal.set(Some(refusal)),
            Admission::NotBefore(_) => self.refusal.set(Some(Refusal::new("a gate's wait leaves no time"))),
        }
        admission
    }

    #[inline]
    fn settle(&self, now: Instant, kind: Kind, settled: Settled) {
        self.gate.settle(now, kind, settled);
    }

    /// Where a call gave up because a gate refused: that refusal.
    #[inline]
    fn last_refusal(&self) -> Option<Refusal> {
        self.refusal.get()
    }

    #[inline]
    fn is_timeless(&self) -> bool {
        self.gate.is_timeless()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{Budget, Bulkhead};

    #[test]
    fn the_latest_refusal_is_remembered() {
        let (budget, bulkhead) = (Budget::new(0.1).with_reserve(0), Bulkhead::new(0));
        let gate = Watched::new((&budget, &bulkhead));
        assert_eq!(gate.last_refusal(), None);
        let refusal = gate.reserve(Instant::ZERO, Kind::Retry).unwrap_err();
        assert_eq!(gate.last_refusal(), Some(refusal));
        let Admission::No(other) = gate.admit(Instant::ZERO, Kind::First) else { panic!() };
        assert_eq!(gate.last_refusal(), Some(other));
        assert_ne!(refusal, other);
    }

    #[test]
    fn a_wait_may_be_the_refusal_and_an_admission_is_none() {
        let bulkhead = Bulkhead::new(1).waiting(Duration::from_millis(1));
        let gate = Watched::new(&bulkhead);
        assert_eq!((gate.admit(Instant::ZERO, Kind::First), gate.last_refusal()), (Admission::Yes, None));
        assert!(matches!(gate.admit(Instant::ZERO, Kind::First), Admission::NotBefore(_)));
        assert!(gate.last_refusal().is_some());
    }

    #[test]
    fn what_it_watches_is_told_everything() {
        let budget = Budget::new(1.0).with_reserve(5);
        let gate = Watched::new(&budget);
        assert_eq!(gate.admit(Instant::ZERO, Kind::First), Admission::Yes);
        assert_eq!(gate.reserve(Instant::ZERO, Kind::Retry), Ok(()));
        assert_eq!((budget.state(Instant::ZERO).firsts, budget.state(Instant::ZERO).charged), (1, 1));
        gate.refund(Instant::ZERO, Kind::Retry, Instant::ZERO);
        gate.settle(Instant::ZERO, Kind::First, Settled::Unsent);
        assert_eq!((budget.state(Instant::ZERO).firsts, budget.state(Instant::ZERO).charged), (0, 0));
    }
}
