//! Who sees the decisions of a call: nobody, or a user's function.

use crate::event::Event;

/// Who sees every decision: `()` is nobody, a function is a hook, a pair is both in order.
///
/// `T` and `E` are what attempts end with.
pub trait Hook<T, E> {
    /// Whether anybody looks. If not, events are not made, and no clock is read for them.
    const LOOKS: bool;

    /// An attempt has ended with this; its verdict is the next event. Default: not looked at.
    #[inline]
    fn outcome(&mut self, attempt: u32, outcome: &Result<T, E>) {
        let _ = (attempt, outcome);
    }

    /// A decision was made.
    fn see(&mut self, event: &Event);
}

impl<T, E> Hook<T, E> for () {
    const LOOKS: bool = false;

    #[inline]
    fn see(&mut self, _: &Event) {}
}

impl<T, E, F: FnMut(&Event)> Hook<T, E> for F {
    const LOOKS: bool = true;

    #[inline]
    fn see(&mut self, event: &Event) {
        self(event);
    }
}

impl<T, E, A: Hook<T, E>, B: Hook<T, E>> Hook<T, E> for (A, B) {
    const LOOKS: bool = A::LOOKS || B::LOOKS;

    #[inline]
    fn outcome(&mut self, attempt: u32, outcome: &Result<T, E>) {
        self.0.outcome(attempt, outcome);
        self.1.outcome(attempt, outcome);
    }

    #[inline]
    fn see(&mut self, event: &Event) {
        self.0.see(event);
        self.1.see(event);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::action::Action;
    use crate::event::Decision;
    use crate::time::Instant;

    #[derive(Default)]
    struct Both(Vec<&'static str>);

    impl Hook<u8, u8> for &mut Both {
        const LOOKS: bool = true;

        fn outcome(&mut self, _: u32, _: &Result<u8, u8>) {
            self.0.push("outcome");
        }

        fn see(&mut self, _: &Event) {
            self.0.push("event");
        }
    }

    fn looks<H: Hook<u8, u8>>(_: &H) -> bool {
        H::LOOKS
    }

    fn tell(mut hook: impl Hook<u8, u8>) -> bool {
        hook.outcome(1, &Ok(1));
        hook.see(&Event::new(Instant::ZERO, Decision::Action(Action::Return(1))));
        looks(&hook)
    }

    #[test]
    fn a_pair_is_both_and_looks_if_one_does() {
        let (mut first, mut second, mut seen) = (Both::default(), Both::default(), 0);
        assert!(tell((&mut first, &mut second)));
        assert!(tell(((), |_: &Event| seen += 1)) && tell((&mut first, ())));
        assert!(!tell(()) && !tell(((), ())));
        assert_eq!(
            (first.0.as_slice(), second.0.as_slice(), seen),
            (&["outcome", "event"].repeat(2)[..], &["outcome", "event"][..], 1)
        );
    }
}
