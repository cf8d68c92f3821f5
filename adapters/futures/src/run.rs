//! The one loop: a call and its attempts as a future that does what the machine says.

use core::marker::PhantomData;
use core::mem;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll};

use insist_core::{Action, Backoff, Call, Decision, Ended, Event, Gate, Hook, Instant, Judge, Policy, Repeat, Verdict};
use pin_project_lite::pin_project;

use crate::operation::{Operation, Outcomes};
use crate::slots::{Lanes, Room, Slots};
use crate::timer::Timer;

/// How many attempts a poll starts at most before other tasks have a turn: an operation that fails at once and a
/// policy without waits must not keep a thread to themselves.
const SENDS: u32 = 32;

pin_project! {
    /// A call in flight, as a future: its attempts, its sleep, and the rest of it. What it ends with is told by `End`.
    ///
    /// Dropping it cancels what is in flight, gives back what a gate had reserved and settles what it had admitted.
    // Without the number of lanes among the parameters, for pinning them without unsafe code.
    #[must_use = "nothing is sent before it is awaited"]
    pub struct Running<S, W, R, End> {
        // Attempts are dropped before the call, which settles them.
        #[pin]
        slots: S,
        #[pin]
        sleep: Option<W>,
        rest: R,
        end: PhantomData<End>,
    }
}

/// A call in flight whose parameters are those of its [`Driver`](crate::Driver).
pub(crate) type Run<M, P, O, J, H, G, End, const LANES: usize> = Running<
    <Lanes<LANES> as Room>::Slots<<O as Operation>::Future>,
    <M as Timer>::Sleep,
    Rest<M, P, O, J, H, G, LANES>,
    End,
>;

/// What of a call need not be pinned.
pub struct Rest<M, P, O: Outcomes, J, H, G: Gate, const LANES: usize> {
    stage: Stage<P, G, LANES>,
    // The result of the latest attempt that had one. The outer `None`: nothing has failed yet, and there is no seed.
    last: Option<Last<O>>,
    operation: O,
    timer: M,
    judge: J,
    hook: H,
}

type Last<O> = Option<Result<<O as Outcomes>::Value, <O as Outcomes>::Error>>;

/// A call starts when it is first polled, and not when it is described.
enum Stage<P, G: Gate, const LANES: usize> {
    Described {
        policy: P,
        gate: G,
        repeat: Repeat,
        seed: u64,
    },
    Running(Call<P, G, LANES>),
    /// Never seen: what is there while one becomes the other.
    Between,
}

/// What a call is told before it starts.
pub(crate) struct Described<M, P, O, J, H, G> {
    pub(crate) timer: M,
    pub(crate) policy: P,
    pub(crate) operation: O,
    pub(crate) judge: J,
    pub(crate) hook: H,
    pub(crate) gate: G,
    pub(crate) repeat: Repeat,
    pub(crate) seed: Option<u64>,
}

/// How a call ended, with what it takes to tell of it.
pub(crate) struct Finished<'r, P, O: Outcomes, H, G: Gate, const LANES: usize> {
    pub(crate) ended: Ended<O::Value, O::Error>,
    pub(crate) call: &'r Call<P, G, LANES>,
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // Only a report asks its hook.
    pub(crate) hook: &'r mut H,
}

impl<M, P, B, O, J, H, G, End, const LANES: usize> Run<M, P, O, J, H, G, End, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    Lanes<LANES>: Room,
{
    pub(crate) fn start(described: Described<M, P, O, J, H, G>) -> Self {
        let Described { timer, policy, operation, judge, hook, gate, repeat, seed } = described;
        let last = seed.map(|_| None);
        let stage = Stage::Described { policy, gate, repeat, seed: seed.unwrap_or(0) };
        let rest = Rest { stage, last, operation, timer, judge, hook };
        Self { slots: Default::default(), sleep: None, rest, end: PhantomData }
    }

    /// Goes on until the call has ended.
    ///
    /// # Panics
    ///
    /// If it is polled again after that.
    #[inline]
    pub(crate) fn go_on(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Finished<'_, P, O, H, G, LANES>> {
        let this = self.project();
        let (mut slots, mut sleep) = (this.slots, this.sleep);
        let Rest { stage, last, operation, timer, judge, hook } = this.rest;
        let mut now = Instant::ZERO;
        let is_new = matches!(stage, Stage::Described { .. });
        if is_new {
            if let Stage::Described { policy, gate, repeat, seed } = mem::replace(stage, Stage::Between) {
                if !is_timeless::<O, B, H, G>(&policy, &gate) {
                    now = timer.now();
                }
                *stage = Stage::Running(Call::with_lanes(policy, gate, now, seed).repeat(repeat));
            }
        }
        let Stage::Running(call) = stage else { unreachable!("it has just started") };
        assert!(is_new || !call.is_over(), "a call was polled after it had ended");
        let is_timeless = is_timeless::<O, B, H, G>(call.policy(), call.gate());

        let mut sends = 0;
        let mut has_news = is_new;
        // What the sleep is to be set to, if that has changed.
        let mut until = None;
        loop {
            // All outcomes that are there are handed in before the machine looks at its timeouts.
            let mut polled = 0;
            while let Some((id, lane)) = call.state().in_flight_after(polled) {
                polled = id;
                let Poll::Ready(outcome) = slots.as_mut().poll(lane, context) else { continue };
                has_news = true;
                if H::LOOKS {
                    hook.outcome(id, &outcome);
                }
                let verdict = judge.judge(&outcome);
                if !is_timeless || verdict != Verdict::Accept {
                    now = timer.now();
                }
                if LANES == 1 && !H::LOOKS && verdict == Verdict::Accept {
                    // The one attempt in flight has won: there is nothing to cancel and nobody to tell, so polling
                    // for the end would only cost time.
                    call.handle(now, id, verdict);
                    sleep.set(None);
                    let ended = Ended { action: Action::Return(id), last: Some(outcome), at: now };
                    return Poll::Ready(Finished { ended, call, hook });
                }
                seed(call, last, verdict != Verdict::Accept, timer);
                let handled = call.handle(now, id, verdict);
                see::<O, H>(hook, now, Decision::Judged { attempt: id, verdict, handled });
                *last = Some(Some(outcome));
                if call.is_over() {
                    break;
                }
            }
            if !has_news {
                if let Some(until) = until.take() {
                    sleep.set(Option::map(until, |until| timer.sleep_until(until)));
                }
                let Some(Poll::Ready(())) = sleep.as_mut().as_pin_mut().map(|sleep| sleep.poll(context)) else {
                    return Poll::Pending;
                };
                sleep.set(None);
                // A timeout may draw a wait.
                seed(call, last, true, timer);
                // A clock that is a little behind its own sleeps must not make the machine wait again.
                let due = call.due_at().unwrap_or(now);
                now = if is_timeless { due } else { timer.now().max(due) };
            }
            has_news = false;
            loop {
                let action = call.poll(now);
                see::<O, H>(hook, now, Decision::Action(action));
                match action {
                    Action::Send(attempt) => {
                        sends += 1;
                        slots.as_mut().put(attempt.lane, operation.send(attempt));
                    }
                    Action::Cancel(id) => {
                        if let Some(lane) = call.state().lane_of(id) {
                            slots.as_mut().clear(lane);
                        }
                    }
                    Action::Wait { until: then, .. } => {
                        until = Some(then);
                        break;
                    }
                    Action::Return(_) | Action::GiveUp(_) => {
                        sleep.set(None);
                        let ended = Ended { action, last: last.take().flatten(), at: now };
                        return Poll::Ready(Finished { ended, call, hook });
                    }
                }
            }
            if sends >= SENDS {
                sleep.set(until.flatten().map(|until| timer.sleep_until(until)));
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

/// Nothing depends on the time: without anybody looking, the clock is read for waits only.
#[inline]
fn is_timeless<O: Outcomes, B, H: Hook<O::Value, O::Error>, G: Gate>(policy: &Policy<B>, gate: &G) -> bool {
    !H::LOOKS && policy.is_timeless() && gate.is_timeless()
}

/// A seed is drawn at the first failure, if none was given.
#[inline]
fn seed<P, G: Gate, L, M: Timer, const LANES: usize>(
    call: &mut Call<P, G, LANES>,
    last: &mut Option<Option<L>>,
    has_failed: bool,
    timer: &M,
) {
    if has_failed && last.is_none() {
        call.set_seed(timer.seed());
        *last = Some(None);
    }
}

#[inline]
fn see<O: Outcomes, H: Hook<O::Value, O::Error>>(hook: &mut H, at: Instant, decision: Decision) {
    if H::LOOKS {
        hook.see(&Event::new(at, decision));
    }
}
