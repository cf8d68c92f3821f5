//! A call that is put away keeps its promises; taken up again, it reserves them anew and has lost what was in flight.

use insist_core::{AttemptEnd, Failure, Instant, Jitter, Kind, Reason, StateError};

use super::Model;
use super::history::{Event, Outcome};
use super::tape::Tape;
use crate::expected::{delay_after, is_throttled};

const MINUTE: u64 = 60_000_000_000;

impl Model<'_> {
    /// Law 12: whatever is open is given back to the gate, when a call is put away or dropped.
    pub(super) fn release(&self, tape: &mut Tape<'_>) -> Result<(), String> {
        for wait in self.waits() {
            self.refund(wait, tape)?;
        }
        for flight in self.history.in_flight() {
            self.settle(flight, AttemptEnd::Cancelled, tape)?;
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, tape: &mut Tape<'_>) -> Result<(), String> {
        // The gate was told already of what is lost.
        let lost = self.history.in_flight();
        for flight in &lost {
            self.history.push(Event::Ended { id: flight.id, end: AttemptEnd::Cancelled });
        }
        self.history.push(Event::Resumed);
        if !self.is_over() && self.is_late() {
            for wait in self.waits() {
                self.history.push(Event::LaneOver { lane: wait.lane, reason: Reason::Deadline, refusal: None });
            }
            self.history.push(Event::Over(Outcome::GaveUp(Reason::Deadline)));
        }
        if self.is_over() {
            return Ok(());
        }
        for wait in self.waits().into_iter().filter(|wait| wait.reserved.is_some()) {
            let lane = wait.lane;
            match tape.reserve(self.clock, wait.cause)? {
                Ok(()) => {
                    self.history.push(Event::ReservedAnew { lane, at: self.clock });
                    self.put_off(lane);
                }
                Err(refusal) => {
                    self.history.push(Event::LaneOver { lane, reason: Reason::Refused, refusal: Some(refusal) });
                }
            }
        }
        // By id; none of them ends the call before all are judged.
        for flight in lost {
            self.fail(flight.lane, AttemptEnd::Retry(Failure::new()), tape)?;
        }
        self.give_up_if_no_lane_can_go_on(tape)
    }

    /// Instants of one origin lie no more than 30 years apart, of 365 days each.
    pub(super) fn is_of_this_origin(&self, at: u64) -> Result<(), StateError> {
        if self.clock.abs_diff(at) <= 30 * 365 * 24 * 60 * MINUTE {
            return Ok(());
        }
        Err(StateError::Origin { state: Instant::from_nanos(self.clock), now: Instant::from_nanos(at) })
    }

    /// When a call that is put away wants to be taken up: at once if something is lost that is to be judged; else when
    /// the first of its promised sends is due. With none promised it is a race that has yet to open a lane.
    pub(super) fn to_be_taken_up(&self) -> u64 {
        let promised = self.waits().into_iter().map(|wait| wait.due).min();
        let opening = self.next_opening().map(|(at, _)| at);
        match (promised, opening.filter(|_| !self.openings().is_empty())) {
            _ if !self.history.in_flight().is_empty() => self.clock,
            (None, None) => opening.map_or(self.clock, |at| at.max(self.clock)),
            (wait, opening) => wait.into_iter().chain(opening).min().unwrap_or(self.clock),
        }
    }

    /// Law 6: a retry that is a minute overdue, or more, is put off once, by a new draw of its jitter, by no more than it is late, and so that it
    /// still comes before the deadline. At the end of time there is nothing to put it off to.
    fn put_off(&mut self, lane: usize) {
        let Some(wait) = self.history.wait_of(lane).filter(|wait| wait.due.saturating_add(MINUTE) <= self.clock) else {
            return;
        };
        if wait.cause.kind != Kind::Retry
            || wait.was_put_off
            || self.clock == u64::MAX
            || self.policy.get_jitter() == Jitter::None
        {
            return;
        }
        let number = self.history.sends_of(lane);
        // Draws for overdue retries come from places of their own, beyond those of any lane.
        let seed = self.seed.wrapping_add(0xd134_2543_de82_ef95 << 40);
        let special = self.special(lane, is_throttled(&wait.cause));
        let Some(drawn) = delay_after(special, self.policy, seed, lane as u8, number, wait.length()) else { return };
        let late = self.clock - wait.due;
        let before_the_deadline = self.deadline().unwrap_or(u64::MAX) - self.clock - 1;
        let by = drawn % (late.min(before_the_deadline) + 1);
        self.history.push(Event::PutOff { lane, at: self.clock, by });
    }
}
