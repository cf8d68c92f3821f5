//! A gate that remembers its last refusal, so that a report can name it.

use core::cell::Cell;

use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::Kind;
use crate::time::Instant;

/// For drivers: a gate that passes everything on, and remembers the last refusal of the call that it was made for.
///
/// ```
/// use insist::{Admission, Gate, Instant, Kind, Refusal, Watched};
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
