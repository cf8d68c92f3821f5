//! A call that is put away keeps its promises; taken up again, it reserves them anew and has lost what was in flight.

use insist_core::{End, Jitter, Kind, Reason, Sent};

use super::Model;
use super::history::{Event, Outcome};
use super::tape::Tape;
use crate::expected::delay;

impl Model<'_> {
    /// Law 12: whatever is open is given back to the gate, when a call is put away or dropped.
    pub(super) fn release(&self, tape: &mut Tape<'_>) -> Result<(), String> {
        for wait in self.waits() {
            self.refund(wait, tape)?;
        }
        for flight in self.history.in_flight() {
            self.settle(flight, End::Cancelled, tape)?;
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, tape: &mut Tape<'_>) -> Result<(), String> {
        // The gate was told already of what is lost.
        let lost = self.history.in_flight();
        for flight in &lost {
            self.history.push(Event::Ended { id: flight.id, end: End::Cancelled });
        }
        if !self.is_over() && self.is_late() {
            for wait in self.waits() {
                self.history.push(Event::LaneOver { lane: wait.lane, reason: Reason::Deadline });
            }
            self.history.push(Event::Over(Outcome::GaveUp(Reason::Deadline)));
        }
        if self.is_over() {
            return Ok(());
        }
        for wait in self.waits().into_iter().filter(|wait| wait.reserved.is_some()) {
            let lane = wait.lane;
            if tape.reserve(self.clock, Kind::Retry)? {
                self.history.push(Event::ReservedAnew { lane, at: self.clock });
                self.put_off(lane);
            } else {
                self.history.push(Event::LaneOver { lane, reason: Reason::Refused });
            }
        }
        // By id; none of them ends the call before all are judged.
        for flight in lost {
            self.fail(flight.lane, Sent::Maybe, None, tape)?;
        }
        self.give_up_if_no_lane_can_go_on(tape)
    }

    /// Law 6: an overdue retry is put off once, by a new draw of its jitter, by no more than it is late, and so that it
    /// still comes before the deadline. At the end of time there is nothing to put it off to.
    fn put_off(&mut self, lane: usize) {
        let Some(wait) = self.history.wait_of(lane).filter(|wait| wait.due < self.clock) else { return };
        if wait.was_put_off || self.clock == u64::MAX || self.policy.get_jitter() == Jitter::None {
            return;
        }
        let number = self.history.sends_of(lane);
        // Draws for overdue retries come from places of their own, beyond those of any lane.
        let seed = self.seed.wrapping_add(0xd134_2543_de82_ef95 << 40);
        let Some(drawn) = delay(self.policy, seed, lane as u8, number, wait.length()) else { return };
        let late = self.clock - wait.due;
        let before_the_deadline = self.deadline().unwrap_or(u64::MAX) - self.clock - 1;
        let by = drawn % (late.min(before_the_deadline) + 1);
        self.history.push(Event::PutOff { lane, at: self.clock, by });
    }
}
