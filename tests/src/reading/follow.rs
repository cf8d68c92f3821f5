//! How a step changes what is known.

use insist_core::{Admission, Handled, Hint, Kind, Repeat, Sent, Verdict};

use super::{Cause, Flight, Promise, Reading};
use crate::record::{Did, Question, Sending, Step, What};

impl Reading<'_> {
    pub(super) fn follow(&mut self, step: &Step) {
        if !matches!(step.what, What::Suspend | What::Drop) {
            self.clock = self.clock.max(step.at.as_nanos());
        }
        let was_over = self.is_over;
        let cause = self.failure(step);
        for asked in step.outer() {
            self.hear(asked.question, cause);
        }
        match step.what {
            What::Poll(Did::Send(sending)) => self.send(sending),
            What::Poll(did) if did.is_terminal() && self.end.is_none() => self.end = Some(did),
            What::Handle(id, _, Handled::Counted | Handled::Over) => self.last = Some(id),
            What::Suspend | What::Drop => self.flights.clear(),
            What::Resume if !was_over => self.is_sure &= !self.policy.get_hedge_on_failure(),
            _ => {}
        }
        self.is_over = step.is_over;
    }

    /// The attempt that ended in this step leaves the air; if it failed, a retry may follow from it.
    fn failure(&mut self, step: &Step) -> Option<Cause> {
        let (id, sent, hint) = match step.what {
            What::Poll(Did::Cancel(id)) => (id, (!self.is_over).then_some(Sent::Maybe), None),
            What::Handle(id, Verdict::Retry { sent, hint }, Handled::Counted | Handled::Over) => (id, Some(sent), hint),
            What::Handle(id, _, Handled::Counted | Handled::Over) => (id, None, None),
            _ => return None,
        };
        let index = self.flights.iter().position(|flight| flight.sending.id == id)?;
        let Flight { sending, .. } = self.flights.remove(index);
        sent?;
        let hint = hint.filter(|_| self.policy.get_hints());
        self.open_on_failure(hint);
        Some(Cause { lane: sending.lane, number: sending.retry + 1, failed: self.clock, hint })
    }

    fn open_on_failure(&mut self, hint: Option<Hint>) {
        let is_room = self.opened + self.openings.len() < usize::from(self.policy.get_lanes());
        if self.policy.get_hedge_on_failure() && self.repeat == Repeat::Always && is_room && self.has_attempt_left() {
            let start = self.hinted(hint).and_then(|wait| self.clock.checked_add(wait));
            self.openings.extend(start.filter(|start| self.is_in_time(*start)));
            self.openings.sort_unstable();
        }
    }

    fn hear(&mut self, question: Question, cause: Option<Cause>) {
        match question {
            Question::Reserve(Kind::Retry, true) => {
                self.promises.push(Promise { reserved: self.clock, cause, held: 0, is_held_surely: true });
            }
            Question::Refund(Kind::Retry, reserved) => self.forget(reserved.as_nanos()),
            Question::Reserve(Kind::Hedge, false) => self.open(),
            Question::Admit(Kind::Hedge, admission) if self.refuses(admission) => self.open(),
            Question::Admit(Kind::First, admission) if self.refuses(admission) => self.is_first_due = false,
            Question::Admit(Kind::Hedge, Admission::NotBefore(at)) => self.held = at.as_nanos(),
            Question::Admit(Kind::First, Admission::NotBefore(at)) => self.first_held = at.as_nanos(),
            Question::Admit(Kind::Retry, Admission::NotBefore(at)) if !self.refuses(Admission::NotBefore(at)) => {
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
    fn forget(&mut self, reserved: u64) {
        let alike = self.promises.iter().filter(|promise| promise.reserved == reserved).count();
        match self.promises.iter().position(|promise| promise.reserved == reserved) {
            Some(index) => _ = self.promises.remove(index),
            // A send before this was taken for that of another promise: lanes that wait alike look the same.
            None => self.is_sure = false,
        }
        if alike > 1 {
            let alike = self.promises.iter_mut().filter(|promise| promise.reserved == reserved);
            alike.for_each(|promise| promise.cause = None);
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

    fn send(&mut self, sending: Sending) {
        match sending.kind {
            Kind::First => {
                self.is_first_due = false;
                self.last_opening = self.clock;
            }
            Kind::Hedge => self.open(),
            Kind::Retry => {
                if let Some(index) = self.promise_of(sending.lane) {
                    self.is_sure &= !self.is_guess(index);
                    let promise = self.promises.remove(index);
                    let since = promise.cause.map_or(0, |cause| cause.failed);
                    self.waited[usize::from(sending.lane)] = self.clock - since;
                }
            }
        }
        self.sent.push(sending);
        self.flights.push(Flight { sending, at: self.clock });
    }
}
