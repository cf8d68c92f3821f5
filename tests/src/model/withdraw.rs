//! An attempt that was never sent is taken back: it counts for nothing but its number, and its lane sends again.

use insist_core::{Handled, Instant, Reason, Settled};

use super::Model;
use super::history::{Event, Flight, Wait};
use super::tape::Tape;
use crate::expected::{delay_after, is_throttled};

impl Model<'_> {
    /// Of a call that is over this ends the attempt, and nothing follows.
    pub(super) fn withdraw(&mut self, id: u32, tape: &mut Tape<'_>) -> Result<Handled, String> {
        if id == 0 || id > self.history.newest() {
            return Ok(Handled::Unknown);
        }
        let flight = self.history.in_flight().into_iter().find(|flight| flight.id == id);
        let Some(flight) = flight else { return Ok(Handled::Late) };
        self.history.push(Event::Withdrawn(id));
        tape.settle(self.clock, flight.cause, Settled::Unsent(Instant::from_nanos(flight.at)))?;
        if let Some(reserved) = flight.reserved {
            tape.refund(self.clock, flight.cause, Instant::from_nanos(reserved))?;
        }
        if self.is_over() {
            return Ok(Handled::Over);
        }
        match self.due_again(flight) {
            Err(reason) => self.history.push(Event::LaneOver { lane: flight.lane, reason, refusal: None }),
            Ok(due) => self.promise_again(flight, due, tape)?,
        }
        self.give_up_if_no_lane_can_go_on(tape)?;
        self.what_became_of(flight.lane)
    }

    /// The wait is as long as if the attempt had failed, and as if all that were withdrawn before it had.
    fn due_again(&self, flight: Flight) -> Result<u64, Reason> {
        if self.is_late() {
            return Err(Reason::Deadline);
        }
        let withdrawn = self.history.withdrawn();
        // As many as the policy may send, in all or in its lanes.
        let lanes = u64::from(self.policy.get_lanes());
        let in_lanes = self.policy.get_lane_attempts().map(|attempts| u64::from(attempts) * lanes);
        let most = self.policy.get_attempts().map(u64::from).into_iter().chain(in_lanes).min();
        if most.is_some_and(|most| u64::from(withdrawn) >= most) || !self.has_attempt_left() {
            return Err(Reason::Attempts);
        }
        let number = self.history.sends_of(flight.lane) + withdrawn;
        if self.is_shut() {
            return Err(Reason::RetryAfter);
        }
        let (special, lane) = (self.special(flight.lane, is_throttled(&flight.cause)), flight.lane as u8);
        let drawn = delay_after(special, self.policy, self.seed, lane, number, flight.waited).ok_or(Reason::Backoff)?;
        let due = self.clock.checked_add(drawn).filter(|due| *due < u64::MAX).ok_or(Reason::Backoff)?;
        let due = due.max(if self.shares_hints() { self.history.held_by_hints() } else { 0 });
        if self.is_before_the_deadline(due) { Ok(due) } else { Err(Reason::Deadline) }
    }

    fn promise_again(&mut self, flight: Flight, due: u64, tape: &mut Tape<'_>) -> Result<(), String> {
        let Flight { lane, cause, .. } = flight;
        let answer = if flight.reserved.is_some() { tape.reserve(self.clock, cause)? } else { Ok(()) };
        self.history.push(match answer {
            Err(refusal) => Event::LaneOver { lane, reason: Reason::Refused, refusal: Some(refusal) },
            Ok(()) => {
                let (begun, reserved) = (self.clock, flight.reserved.map(|_| self.clock));
                Event::Promised(Wait { lane, begun, due, reserved, cause, was_put_off: false, is_held: false })
            }
        });
        Ok(())
    }
}
