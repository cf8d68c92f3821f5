//! The fast path: sends the first attempt of a call without a machine, if no hook listens and the call needs no clock.
//! Most calls end with it.
//!
//! It costs a tenth of what the machine costs. If the attempt does not succeed at once, the machine is made and told of
//! it; it would have decided the same.

use core::pin::Pin;
use core::task::{Context, Poll};

use insist_core::{AsPolicy, Attempt, Gate, Hook, Instant, Judge, Verdict};

use crate::machine::Machine;
use crate::operation::Operation;
use crate::room::Room;
use crate::run::{Rest, Running, Stage};
use crate::slots::Slots;
use crate::terms::TermsFor;
use crate::timer::Timer;

/// The result of polling a call on the fast path.
pub(crate) enum FirstPoll<T, E> {
    /// The first attempt's `Ok` was accepted: the call has ended.
    Accepted(Result<T, E>),
    /// The first attempt is in flight, and nothing else can happen.
    Pending,
    /// The machine takes over.
    GoOn {
        /// The instant at which it has to be polled before anything is waited for, if it has to.
        news: Option<Instant>,
    },
}

impl<M, O, S, R> Running<M, O, S, R>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    R: Room,
{
    /// Starts the call if it has not started; on the fast path, sends its first attempt and polls it once.
    #[inline]
    pub(crate) fn first_poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> FirstPoll<O::Value, O::Error> {
        let this = self.project();
        let (mut slots, rest) = (this.slots, this.rest);
        let Stage::Described { policy, gate, .. } = &rest.stage else { return FirstPoll::GoOn { news: None } };
        let is_listening = rest.hook.is_listening();
        if R::LANES > 1 || is_listening || !gate.is_open() || !is_timeless_and_valid(policy) {
            let now = rest.start(is_listening);
            return FirstPoll::GoOn { news: Some(now) };
        }
        slots.as_mut().put(0, rest.operation.send(Attempt::FIRST, Instant::ZERO));
        let Poll::Ready(outcome) = slots.poll(0, context) else {
            rest.begin(None);
            return FirstPoll::Pending;
        };
        let verdict = rest.judge.judge_attempt(1, &outcome);
        if verdict == Verdict::Accept && outcome.is_ok() {
            rest.stage = Stage::Between;
            return FirstPoll::Accepted(outcome);
        }
        rest.begin(Some((outcome, verdict)));
        FirstPoll::GoOn { news: Some(Instant::ZERO) }
    }
}

impl<M, O, S, R> Rest<M, O, S, R>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    R: Room,
{
    /// Makes the machine of a call whose first attempt was sent, and hands in its outcome if it has one.
    #[cold]
    #[inline(never)]
    fn begin(&mut self, outcome: Option<(Result<O::Value, O::Error>, Verdict)>) {
        self.start(false);
        let Stage::Running(call) = &mut self.stage else { return };
        let _ = call.step(Instant::ZERO);
        if let Some((outcome, verdict)) = outcome {
            let now = self.timer.now();
            Self::seed(call, &mut self.last, &self.timer);
            let _ = if verdict == Verdict::retry() { call.failed(now, 1) } else { call.judged(now, 1, verdict) };
            self.last = Some(Some(outcome));
        }
    }
}

/// Returns whether the policy is valid for one lane and needs no clock, as the machine would decide.
#[inline]
fn is_timeless_and_valid<P: AsPolicy>(policy: &P) -> bool {
    // A timeless policy has one lane at most.
    policy.as_policy().is_timeless() && policy.as_policy().validate().is_ok()
}
