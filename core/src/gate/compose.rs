//! Gates made of gates: none, borrowed, shared, several.

use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::Kind;
use crate::time::Instant;

/// The gate that does nothing.
impl Gate for () {
    #[inline]
    fn is_timeless(&self) -> bool {
        true
    }
}

macro_rules! pass_through {
    ($pointer:ty) => {
        impl<G: Gate + ?Sized> Gate for $pointer {
            #[inline]
            fn reserve(&self, now: Instant, kind: Kind) -> Result<(), Refusal> {
                (**self).reserve(now, kind)
            }
            #[inline]
            fn refund(&self, now: Instant, kind: Kind, reserved: Instant) {
                (**self).refund(now, kind, reserved);
            }
            #[inline]
            fn admit(&self, now: Instant, kind: Kind) -> Admission {
                (**self).admit(now, kind)
            }
            #[inline]
            fn settle(&self, now: Instant, kind: Kind, settled: Settled) {
                (**self).settle(now, kind, settled);
            }
            #[inline]
            fn last_refusal(&self) -> Option<Refusal> {
                (**self).last_refusal()
            }
            #[inline]
            fn is_timeless(&self) -> bool {
                (**self).is_timeless()
            }
        }
    };
}

pass_through!(&G);
#[cfg(feature = "alloc")]
pass_through!(alloc::boxed::Box<G>);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pass_through!(alloc::sync::Arc<G>);

/// Asks the first, then the second, and gives back to the first what the second refuses.
///
/// Where both hold an attempt back, the first is asked again once its instant has come, and then the second.
impl<A: Gate, B: Gate> Gate for (A, B) {
    #[inline]
    fn reserve(&self, now: Instant, kind: Kind) -> Result<(), Refusal> {
        self.0.reserve(now, kind)?;
        self.1.reserve(now, kind).inspect_err(|_| self.0.refund(now, kind, now))
    }

    fn refund(&self, now: Instant, kind: Kind, reserved: Instant) {
        self.0.refund(now, kind, reserved);
        self.1.refund(now, kind, reserved);
    }

    #[inline]
    fn admit(&self, now: Instant, kind: Kind) -> Admission {
        let first = self.0.admit(now, kind);
        if first != Admission::Yes {
            return first;
        }
        let second = self.1.admit(now, kind);
        if second != Admission::Yes {
            self.0.settle(now, kind, Settled::Unsent);
        }
        second
    }

    #[inline]
    fn settle(&self, now: Instant, kind: Kind, settled: Settled) {
        self.0.settle(now, kind, settled);
        self.1.settle(now, kind, settled);
    }

    fn is_timeless(&self) -> bool {
        self.0.is_timeless() && self.1.is_timeless()
    }
}

macro_rules! tuple {
    ($($gate:ident $index:tt),+) => {
        /// The same as the pairs that it nests: members are asked in order.
        impl<$($gate: Gate),+> Gate for ($($gate,)+) {
            fn reserve(&self, now: Instant, kind: Kind) -> Result<(), Refusal> {
                tuple!(nest self $($index)+).reserve(now, kind)
            }
            fn refund(&self, now: Instant, kind: Kind, reserved: Instant) {
                tuple!(nest self $($index)+).refund(now, kind, reserved);
            }
            fn admit(&self, now: Instant, kind: Kind) -> Admission {
                tuple!(nest self $($index)+).admit(now, kind)
            }
            fn settle(&self, now: Instant, kind: Kind, settled: Settled) {
                tuple!(nest self $($index)+).settle(now, kind, settled);
            }
            fn is_timeless(&self) -> bool {
                tuple!(nest self $($index)+).is_timeless()
            }
        }
    };
    (nest $self:ident $last:tt) => { &$self.$last };
    (nest $self:ident $first:tt $($rest:tt)+) => { (&$self.$first, tuple!(nest $self $($rest)+)) };
}

tuple!(A 0);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::super::{Bulkhead, Watched};
    use super::Gate;

    #[test]
    fn several_gates_are_timeless_if_each_is() {
        let timeless = Bulkhead::new(1);
        let waits = Bulkhead::new(1).waiting(Duration::from_millis(1));
        assert!(().is_timeless() && timeless.is_timeless() && !waits.is_timeless());
        assert!((&timeless, &()).is_timeless() && (&timeless, (), &timeless, ()).is_timeless());
        assert!(!(&timeless, &waits).is_timeless() && !(&waits, &timeless).is_timeless());
        assert!(!(&waits,).is_timeless() && !(&waits, (), ()).is_timeless());
        assert!(Watched::new(&timeless).is_timeless() && !Watched::new(&waits).is_timeless());
    }
}
