//! What a poll finds due: the deadline, attempt timeouts, promised sends, hedges; else a wait.

use insist::{Admission, End, Instant, Kind, Reason, Sent, WaitReason};

use super::tape::Tape;
use super::{Flight, Model, Outcome, Place};
use crate::expected::nanos;
use crate::record::{Did, Sending};

impl Model<'_> {
    pub(super) fn poll(&mut self, tape: &mut Tape<'_>) -> Result<Did, String> {
        if self.outcome.is_none() && self.is_late() {
            self.finish(Outcome::GaveUp(Reason::Deadline), tape)?;
        }
        if self.outcome.is_none() {
            if let Some(action) = self.time_out(tape)? {
                return Ok(action);
            }
            if let Some(action) = self.send_what_is_due(tape)? {
                return Ok(action);
            }
            if let Some(action) = self.open_what_is_due(tape)? {
                return Ok(action);
            }
        }
        match self.outcome {
            None => Ok(self.wait()),
            Some(outcome) => self.conclude(outcome, tape),
        }
    }

    fn time_out_at(&self, flight: &Flight) -> Option<u64> {
        self.policy.get_attempt_timeout().and_then(|timeout| flight.since.checked_add(nanos(timeout)))
    }

    fn time_out(&mut self, tape: &mut Tape<'_>) -> Result<Option<Did>, String> {
        let has_passed = |flight: &Flight| self.time_out_at(flight).is_some_and(|at| at <= self.clock);
        let Some((index, flight)) = self.oldest(has_passed) else { return Ok(None) };
        self.end(index, End::Timeout, tape)?;
        self.fail(index, Sent::Maybe, None, tape)?;
        self.give_up_if_no_lane_can_go_on(tape)?;
        Ok(Some(Did::Cancel(flight.id)))
    }

    fn send_what_is_due(&mut self, tape: &mut Tape<'_>) -> Result<Option<Did>, String> {
        for index in 0..self.lanes.len() {
            let Place::Waiting(due) = self.lanes[index].place else { continue };
            if due > self.clock {
                continue;
            }
            match self.admit(self.kind(index), tape)? {
                Admission::Yes => {
                    self.lanes[index].previous = due - self.lanes[index].failed;
                    return Ok(Some(self.send(index)));
                }
                Admission::NotBefore(at) => self.lanes[index].place = Place::Waiting(at.as_nanos()),
                Admission::No(_) => {
                    self.give_up_wait(index, tape)?;
                    self.reason = Reason::Refused;
                    self.give_up_if_no_lane_can_go_on(tape)?;
                }
            }
        }
        Ok(None)
    }

    fn open_what_is_due(&mut self, tape: &mut Tape<'_>) -> Result<Option<Did>, String> {
        while let Some((index, _)) = self.next_opening().filter(|(_, at)| *at <= self.clock) {
            let now = Instant::from_nanos(self.clock);
            if tape.reserve(self.clock, Kind::Hedge)? {
                match self.admit(Kind::Hedge, tape)? {
                    Admission::Yes => return Ok(Some(self.send(index))),
                    Admission::NotBefore(at) => {
                        tape.refund(self.clock, Kind::Hedge, now)?;
                        self.lanes[index].held = at.as_nanos();
                        continue;
                    }
                    Admission::No(_) => tape.refund(self.clock, Kind::Hedge, now)?,
                }
            }
            self.lanes[index].place = Place::Ended;
            self.opened = index + 1;
            self.last_opening = self.clock;
            self.give_up_if_no_lane_can_go_on(tape)?;
        }
        Ok(None)
    }

    /// Which lane opens next, and when, as far as is known.
    fn next_opening(&self) -> Option<(usize, u64)> {
        if self.outcome.is_some() {
            return None;
        }
        if let Some(Place::Opening(at)) = self.lanes.get(self.opened).map(|lane| lane.place) {
            return Some((self.opened, at.max(self.lanes[self.opened].held)));
        }
        let index = self.next_unopened().filter(|_| self.has_attempt_left())?;
        let at = match self.oldest(|_| true) {
            _ if self.is_race() => Some(0),
            // The oldest has the least id, and so was sent first.
            Some((_, oldest)) => oldest.since.max(self.last_opening).checked_add(nanos(self.policy.get_hedge_after())),
            None => None,
        };
        at.map(|at| (index, at.max(self.lanes[index].held)))
    }

    fn admit(&self, kind: Kind, tape: &mut Tape<'_>) -> Result<Admission, String> {
        let refusal = Admission::No(insist::Refusal::new("too early or too late"));
        Ok(match tape.admit(self.clock, kind)? {
            Admission::NotBefore(at) if at.as_nanos() <= self.clock => refusal,
            Admission::NotBefore(at) if !self.is_before_the_deadline(at.as_nanos()) => refusal,
            admission => admission,
        })
    }

    fn send(&mut self, index: usize) -> Did {
        let kind = self.kind(index);
        self.sent += 1;
        if kind != Kind::Retry {
            self.opened = self.opened.max(index + 1);
            self.last_opening = self.clock;
        }
        let lane = &mut self.lanes[index];
        lane.place = Place::InFlight(Flight { id: self.sent, since: self.clock });
        lane.sends += 1;
        if lane.sends == 1 {
            lane.previous = 0;
        }
        let left = self.deadline.map(|deadline| deadline - self.clock);
        let timeout = self.policy.get_attempt_timeout().map(nanos).into_iter().chain(left).min();
        Did::Send(Sending { id: self.sent, retry: lane.sends - 1, lane: index as u8, kind, timeout })
    }

    fn wait(&self) -> Did {
        let mut due: Vec<(u64, WaitReason)> = Vec::new();
        due.extend(self.deadline.map(|at| (at, WaitReason::Deadline)));
        for lane in &self.lanes {
            if let Place::InFlight(flight) = lane.place {
                due.extend(self.time_out_at(&flight).map(|at| (at, WaitReason::AttemptTimeout)));
            }
        }
        for lane in &self.lanes {
            if let Place::Waiting(at) = lane.place {
                due.push((at, WaitReason::Backoff));
            }
        }
        due.extend(self.next_opening().map(|(_, at)| (at, WaitReason::Hedge)));
        due.retain(|(at, _)| *at < u64::MAX);
        match due.iter().min_by_key(|(at, _)| *at) {
            Some((at, reason)) => Did::Wait(Some(*at), *reason),
            None => Did::Wait(None, WaitReason::Outcome),
        }
    }
}
