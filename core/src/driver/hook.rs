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
