//! Gates made of gates: none, borrowed, shared, several.

use super::{Admission, Gate, HedgeAfter, Refusal, Settled};
use crate::attempt::Cause;
use crate::percentile::Percentile;
use crate::time::Instant;

/// The gate that does nothing.
impl Gate for () {
    #[inline]
    fn is_timeless(&self) -> bool {
        true
    }

    #[inline]
    fn is_open(&self) -> bool {
        true
    }
}

macro_rules! pass_through {
    ($pointer:ty) => {
        impl<G: Gate + ?Sized> Gate for $pointer {
            #[inline]
            fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
                (**self).reserve(now, cause)
            }
            #[inline]
            fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
                (**self).refund(now, cause, reserved);
            }
            #[inline]
            fn admit(&self, now: Instant, cause: &Cause) -> Admission {
                (**self).admit(now, cause)
            }
            #[inline]
            fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
                (**self).settle(now, cause, settled);
            }
            #[inline]
            fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
                (**self).hedge_after(now, percentile)
            }
            #[inline]
            fn is_timeless(&self) -> bool {
                (**self).is_timeless()
            }
            #[inline]
            fn is_open(&self) -> bool {
                (**self).is_open()
            }
            fn is_holding(&self, now: Instant) -> bool {
                (**self).is_holding(now)
            }
        }
    };
}

pass_through!(&G);
#[cfg(feature = "alloc")]
pass_through!(alloc::boxed::Box<G>);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pass_through!(alloc::sync::Arc<G>);

/// Asks the gate if there is one.
impl<G: Gate> Gate for Option<G> {
    #[inline]
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        self.as_ref().map_or(Ok(()), |gate| gate.reserve(now, cause))
    }

    #[inline]
    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        if let Some(gate) = self {
            gate.refund(now, cause, reserved);
        }
    }

    #[inline]
    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        self.as_ref().map_or(Admission::Yes, |gate| gate.admit(now, cause))
    }

    #[inline]
    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Some(gate) = self {
            gate.settle(now, cause, settled);
        }
    }

    #[inline]
    fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
        self.as_ref().map_or(HedgeAfter::Policy, |gate| gate.hedge_after(now, percentile))
    }

    #[inline]
    fn is_timeless(&self) -> bool {
        self.as_ref().is_none_or(Gate::is_timeless)
    }

    #[inline]
    fn is_open(&self) -> bool {
        self.as_ref().is_none_or(Gate::is_open)
    }

    fn is_holding(&self, now: Instant) -> bool {
        self.as_ref().is_some_and(|gate| gate.is_holding(now))
    }
}

/// Asks the first, then the second, and gives back to the first what the second refuses.
///
/// Where both hold an attempt back, the first is asked again once its instant has come, and then the second.
impl<A: Gate, B: Gate> Gate for (A, B) {
    #[inline]
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        self.0.reserve(now, cause)?;
        self.1.reserve(now, cause).inspect_err(|_| self.0.refund(now, cause, now))
    }

    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        self.0.refund(now, cause, reserved);
        self.1.refund(now, cause, reserved);
    }

    #[inline]
    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        let first = self.0.admit(now, cause);
        if first != Admission::Yes {
            return first;
        }
        let second = self.1.admit(now, cause);
        if second != Admission::Yes {
            self.0.settle(now, cause, &Settled::Unsent(now));
        }
        second
    }

    #[inline]
    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        self.0.settle(now, cause, settled);
        self.1.settle(now, cause, settled);
    }

    #[inline]
    fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
        self.0.hedge_after(now, percentile).and(self.1.hedge_after(now, percentile))
    }

    fn is_timeless(&self) -> bool {
        self.0.is_timeless() && self.1.is_timeless()
    }

    #[inline]
    fn is_open(&self) -> bool {
        self.0.is_open() && self.1.is_open()
    }

    fn is_holding(&self, now: Instant) -> bool {
        self.0.is_holding(now) || self.1.is_holding(now)
    }
}

macro_rules! tuple {
    ($($gate:ident $index:tt),+) => {
        /// Asks its members in order, as nested pairs would.
        impl<$($gate: Gate),+> Gate for ($($gate,)+) {
            fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
                tuple!(nest self $($index)+).reserve(now, cause)
            }
            fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
                tuple!(nest self $($index)+).refund(now, cause, reserved);
            }
            fn admit(&self, now: Instant, cause: &Cause) -> Admission {
                tuple!(nest self $($index)+).admit(now, cause)
            }
            fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
                tuple!(nest self $($index)+).settle(now, cause, settled);
            }
            fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
                tuple!(nest self $($index)+).hedge_after(now, percentile)
            }
            fn is_timeless(&self) -> bool {
                tuple!(nest self $($index)+).is_timeless()
            }
            fn is_open(&self) -> bool {
                tuple!(nest self $($index)+).is_open()
            }
            fn is_holding(&self, now: Instant) -> bool {
                tuple!(nest self $($index)+).is_holding(now)
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

    use super::super::{Bulkhead, Pause, Settled};
    use super::{Admission, Cause, Gate};
    use crate::attempt::AttemptEnd;
    use crate::time::Instant;

    #[test]
    fn several_gates_are_timeless_if_each_is() {
        let timeless = Bulkhead::new(1);
        let waits = Bulkhead::new(1).waiting(Duration::from_millis(1));
        assert!(().is_timeless() && timeless.is_timeless() && !waits.is_timeless());
        assert!((&timeless, &()).is_timeless() && (&timeless, (), &timeless, ()).is_timeless());
        assert!(!(&timeless, &waits).is_timeless() && !(&waits, &timeless).is_timeless());
        assert!(!(&waits,).is_timeless() && !(&waits, (), ()).is_timeless());
        assert!(Some(&timeless).is_timeless() && !Some(&waits).is_timeless() && None::<Bulkhead>.is_timeless());
    }

    #[test]
    fn several_gates_are_open_if_there_is_none_among_them() {
        let gate = Bulkhead::new(1);
        assert!(().is_open() && None::<Bulkhead>.is_open() && ((), None::<Bulkhead>, &()).is_open());
        assert!(!gate.is_open() && !Some(&gate).is_open() && !((), &gate).is_open() && !(&gate, (), ()).is_open());
    }

    #[test]
    fn several_gates_hold_if_one_does() {
        let (now, told) = (Instant::ZERO, crate::Verdict::retry().after(Duration::from_secs(1)).into());
        let (holds, lets) = (Pause::new(), Pause::new());
        holds.settle(now, &Cause::FIRST, &Settled::Ended(told, now));
        assert!(holds.is_holding(now) && Some(&holds).is_holding(now));
        assert!((&lets, &holds).is_holding(now) && (&holds, &lets, &lets).is_holding(now));
        assert!(!(&lets, (), &lets).is_holding(now) && !None::<Pause>.is_holding(now));
        assert!(!holds.is_holding(now.checked_add(Duration::from_secs(1)).unwrap()));
    }

    #[test]
    fn a_gate_that_may_be_missing_is_told_everything_if_it_is_there() {
        let (now, bulkhead) = (Instant::ZERO, Bulkhead::new(1));
        assert_eq!([(); 2].map(|()| None::<&Bulkhead>.admit(now, &Cause::FIRST)), [Admission::Yes; 2]);
        let gate = Some(&bulkhead);
        assert_eq!(gate.admit(now, &Cause::FIRST), Admission::Yes);
        assert!(matches!(gate.admit(now, &Cause::HEDGE), Admission::No(_)));
        gate.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, now));
        assert_eq!(bulkhead.in_flight(), 0);
    }
}
