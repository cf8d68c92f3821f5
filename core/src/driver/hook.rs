//! Hooks: functions that see the decisions of a call.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use crate::action::{Action, CancelReason};
use crate::call::Handled;
use crate::event::{Decision, Event};
use crate::time::Instant;

/// Sees every decision of a call, with the outcome that it was made from: `()` is nobody, a function is a hook, a pair
/// is both in order. `&mut dyn Hook<T, E>` and `Box<dyn Hook<T, E> + Send>` are hooks too.
///
/// `T` and `E` are what attempts end with.
pub trait Hook<T, E> {
    /// Returns whether the hook listens. It is called once, before the call starts; if false, no event is made, no
    /// clock is read for one, and the other functions are not called. Default: true.
    #[inline]
    fn is_listening(&self) -> bool {
        true
    }

    /// Receives a decision.
    fn on_event(&mut self, event: &Event<'_, T, E>);

    /// Runs before the work of an attempt on this thread, as [`leave`](Self::leave) runs after it: for hooks that put
    /// an attempt's work into a context, such as a span. Default: does nothing.
    ///
    /// Such work is making an attempt's future, each poll of it, or a run of a blocking operation.
    #[inline]
    fn enter(&mut self, attempt: u32) {
        let _ = attempt;
    }

    /// Runs after the work of an attempt on this thread, also if it panicked. Default: does nothing.
    #[inline]
    fn leave(&mut self, attempt: u32) {
        let _ = attempt;
    }
}

/// No hook.
impl<T, E> Hook<T, E> for () {
    #[inline]
    fn is_listening(&self) -> bool {
        false
    }

    #[inline]
    fn on_event(&mut self, _: &Event<'_, T, E>) {}
}

impl<T, E, F: FnMut(&Event<'_, T, E>)> Hook<T, E> for F {
    #[inline]
    fn on_event(&mut self, event: &Event<'_, T, E>) {
        self(event);
    }
}

/// Tells both hooks, in order.
impl<T, E, A: Hook<T, E>, B: Hook<T, E>> Hook<T, E> for (A, B) {
    #[inline]
    fn is_listening(&self) -> bool {
        self.0.is_listening() || self.1.is_listening()
    }

    #[inline]
    fn on_event(&mut self, event: &Event<'_, T, E>) {
        self.0.on_event(event);
        self.1.on_event(event);
    }

    #[inline]
    fn enter(&mut self, attempt: u32) {
        self.0.enter(attempt);
        self.1.enter(attempt);
    }

    #[inline]
    fn leave(&mut self, attempt: u32) {
        self.1.leave(attempt);
        self.0.leave(attempt);
    }
}

macro_rules! object {
    ($($object:ty),+) => {
        $(
            impl<T, E> Hook<T, E> for $object {
                fn is_listening(&self) -> bool {
                    (**self).is_listening()
                }

                fn on_event(&mut self, event: &Event<'_, T, E>) {
                    (**self).on_event(event);
                }

                fn enter(&mut self, attempt: u32) {
                    (**self).enter(attempt);
                }

                fn leave(&mut self, attempt: u32) {
                    (**self).leave(attempt);
                }
            }
        )+
    };
}

object!(&mut (dyn Hook<T, E> + '_), &mut (dyn Hook<T, E> + Send + '_));
#[cfg(feature = "alloc")]
object!(alloc::boxed::Box<dyn Hook<T, E> + '_>, alloc::boxed::Box<dyn Hook<T, E> + Send + '_>);

/// No hook, in [`Terms`](crate::Terms) that many calls borrow.
impl<T, E> Hook<T, E> for &() {
    #[inline]
    fn is_listening(&self) -> bool {
        false
    }

    #[inline]
    fn on_event(&mut self, _: &Event<'_, T, E>) {}
}

/// Tells both hooks, in [`Terms`](crate::Terms) that many calls borrow.
impl<'a, T, E, A, B> Hook<T, E> for &'a (A, B)
where
    &'a A: Hook<T, E>,
    &'a B: Hook<T, E>,
{
    #[inline]
    fn is_listening(&self) -> bool {
        (&self.0).is_listening() || (&self.1).is_listening()
    }

    #[inline]
    fn on_event(&mut self, event: &Event<'_, T, E>) {
        (&self.0).on_event(event);
        (&self.1).on_event(event);
    }

    #[inline]
    fn enter(&mut self, attempt: u32) {
        (&self.0).enter(attempt);
        (&self.1).enter(attempt);
    }

    #[inline]
    fn leave(&mut self, attempt: u32) {
        (&self.1).leave(attempt);
        (&self.0).leave(attempt);
    }
}

/// For drivers: does the work of an attempt between [`Hook::enter`] and [`Hook::leave`].
#[inline]
pub fn during<T, E, H: Hook<T, E>, R>(hook: &mut H, attempt: u32, work: impl FnOnce() -> R) -> R {
    struct Leave<'a, T, E, H: Hook<T, E>>(&'a mut H, u32, PhantomData<fn(&T, &E)>);

    impl<T, E, H: Hook<T, E>> Drop for Leave<'_, T, E, H> {
        #[inline]
        fn drop(&mut self) {
            self.0.leave(self.1);
        }
    }

    hook.enter(attempt);
    let _leave = Leave(hook, attempt, PhantomData);
    work()
}

/// Hands each retry that is coming to a function; made by the drivers' word `on_retry`.
#[derive(Clone, Copy, Debug)]
pub struct OnRetry<F> {
    function: F,
    /// The attempt that timed out and whose retry is not known yet; 0 for none.
    timed_out: u32,
}

impl<F> OnRetry<F> {
    /// Makes the hook.
    pub const fn new(function: F) -> Self {
        Self { function, timed_out: 0 }
    }
}

/// A retry that is coming: what failed, and the wait before the next attempt.
///
/// Printed, it is a line of a log: `attempt 1 failed: connection refused; next in 70ms`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrying<'a, T, E> {
    /// The attempt that failed.
    pub attempt: u32,
    /// Its outcome; `None` if it took too long, could not be started, or was withdrawn.
    pub outcome: Option<&'a Result<T, E>>,
    /// From now until the next attempt of its lane.
    pub wait: Duration,
}

impl<'a, T, E> Retrying<'a, T, E> {
    /// Returns the error that the attempt ended with, if it was one.
    #[must_use]
    pub const fn error(&self) -> Option<&'a E> {
        match self.outcome {
            Some(Err(error)) => Some(error),
            Some(Ok(_)) | None => None,
        }
    }
}

impl<T, E: fmt::Display> fmt::Display for Retrying<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} ", self.attempt)?;
        match self.outcome {
            Some(Err(error)) => write!(f, "failed: {error}")?,
            Some(Ok(_)) => f.write_str("was not accepted")?,
            None => f.write_str("had no outcome in time")?,
        }
        write!(f, "; next in {:?}", self.wait)
    }
}

impl<F> OnRetry<F> {
    fn see<'a, T, E>(&self, event: &Event<'a, T, E>) -> (u32, Option<Retrying<'a, T, E>>) {
        let retrying =
            |attempt, outcome, due: Instant| Retrying { attempt, outcome, wait: due.saturating_since(event.at) };
        match event.decision {
            Decision::Judged(judged) => match judged.handled {
                Handled::Retry { due } => (self.timed_out, Some(retrying(judged.attempt, judged.outcome, due))),
                _ => (self.timed_out, None),
            },
            Decision::Withdrawn(withdrawn) => match withdrawn.handled {
                Handled::Retry { due } => (self.timed_out, Some(retrying(withdrawn.attempt, None, due))),
                _ => (self.timed_out, None),
            },
            Decision::Action(Action::Cancel { attempt, reason: CancelReason::Timeout }) => (attempt, None),
            Decision::Action(Action::Cancel { .. }) => (self.timed_out, None),
            // The first thing after a timeout is the wait for its retry, the retry itself, or the end.
            Decision::Action(Action::Wait { until: Some(until), .. }) if self.timed_out > 0 => {
                (0, Some(retrying(self.timed_out, None, until)))
            }
            Decision::Action(Action::Send(attempt)) if self.timed_out > 0 && attempt.retry > 0 => {
                (0, Some(retrying(self.timed_out, None, event.at)))
            }
            Decision::Action(_) => (0, None),
        }
    }
}

impl<T, E, F: FnMut(&Retrying<'_, T, E>)> Hook<T, E> for OnRetry<F> {
    fn on_event(&mut self, event: &Event<'_, T, E>) {
        let (timed_out, retrying) = self.see(event);
        self.timed_out = timed_out;
        if let Some(retrying) = retrying {
            (self.function)(&retrying);
        }
    }
}

/// The hook in [`Terms`](crate::Terms) that many calls borrow. It misses the retries of attempts that timed out,
/// because it has no state for them.
impl<T, E, F: Fn(&Retrying<'_, T, E>)> Hook<T, E> for &OnRetry<F> {
    fn on_event(&mut self, event: &Event<'_, T, E>) {
        if let (_, Some(retrying)) = self.see(event) {
            (self.function)(&retrying);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::*;
    use crate::event::Judged;
    use crate::verdict::Verdict;

    const FIRST: Event<'_, u8, u8> = Event::new(Instant::ZERO, Instant::ZERO, Decision::Action(Action::Return(1)));

    fn tell(mut hook: impl Hook<u8, u8>) -> bool {
        hook.on_event(&FIRST);
        hook.is_listening()
    }

    #[test]
    fn a_pair_is_both_and_listens_if_one_does() {
        let (mut first, mut second) = (0, 0);
        assert!(tell((|_: &Event<'_, u8, u8>| first += 1, |_: &Event<'_, u8, u8>| second += 1)));
        assert!(tell(((), |_: &Event<'_, u8, u8>| first += 1)));
        assert!(!tell(()) && !tell(((), ())) && !tell(&()) && !tell(&((), ())));
        assert_eq!([first, second], [2, 1]);
    }

    #[test]
    fn a_hook_may_be_an_object() {
        let mut seen = 0;
        let mut hook = |_: &Event<'_, u8, u8>| seen += 1;
        assert!(tell(&mut hook as &mut dyn Hook<u8, u8>));
        let boxed: Box<dyn Hook<u8, u8> + Send + '_> = Box::new(hook);
        assert!(tell((boxed, ())));
        assert_eq!(seen, 2);
    }

    #[test]
    fn a_retry_is_told_with_its_error_and_its_wait() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut lines: Vec<String> = Vec::new();
        let mut hook = OnRetry::new(|retry: &Retrying<'_, u8, &str>| lines.push(retry.to_string()));
        let mut see = |millis, decision| hook.on_event(&Event::new(at(0), at(millis), decision));
        let judged = |outcome, due| Judged::new(1, Some(outcome), Verdict::retry(), Handled::Retry { due: at(due) });
        see(5, Decision::Judged(judged(&Err("busy"), 75)));
        see(80, Decision::Judged(judged(&Ok(7), 80)));
        let reason = CancelReason::Timeout;
        see(90, Decision::Action(Action::Cancel { attempt: 3, reason }));
        let reason = crate::WaitReason::Backoff;
        see(90, Decision::Action(Action::Wait { until: Some(at(190)), reason }));
        see(190, Decision::Action(Action::Wait { until: Some(at(290)), reason }));
        assert_eq!(
            lines,
            [
                "attempt 1 failed: busy; next in 70ms",
                "attempt 1 was not accepted; next in 0ns",
                "attempt 3 had no outcome in time; next in 100ms",
            ]
        );
    }
}
