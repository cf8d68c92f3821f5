//! What a poll finds due: the deadline, attempt timeouts, promised sends, hedges; else a wait, or the end.

use insist_core::{Admission, AttemptEnd, CancelReason, Cause, HedgeAfter, Instant, Kind, Reason, Refusal, WaitReason};

use super::Model;
use super::history::{Event, Flight, Outcome};
use super::tape::Tape;
use crate::expected::nanos;
use crate::record::{Did, Ending, Sending};

impl Model<'_> {
    pub(super) fn poll(&mut self, tape: &mut Tape<'_>) -> Result<Did, String> {
        if !self.is_over() && self.is_late() {
            self.finish(Outcome::GaveUp(Reason::Deadline), tape)?;
        }
        if !self.is_over() {
            if let Some(cancel) = self.time_out(tape)? {
                return Ok(cancel);
            }
            if let Some(send) = self.send_what_is_due(tape)? {
                return Ok(send);
            }
            if let Some(send) = self.open_what_is_due(tape)? {
                return Ok(send);
            }
        }
        match self.history.outcome() {
            None => Ok(self.wait()),
            Some(outcome) => self.conclude(outcome, tape),
        }
    }

    fn times_out_at(&self, flight: &Flight) -> Option<u64> {
        flight.at.checked_add(nanos(self.policy.get_attempt_timeout()?))
    }

    /// A timeout is a cancel, and then a failure that may be repeated and was possibly sent.
    fn time_out(&mut self, tape: &mut Tape<'_>) -> Result<Option<Did>, String> {
        let has_passed = |flight: &Flight| self.times_out_at(flight).is_some_and(|at| at <= self.clock);
        let Some(flight) = self.history.in_flight().into_iter().find(has_passed) else { return Ok(None) };
        self.end(flight, AttemptEnd::Timeout, tape)?;
        self.fail(flight.lane, AttemptEnd::Timeout, tape)?;
        self.give_up_if_no_lane_can_go_on(tape)?;
        Ok(Some(Did::Cancel(flight.id, CancelReason::Timeout)))
    }

    fn send_what_is_due(&mut self, tape: &mut Tape<'_>) -> Result<Option<Did>, String> {
        let is_due = self.waits().into_iter().filter(|wait| wait.due <= self.clock).collect::<Vec<_>>();
        for wait in is_due {
            let (lane, cause) = (wait.lane, wait.cause);
            match self.admit(cause, tape)? {
                Admission::Yes => {
                    let waited = if cause.kind == Kind::Retry { wait.length() } else { 0 };
                    return self.send(lane, cause, waited, wait.reserved, tape).map(Some);
                }
                Admission::NotBefore(at) => self.history.push(Event::Held { lane, until: at.as_nanos() }),
                // Law 11: the one send is given up, and so its lane.
                Admission::No(refusal) => {
                    self.refund(wait, tape)?;
                    self.history.push(Event::LaneOver { lane, reason: Reason::Refused, refusal: Some(refusal) });
                    self.give_up_if_no_lane_can_go_on(tape)?;
                }
            }
        }
        Ok(None)
    }

    fn open_what_is_due(&mut self, tape: &mut Tape<'_>) -> Result<Option<Did>, String> {
        while self.next_opening().is_some_and(|(at, _)| at <= self.clock) {
            let lane = self.history.opened();
            if tape.reserve(self.clock, Cause::HEDGE)?.is_ok() {
                let admission = self.admit(Cause::HEDGE, tape)?;
                if admission == Admission::Yes {
                    return self.send(lane, Cause::HEDGE, 0, Some(self.clock), tape).map(Some);
                }
                tape.refund(self.clock, Cause::HEDGE, Instant::from_nanos(self.clock))?;
                if let Admission::NotBefore(at) = admission {
                    self.history.push(Event::Held { lane, until: at.as_nanos() });
                    continue;
                }
            }
            // Law 11: a refused hedge leaves the call as it was.
            self.history.push(Event::NeverOpens(self.clock));
            self.give_up_if_no_lane_can_go_on(tape)?;
        }
        Ok(None)
    }

    /// When the next lane opens, as far as is known, and what for. Law 10.
    pub(super) fn next_opening(&self) -> Option<(u64, WaitReason)> {
        let lane = self.history.opened();
        if self.is_over() || self.is_shut() || lane >= self.lanes() {
            return None;
        }
        let at = if let Some(promised) = self.openings().first() {
            *promised
        } else if !self.has_attempt_left() {
            return None;
        } else if self.is_race() {
            self.start
        } else {
            // While nothing is in flight no hedge opens.
            let oldest = self.history.in_flight().first()?.at;
            oldest.max(self.history.last_opening()).checked_add(self.history.hedge_delay()?)?
        };
        let held = self.history.held(lane);
        let is_gate = held > at.max(self.history.held_by_hints());
        Some((at.max(held), if is_gate { WaitReason::Gate } else { WaitReason::Hedge }))
    }

    pub(super) fn is_race(&self) -> bool {
        self.policy.get_hedge_after().is_zero()
    }

    /// Law 6: "not before" an instant that is past, or that the deadline does not leave, is a refusal.
    fn admit(&self, cause: Cause, tape: &mut Tape<'_>) -> Result<Admission, String> {
        Ok(match tape.admit(self.clock, cause)? {
            Admission::NotBefore(at) if at.as_nanos() <= self.clock || !self.is_before_the_deadline(at.as_nanos()) => {
                Admission::No(Refusal::new(&"the wait that a gate asks for leaves no time"))
            }
            admission => admission,
        })
    }

    /// Law 2: attempts are numbered 1, 2, 3. Law 7: a timeout fits the deadline.
    fn send(
        &mut self,
        lane: usize,
        cause: Cause,
        waited: u64,
        reserved: Option<u64>,
        tape: &mut Tape<'_>,
    ) -> Result<Did, String> {
        let id = self.history.newest() + 1;
        let retry = self.history.sends_of(lane);
        self.history.push(Event::Sent(Flight { id, lane, cause, at: self.clock, waited, reserved }));
        let left = self.deadline().map(|deadline| deadline - self.clock);
        let timeout = self.policy.get_attempt_timeout().map(nanos).into_iter().chain(left).min();
        self.ask_for_hedge_delay(tape)?;
        Ok(Did::Send(Sending { id, retry, lane: lane as u8, kind: cause.kind, timeout }))
    }

    /// At each send the gate may say after how long the next lane is worth opening, unless it is a race.
    fn ask_for_hedge_delay(&mut self, tape: &mut Tape<'_>) -> Result<(), String> {
        if self.is_race() || self.history.opened() == self.lanes() {
            return Ok(());
        }
        let said = if self.is_asked { tape.hedge_after(self.clock)? } else { HedgeAfter::Policy };
        let delay = match said {
            HedgeAfter::Policy => Some(nanos(self.policy.get_hedge_after())),
            HedgeAfter::Delay(delay) => Some(nanos(delay)),
            HedgeAfter::Never => None,
        };
        // The longest span that there is stands for never.
        self.history.push(Event::HedgeDelay(delay.filter(|delay| *delay < u64::MAX)));
        Ok(())
    }

    /// Until the earliest of what is to come; at one instant, what comes first in the order of ties gives the reason.
    fn wait(&self) -> Did {
        match self.next() {
            Some((at, reason)) => Did::Wait(Some(at), reason),
            None => Did::Wait(None, WaitReason::Outcome),
        }
    }

    /// Returns what is to come first, if it is known when.
    pub(super) fn next(&self) -> Option<(u64, WaitReason)> {
        let mut due: Vec<(u64, WaitReason)> = Vec::new();
        due.extend(self.deadline().map(|at| (at, WaitReason::Deadline)));
        let timeouts = self.history.in_flight().into_iter().filter_map(|flight| self.times_out_at(&flight));
        due.extend(timeouts.map(|at| (at, WaitReason::AttemptTimeout)));
        due.extend(
            self.waits()
                .into_iter()
                .map(|wait| (wait.due, if wait.is_held { WaitReason::Gate } else { WaitReason::Backoff })),
        );
        due.extend(self.next_opening());
        due.retain(|(at, _)| *at < u64::MAX);
        due.into_iter().min_by_key(|(at, _)| *at)
    }

    /// Law 4: the cancels, oldest first; then the end.
    fn conclude(&mut self, outcome: Outcome, tape: &mut Tape<'_>) -> Result<Did, String> {
        if let Some(loser) = self.history.in_flight().first() {
            // Law 3: what cost it its end.
            let (end, reason) = match outcome {
                Outcome::Returned | Outcome::GaveUp(Reason::Stopped) => (AttemptEnd::Lost, CancelReason::Lost),
                Outcome::GaveUp(Reason::Deadline) => (AttemptEnd::Deadline, CancelReason::Deadline),
                Outcome::GaveUp(Reason::Cancelled) => (AttemptEnd::Cancelled, CancelReason::Cancelled),
                Outcome::GaveUp(_) => return Err(format!("it is {outcome:?}, and {loser:?} is in flight")),
            };
            self.end(*loser, end, tape)?;
            return Ok(Did::Cancel(loser.id, reason));
        }
        let last = self.history.last_judged();
        match outcome {
            Outcome::Returned => last.map(Did::Return).ok_or_else(|| "it returned without a verdict".into()),
            Outcome::GaveUp(reason) => {
                let refusal = if reason == Reason::Refused { self.history.last_refusal() } else { None };
                Ok(Did::GiveUp(Ending { reason, refusal, last, hint: self.history.largest_unkept_hint() }))
            }
        }
    }
}
