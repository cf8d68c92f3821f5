//! The call in flight: its attempts, its sleep, and its state.

use core::marker::PhantomData;

use insist_core::{AsPolicy, CallEnd, Decision, Event, Gate, Hook, Instant, IntoTerms, Repeat};
use pin_project_lite::pin_project;

use crate::driver::Driver;
use crate::machine::Machine;
use crate::operation::{Operation, Outcomes};
use crate::room::Room;
use crate::terms::TermsFor;
use crate::timer::Timer;

pin_project! {
    /// A call in flight. The named futures wrap it and differ in how they end.
    // The number of lanes is no parameter of its own, so that it can be pinned without unsafe code.
    pub(crate) struct Running<M, O, S, R>
    where
        M: Timer,
        O: Operation,
        S: IntoTerms,
        R: Room,
    {
        // First, so that attempts are dropped before the machine, which settles them.
        #[pin]
        pub(crate) slots: R::Slots<O::Future>,
        #[pin]
        pub(crate) sleep: Option<M::Sleep>,
        pub(crate) rest: Rest<M, O, S, R>,
    }
}

pub(crate) type CallOf<S, R> = <R as Room>::Call<<S as IntoTerms>::Policy, <S as IntoTerms>::Gate>;

/// The parts of a call that need not be pinned.
pub(crate) struct Rest<M, O, S, R>
where
    O: Operation,
    S: IntoTerms,
    R: Room,
{
    pub(crate) stage: Stage<S::Policy, S::Gate, CallOf<S, R>>,
    /// The result of the latest attempt that had one. The outer `None` means that nothing has failed yet and no seed
    /// was drawn.
    pub(crate) last: Option<Option<Result<O::Value, O::Error>>>,
    pub(crate) operation: O,
    pub(crate) timer: M,
    pub(crate) judge: S::Judge,
    pub(crate) hook: S::Hook,
    pub(crate) turn: R::Turn,
    pub(crate) listener: Listener,
}

/// The stages of a call, which starts when it is first polled and not when it is built.
pub(crate) enum Stage<P, G, C> {
    Described {
        policy: P,
        gate: G,
        repeat: Repeat,
        seed: u64,
    },
    Running(C),
    /// Ended without a machine, or changing to one.
    Between,
}

/// The start of a call whose hook listens, in one machine word because every future holds it; 0 if none does.
#[derive(Clone, Copy)]
pub(crate) struct Listener(u64);

impl Listener {
    pub(crate) const NOBODY: Self = Self(0);

    /// A hook listens to a call that starts at this instant.
    #[inline]
    pub(crate) const fn since(started: Instant) -> Self {
        Self(started.as_nanos().saturating_add(1))
    }

    #[inline]
    pub(crate) const fn is_there(self) -> bool {
        self.0 > 0
    }

    /// The start of the call, if a hook listens.
    #[inline]
    pub(crate) const fn started(self) -> Instant {
        Instant::from_nanos(self.0.saturating_sub(1))
    }
}

/// The end of a call, with what a result and a report are made of.
pub(crate) struct Finished<'r, O: Outcomes, H, C> {
    pub(crate) end: CallEnd<O::Value, O::Error>,
    pub(crate) call: &'r C,
    #[cfg_attr(not(feature = "alloc"), expect(dead_code, reason = "only a report asks its hook"))]
    pub(crate) hook: &'r mut H,
    #[cfg_attr(not(feature = "alloc"), expect(dead_code, reason = "only a report says when"))]
    pub(crate) started: Instant,
}

/// [`Finished`] for the terms and lanes of a call.
pub(crate) type FinishedOf<'r, O, S, R> = Finished<'r, O, <S as IntoTerms>::Hook, CallOf<S, R>>;

impl<M, O, S, R> Running<M, O, S, R>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    R: Room,
{
    #[inline]
    pub(crate) fn new<const LANES: usize>(driver: Driver<M, O, S, LANES>) -> Self {
        let Driver { timer, operation, terms } = driver;
        let terms = terms.into_terms();
        let stage = Stage::Described {
            policy: terms.policy,
            gate: terms.gate,
            repeat: terms.repeat,
            seed: terms.seed.unwrap_or(0),
        };
        let last = terms.seed.map(|_| None);
        let (judge, hook, turn) = (terms.judge, terms.hook, R::Turn::default());
        let rest = Rest { stage, last, operation, timer, judge, hook, turn, listener: Listener::NOBODY };
        Self { slots: Default::default(), sleep: None, rest }
    }
}

impl<M, O, S, R> Rest<M, O, S, R>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    R: Room,
{
    /// Makes the machine, and returns the instant at which it starts.
    pub(crate) fn start(&mut self, is_listening: bool) -> Instant {
        let Stage::Described { policy, gate, repeat, seed } = core::mem::replace(&mut self.stage, Stage::Between)
        else {
            return Instant::ZERO;
        };
        let is_timeless = !is_listening && policy.as_policy().is_timeless() && gate.is_timeless();
        let now = if is_timeless { Instant::ZERO } else { self.timer.now() };
        if is_listening {
            self.listener = Listener::since(now);
        }
        self.stage = Stage::Running(R::Call::start(policy, gate, repeat, now, seed));
        now
    }

    /// Draws the seed at the first failure, if none was given.
    #[inline]
    pub(crate) fn seed(call: &mut CallOf<S, R>, last: &mut Option<Option<Result<O::Value, O::Error>>>, timer: &M) {
        if last.is_none() {
            call.set_seed(timer.seed());
            *last = Some(None);
        }
    }
}

/// Hands an event to the hook, if it listens.
#[inline]
pub(crate) fn see<O: Outcomes, H: Hook<O::Value, O::Error>>(
    hook: &mut H,
    listener: Listener,
    at: Instant,
    decision: Decision<'_, O::Value, O::Error>,
) {
    if listener.is_there() {
        hook.on_event(&Event::new(listener.started(), at, decision));
    }
}

/// Runs the work of an attempt between the hook's `enter` and `leave`, so that it is inside its span.
#[inline]
pub(crate) fn work<O: Outcomes, H: Hook<O::Value, O::Error>, W>(
    hook: &mut H,
    listener: Listener,
    attempt: u32,
    work: impl FnOnce() -> W,
) -> W {
    // The work is called in one place, so that it is compiled once.
    struct Leave<'h, T, E, H: Hook<T, E>>(Option<&'h mut H>, u32, PhantomData<fn(&T, &E)>);

    impl<T, E, H: Hook<T, E>> Drop for Leave<'_, T, E, H> {
        #[inline]
        fn drop(&mut self) {
            if let Some(hook) = &mut self.0 {
                hook.leave(self.1);
            }
        }
    }

    let hook = if listener.is_there() { Some(hook) } else { None };
    let mut leave = Leave::<O::Value, O::Error, H>(hook, attempt, PhantomData);
    if let Some(hook) = &mut leave.0 {
        hook.enter(attempt);
    }
    work()
}
