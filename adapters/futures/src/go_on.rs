//! Drives a call: carries out the machine's actions until the call ends or has to wait.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use insist_core::{Action, CallEnd, Decision, Handled, Instant, Judge, Judged, Verdict};

use crate::machine::Machine;
use crate::operation::Operation;
use crate::room::{Room, Turn};
use crate::run::{Finished, FinishedOf, Listener, Rest, Running, Stage, see, work};
use crate::slots::Slots;
use crate::terms::TermsFor;
use crate::timer::Timer;
use crate::unsent;

/// The most attempts that one poll starts, so that an operation that fails at once, under a policy without waits, lets
/// other tasks run.
const SENDS: u32 = 32;

impl<M, O, S, R> Running<M, O, S, R>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    R: Room,
{
    /// Continues until the call has ended or has to wait. If `news` is set, the machine is polled before anything is
    /// waited for.
    ///
    /// # Panics
    ///
    /// If the call is polled after it has ended.
    pub(crate) fn go_on(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        news: Option<Instant>,
    ) -> Poll<FinishedOf<'_, O, S, R>> {
        let this = self.project();
        let (mut slots, mut sleep) = (this.slots, this.sleep);
        let Rest { stage, last, operation, timer, judge, hook, turn, listener } = this.rest;
        let listener = *listener;
        let worker = if O::IS_LENT { Listener::NOBODY } else { listener };
        let Stage::Running(call) = stage else { polled_after_its_end() };
        if news.is_none() && call.is_over() {
            polled_after_its_end();
        }
        let is_timeless = !listener.is_there() && call.is_timeless();
        let mut now = news.unwrap_or(Instant::ZERO);
        let mut has_news = news.is_some();
        // With one lane and no hook, some answers of the machine are certain, and it is not asked for them.
        let is_alone = R::LANES == 1 && !listener.is_there();
        let mut sends = 0;
        // The instant to set the sleep to, if that has changed.
        let mut until = None;
        // Each attempt is polled once: first those that were in flight, beginning after the one that was polled first last
        // time, and then those that are sent now.
        let (mut begin, mut is_first, mut newest) = (turn.get(), true, 0);
        let (mut polled, mut has_wrapped) = (begin, begin == 0);
        let mut held = None;
        loop {
            // All outcomes that are there are handed in before the machine looks at its timeouts.
            while !call.is_over() {
                let (id, outcome) = match call.in_flight_after(polled) {
                    Some((id, lane)) if begin == 0 || !has_wrapped || id <= begin => {
                        if R::LANES > 1 && core::mem::take(&mut is_first) {
                            turn.set(id);
                        }
                        (polled, newest) = (id, newest.max(id));
                        let poll = work::<O, _, _>(hook, worker, id, || slots.as_mut().poll(lane, context));
                        let Poll::Ready(outcome) = poll else { continue };
                        if R::LANES > 1 && !has_wrapped {
                            // Outcomes of one instant are handed in by id: those before this one have to be looked at first.
                            (held, polled, has_wrapped) = (Some((id, outcome)), 0, true);
                            continue;
                        }
                        (id, outcome)
                    }
                    None if !has_wrapped => {
                        (polled, has_wrapped) = (0, true);
                        continue;
                    }
                    _ => {
                        let Some((id, outcome)) = held.take() else { break };
                        (begin, polled) = (0, id);
                        (id, outcome)
                    }
                };
                has_news = true;
                let verdict = judge.judge_attempt(id, &outcome);
                let is_accepted = verdict == Verdict::Accept;
                if !is_timeless || !is_accepted {
                    now = timer.now();
                }
                if !is_accepted {
                    Rest::<M, O, S, R>::seed(call, last, timer);
                }
                if is_alone && is_accepted {
                    // The only attempt has won, and no hook listens.
                    call.accepted(now, id);
                    set_sleep(sleep, timer, None);
                    let end = CallEnd { action: Action::Return(id), last: Some(outcome), at: now };
                    return Poll::Ready(Finished { end, call, hook, started: listener.started() });
                }
                let handled =
                    if verdict == Verdict::retry() { call.failed(now, id) } else { call.judged(now, id, verdict) };
                let judged = Judged::new(id, Some(&outcome), verdict, handled);
                see::<O, _>(hook, listener, now, Decision::Judged(judged));
                *last = Some(Some(outcome));
                if let (true, Handled::Retry { due }) = (is_alone, handled) {
                    if due > now {
                        // The machine would say the same.
                        (has_news, until) = (false, Some(Some(due)));
                    }
                }
            }
            (begin, polled, has_wrapped) = (0, newest, true);
            if !has_news {
                if let Some(until) = until.take() {
                    set_sleep(sleep.as_mut(), timer, until);
                }
                if !is_over::<M>(sleep.as_mut(), context) {
                    return Poll::Pending;
                }
                // A timeout may draw a wait.
                Rest::<M, O, S, R>::seed(call, last, timer);
                // A clock that is a little behind its own sleeps must not make the machine wait again.
                let due = call.due().unwrap_or(now);
                now = if is_timeless { due } else { timer.now().max(due) };
            }
            if O::MAY_BE_UNSENT {
                unsent::withdraw::<O, S, R>(call, slots.as_mut(), operation, now, |withdrawn| {
                    see::<O, _>(hook, listener, now, Decision::Withdrawn(withdrawn));
                });
            }
            has_news = false;
            loop {
                let action = call.step(now);
                see::<O, _>(hook, listener, now, Decision::Action(action));
                match action {
                    Action::Send(attempt) => {
                        sends += 1;
                        let future = work::<O, _, _>(hook, worker, attempt.id, || operation.send(attempt, now));
                        slots.as_mut().put(attempt.lane, future);
                        if is_alone && sends < SENDS {
                            // It may have ended before there is anything to wait for.
                            has_news = true;
                            break;
                        }
                    }
                    Action::Cancel { attempt, .. } => {
                        if let Some(lane) = call.lane_of(attempt) {
                            slots.as_mut().clear(lane);
                        }
                    }
                    Action::Wait { until: then, .. } => {
                        operation.on_wait();
                        until = Some(then);
                        break;
                    }
                    Action::Return(_) | Action::GiveUp(_) => {
                        set_sleep(sleep, timer, None);
                        let end = CallEnd { action, last: last.take().flatten(), at: now };
                        return Poll::Ready(Finished { end, call, hook, started: listener.started() });
                    }
                }
            }
            if sends >= SENDS {
                set_sleep(sleep, timer, until.flatten());
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

/// Sets the sleep to an instant, or drops it. One function for each timer, because dropping a sleep is much code.
#[inline(never)]
fn set_sleep<M: Timer>(mut sleep: Pin<&mut Option<M::Sleep>>, timer: &M, until: Option<Instant>) {
    sleep.set(until.map(|until| timer.sleep_until(until)));
}

/// Returns whether the sleep is over, and drops it then.
#[inline(never)]
fn is_over<M: Timer>(mut sleep: Pin<&mut Option<M::Sleep>>, context: &mut Context<'_>) -> bool {
    let polled = sleep.as_mut().as_pin_mut().map(|sleep| sleep.poll(context));
    if polled == Some(Poll::Ready(())) {
        sleep.set(None);
    }
    polled == Some(Poll::Ready(()))
}

#[cold]
#[inline(never)]
fn polled_after_its_end() -> ! {
    panic!("a call was polled after it had ended");
}
