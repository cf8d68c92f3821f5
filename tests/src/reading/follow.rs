//! How a step changes what is known.

use insist_core::{Admission, CancelReason, Cause, Failure, Hint, Kind, Repeat, Verdict};

use super::{Flight, Promise, Reading, Since};
use crate::expected::nanos;
use crate::record::{Did, Operation, Question, Sending, Step, What};

impl Reading<'_> {
    pub(super) fn follow(&mut self, step: &Step) {
        if !matches!(step.what, What::Suspend | What::Drop | What::Operate(..) | What::Resume(Err(_))) {
            self.clock = self.clock.max(step.at.as_nanos());
        }
        let was_over = self.is_over;
        let since = self.failure(step);
        for asked in step.outer() {
            self.hear(asked.question, since);
        }
        match step.what {
            What::Poll(Did::Send(sending)) => self.send(sending, step.admitted()),
            What::Poll(did) if did.is_terminal() && self.end.is_none() => self.end = Some(did),
            What::Handle(id, _, handled) if handled.counts() => self.last = Some(id),
            What::Suspend | What::Drop => self.flights.clear(),
            // What a gate said is not kept.
            What::Resume(Ok(())) if was_over => {
                if let Some(Did::GiveUp(ending)) = &mut self.end {
                    ending.refusal = None;
                }
            }
            What::Resume(Ok(())) => self.is_sure &= !self.policy.get_hedge_on_failure(),
            What::Operate(operation, Ok(())) => self.operate(operation, step.at.as_nanos()),
            _ => {}
        }
        if step.is_over && !was_over {
            self.losers = self.cost(step.what);
        }
        self.is_over = step.is_over;
    }

    /// Why what is in flight is cancelled once this has ended the call.
    fn cost(&self, what: What) -> Option<CancelReason> {
        match what {
            What::Handle(_, Verdict::Accept | Verdict::Stop, _) => Some(CancelReason::Lost),
            What::Cancel => Some(CancelReason::Cancelled),
            What::Poll(_) | What::Resume(_) if self.is_late() => Some(CancelReason::Deadline),
            _ => None,
        }
    }

    fn operate(&mut self, operation: Operation, at: u64) {
        let now = self.clock.max(at);
        match operation {
            Operation::Hasten if !self.is_over && self.is_in_time(now) => {
                self.clock = now;
                self.openings.iter_mut().for_each(|at| *at = (*at).min(now));
                self.held = self.held.min(now);
                self.first_held = self.first_held.min(now);
            }
            Operation::Hasten => {}
            Operation::Revive => self.revive(now),
            Operation::Deadline(to) => self.deadline = to.filter(|at| *at < u64::MAX),
        }
    }

    fn revive(&mut self, now: u64) {
        let span = self.policy.get_deadline().map(nanos);
        self.clock = now;
        self.deadline = span.and_then(|span| now.checked_add(span)).filter(|at| *at < u64::MAX);
        self.forgiven = self.sent.len();
        self.promises.clear();
        self.openings.clear();
        (self.is_first_due, self.is_sure, self.opened) = (true, true, 1);
        (self.last_opening, self.held, self.first_held) = (0, 0, 0);
        self.waited = [0; 256];
        (self.losers, self.end) = (None, None);
    }

    /// The attempt that ended in this step leaves the air; if it failed, a retry may follow from it.
    fn failure(&mut self, step: &Step) -> Option<Since> {
        let (id, failure) = match step.what {
            What::Poll(Did::Cancel(id, reason)) => (id, (reason == CancelReason::Timeout).then(Failure::new)),
            What::Handle(id, Verdict::Retry(failure), handled) if handled.counts() => (id, Some(failure)),
            What::Handle(id, _, handled) if handled.counts() => (id, None),
            _ => return None,
        };
        let index = self.flights.iter().position(|flight| flight.sending.id == id)?;
        let Flight { sending, .. } = self.flights.remove(index);
        let hint = failure?.hint.filter(|_| self.policy.get_hints());
        self.open_on_failure(hint);
        Some(Since { lane: sending.lane, number: sending.retry + 1, failed: self.clock, hint })
    }

    fn open_on_failure(&mut self, hint: Option<Hint>) {
        let is_room = self.opened + self.openings.len() < usize::from(self.policy.get_lanes());
        if self.policy.get_hedge_on_failure() && self.repeat == Repeat::Always && is_room && self.has_attempt_left() {
            let start = self.hinted(hint).and_then(|wait| self.clock.checked_add(wait));
            self.openings.extend(start.filter(|start| self.is_in_time(*start)));
            self.openings.sort_unstable();
        }
    }

    fn hear(&mut self, question: Question, since: Option<Since>) {
        match question {
            Question::Reserve(cause, Ok(())) if cause.kind == Kind::Retry => {
                let reserved = self.clock;
                self.promises.push(Promise { reserved, cause, since, held: 0, is_held_surely: true });
            }
            Question::Refund(cause, reserved) if cause.kind == Kind::Retry => self.forget(cause, reserved.as_nanos()),
            Question::Reserve(Cause::HEDGE, Err(_)) => self.open(),
            Question::Admit(Cause::HEDGE, admission) if self.refuses(admission) => self.open(),
            Question::Admit(Cause::FIRST, admission) if self.refuses(admission) => self.is_first_due = false,
            Question::Admit(Cause::HEDGE, Admission::NotBefore(at)) => self.held = at.as_nanos(),
            Question::Admit(Cause::FIRST, Admission::NotBefore(at)) => self.first_held = at.as_nanos(),
            Question::Admit(_, Admission::NotBefore(at)) if !self.refuses(Admission::NotBefore(at)) => {
                // With several waits it is not known which of them was asked about.
                let is_held_surely = self.promises.len() == 1;
                for promise in &mut self.promises {
                    promise.held = promise.held.max(at.as_nanos());
                    promise.is_held_surely = is_held_surely;
                }
            }
            _ => {}
        }
    }

    /// Drops a promise that was refunded; where it is not known which, what is known of its like is dropped too.
    fn forget(&mut self, cause: Cause, reserved: u64) {
        let is_it = |promise: &Promise| promise.reserved == reserved && promise.cause == cause;
        let alike = self.promises.iter().filter(|promise| is_it(promise)).count();
        match self.promises.iter().position(is_it) {
            Some(index) => _ = self.promises.remove(index),
            // A send before this was taken for that of another promise: lanes that wait alike look the same.
            None => self.is_sure = false,
        }
        if alike > 1 {
            let alike = self.promises.iter_mut().filter(|promise| is_it(promise));
            alike.for_each(|promise| promise.since = None);
        }
    }

    fn open(&mut self) {
        self.opened += 1;
        self.last_opening = self.clock;
        if !self.openings.is_empty() {
            self.openings.remove(0);
        }
        self.held = 0;
    }

    fn send(&mut self, sending: Sending, admitted: Option<Cause>) {
        let mut cause = Cause::FIRST;
        match sending.kind {
            Kind::Hedge => {
                cause = Cause::HEDGE;
                self.open();
            }
            Kind::Retry => {
                if let Some(index) = self.promise_of(sending.lane, admitted) {
                    self.is_sure &= !self.is_guess(index);
                    let promise = self.promises.remove(index);
                    cause = promise.cause;
                    let since = promise.since.map_or(0, |since| since.failed);
                    self.waited[usize::from(sending.lane)] = self.clock - since;
                }
            }
            _ => {
                self.is_first_due = false;
                self.last_opening = self.clock;
            }
        }
        self.sent.push(sending);
        self.flights.push(Flight { sending, at: self.clock, cause });
    }
}
