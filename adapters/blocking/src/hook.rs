//! Who sees the decisions of a call: nobody, a user's function, or a log that is being kept for a report.

use std::cell::Cell;

use insist::{Decision, Event, Handled, Log, Policy, Recording};

/// Who sees every decision: `()` is nobody, a function is a hook.
pub trait Hook {
    /// Whether anybody looks. If not, events are not made, and no clock is read for them.
    const LOOKS: bool;

    /// A decision was made.
    fn see(&mut self, event: &Event);
}

impl Hook for () {
    const LOOKS: bool = false;

    #[inline]
    fn see(&mut self, _: &Event) {}
}

impl<F: FnMut(&Event)> Hook for F {
    const LOOKS: bool = true;

    #[inline]
    fn see(&mut self, event: &Event) {
        self(event);
    }
}

/// Both, in order.
impl<A: Hook, B: Hook> Hook for (A, B) {
    const LOOKS: bool = A::LOOKS || B::LOOKS;

    #[inline]
    fn see(&mut self, event: &Event) {
        self.0.see(event);
        self.1.see(event);
    }
}

/// Keeps the log of a call, and hands each event on.
pub(crate) struct Recorder<'d, H, D> {
    hook: H,
    recording: Recording<D>,
    /// What is to be said of the outcome that is being judged.
    detail: &'d Cell<Option<D>>,
}

impl<'d, H: Hook, D> Recorder<'d, H, D> {
    pub(crate) fn new<B>(hook: H, policy: &Policy<B>, detail: &'d Cell<Option<D>>) -> Self {
        Self { hook, recording: Recording::new(policy), detail }
    }

    pub(crate) fn into_log(self) -> Log<D> {
        self.recording.into_log()
    }
}

impl<H: Hook, D> Hook for Recorder<'_, H, D> {
    const LOOKS: bool = true;

    fn see(&mut self, event: &Event) {
        if let Decision::Judged { attempt, handled: Handled::Counted | Handled::Over, .. } = event.decision {
            if let Some(detail) = self.detail.take() {
                self.recording.detail(attempt, detail);
            }
        }
        self.recording.see(event);
        self.hook.see(event);
    }
}
