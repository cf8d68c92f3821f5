//! What an operator changes in a call that is put away: send now, live again, another deadline.

use insist_core::{AttemptEnd, Instant, Reason, Repeat, StateError};

use super::history::{Event, Outcome, Wait};
use super::{Model, sense};
use crate::record::Operation;

/// Says whether it was done.
type Done = Result<(), StateError>;

impl Model<'_> {
    /// Does it, or says why not.
    pub(super) fn operate(&mut self, operation: Operation, at: u64, done: Done) -> Done {
        let now = self.clock.max(at);
        match operation {
            Operation::Hasten => self.hasten(now),
            Operation::Revive if sense::makes_sense(self.policy) => return self.revive(now),
            // What is wrong with a policy that makes no sense, only the policy says.
            Operation::Revive if matches!(done, Err(StateError::Policy(_))) && self.gave_up().is_some() => return done,
            Operation::Revive => return Err(StateError::Alive),
            Operation::Deadline(to) => return self.set_deadline(to),
        }
        Ok(())
    }

    /// A call that is over, or that its deadline is about to end, is left alone.
    fn hasten(&mut self, now: u64) {
        if !self.is_over() && self.is_before_the_deadline(now) {
            self.clock = now;
            self.history.push(Event::Hastened(now));
        }
    }

    /// It begins again: with every attempt that the policy has, and as long to its deadline; numbers go on.
    fn revive(&mut self, now: u64) -> Done {
        let reason = self.gave_up().ok_or(StateError::Alive)?;
        let lanes = usize::from(self.policy.get_lanes());
        if lanes > self.room {
            return Err(StateError::Room { lanes, room: self.room });
        }
        if !self.may_be_sent_again(reason) {
            return Err(StateError::Repeat);
        }
        self.clock = now;
        for flight in self.history.in_flight() {
            self.history.push(Event::Ended { id: flight.id, end: AttemptEnd::Cancelled });
        }
        self.history.push(Event::Revived(now));
        self.start = now;
        self.history.push(Event::Promised(Wait::first(now)));
        Ok(())
    }

    fn gave_up(&self) -> Option<Reason> {
        if let Some(Outcome::GaveUp(reason)) = self.history.outcome() { Some(reason) } else { None }
    }

    /// Law 16. Of a call that did not end with the judging of an attempt, it is not known what that came to.
    fn may_be_sent_again(&self, reason: Reason) -> bool {
        let was_judged = matches!(reason, Reason::Attempts | Reason::Backoff | Reason::RetryAfter | Reason::Refused);
        let is_unsent = self.history.sends_ever() == 0;
        match self.repeat {
            Repeat::Always => true,
            Repeat::IfUnsent => is_unsent || (was_judged && self.history.reached_nobody()),
            _ => is_unsent,
        }
    }

    /// A send that is promised comes before the deadline, also the new one.
    fn set_deadline(&mut self, to: Option<u64>) -> Done {
        let opened = self.history.opened();
        let held = |lane: usize| Some(self.history.held(lane)).filter(|at| *at > 0);
        let waits = self.waits().into_iter().map(|wait| wait.due);
        let openings = self.openings();
        let last = waits.chain(openings).chain((opened..self.lanes()).filter_map(held)).max();
        let is_too_late = |last: &u64| !self.is_over() && to.is_some_and(|to| to < u64::MAX && *last >= to);
        match last.filter(is_too_late) {
            Some(due) => Err(StateError::Deadline { due: Instant::from_nanos(due) }),
            None => {
                self.history.push(Event::NewDeadline(to));
                Ok(())
            }
        }
    }
}
