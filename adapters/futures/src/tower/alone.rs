//! A gate that keeps a call to one lane, because its request cannot be sent by two attempts at once.

use insist_core::{Cause, Gate, HedgeAfter, Instant, Kind, Percentile, Refusal};

/// Refuses to open further lanes, if it is true.
#[expect(unnameable_types, reason = "plumbing of ResponseFuture")]
#[derive(Clone, Copy, Debug)]
pub struct Alone(pub(super) bool);

impl Gate for Alone {
    #[inline]
    fn reserve(&self, _: Instant, cause: &Cause) -> Result<(), Refusal> {
        if self.0 && cause.kind == Kind::Hedge {
            return Err(Refusal::new(&"the body is longer than what is kept of one, so it has one lane"));
        }
        Ok(())
    }

    #[inline]
    fn hedge_after(&self, _: Instant, _: Option<Percentile>) -> HedgeAfter {
        if self.0 { HedgeAfter::Never } else { HedgeAfter::Policy }
    }

    #[inline]
    fn is_timeless(&self) -> bool {
        true
    }

    #[inline]
    fn is_open(&self) -> bool {
        !self.0
    }
}
