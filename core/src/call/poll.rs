//! What is due: the deadline, attempt timeouts, promised sends, hedges, in this order; else a wait.

use core::ops::Deref;

use super::Call;
use super::state::{NEVER, Phase, Status};
use crate::action::{Action, Reason, Stop, WaitReason};
use crate::attempt::Attempt;
use crate::backoff::Backoff;
use crate::gate::{Admission, End, Gate};
use crate::policy::Policy;
use crate::time::Instant;
use crate::verdict::Sent;

impl<P, B, G, const LANES: usize> Call<P, G, LANES>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    G: Gate,
{
    /// What to do now. Poll again after each action that is done, until it is a wait or the end.
    ///
    /// Polling too often does no harm: the same wait is given again, and after the end the same end for ever.
    /// Polling too late makes what was due happen late. Time that goes backwards stands still.
    // As `handle`: once a function that is not inlined borrows the call, all of its state has to live in memory, and a
    // call that succeeds at once costs three times as much.
    #[inline(always)]
    pub fn poll(&mut self, now: Instant) -> Action {
        let now = self.advance(now);
        if self.state.phase == Phase::Running {
            if now.as_nanos() >= self.state.deadline && self.state.deadline != NEVER {
                self.finish(Phase::GaveUp, Reason::Deadline);
            } else if let Some(action) = self.due(now) {
                return action;
            } else if self.state.phase == Phase::Running {
                return self.wait(now);
            }
        }
        self.conclude()
    }

    /// When it wants to be polled again: the instant of the wait that the last poll gave, for whoever did not keep it.
    ///
    /// `None` is only after an outcome, or never, because the call is over.
    ///
    /// ```
    /// use insist_core::{Action, Call, Instant, Policy};
    /// use core::time::Duration;
    ///
    /// let policy = Policy::default().attempt_timeout(Duration::from_secs(1));
    /// let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    /// while let Action::Send(_) = call.poll(Instant::ZERO) {}
    /// assert_eq!(call.due_at(), Some(Instant::from_nanos(1_000_000_000)));
    /// ```
    #[inline]
    #[must_use]
    pub fn due_at(&self) -> Option<Instant> {
        match self.wait(Instant::from_nanos(self.state.clock)) {
            Action::Wait { until, .. } if self.state.phase == Phase::Running => until,
            _ => None,
        }
    }

    #[inline]
    fn due(&mut self, now: Instant) -> Option<Action> {
        if self.policy.limits().attempt_timeout != NEVER {
            if let Some(action) = self.time_out(now) {
                return Some(action);
            }
        }
        if let Some(action) = self.send_due(now) {
            return Some(action);
        }
        if LANES > 1 { self.open_due(now) } else { None }
    }

    /// The attempt that has had its time, oldest first: cancelled, and judged as possibly sent.
    #[inline]
    fn time_out(&mut self, now: Instant) -> Option<Action> {
        let limit = self.policy.limits().attempt_timeout;
        let is_late = |index: &usize| {
            let lane = &self.state.lanes[*index];
            lane.status == Status::InFlight && lane.at.checked_add(limit).is_some_and(|end| end <= now.as_nanos())
        };
        let index = (0..LANES).filter(is_late).min_by_key(|index| self.state.lanes[*index].id)?;
        let id = self.state.lanes[index].id;
        self.end(index, End::Timeout);
        self.fail(index, now, Sent::Maybe, None);
        Some(Action::Cancel(id))
    }

    /// The first promised send that is due and that the gate admits.
    #[inline]
    fn send_due(&mut self, now: Instant) -> Option<Action> {
        for index in 0..LANES {
            let lane = &self.state.lanes[index];
            if lane.status != Status::Waiting || lane.at > now.as_nanos() {
                continue;
            }
            match self.admit(index, now) {
                Admission::Yes => return Some(self.send(index, now)),
                Admission::NotBefore(at) => self.state.lanes[index].at = at.as_nanos(),
                Admission::No(_) => {
                    self.give_up_wait(index);
                    self.state.reason = Reason::Refused;
                    self.finish_if_no_lane_can_go_on();
                }
            }
        }
        None
    }

    /// Opens the next lane if its time has come. A refused one never opens, and the call stays as it was.
    #[inline]
    fn open_due(&mut self, now: Instant) -> Option<Action> {
        while let Some((index, at)) = self.next_opening() {
            if at > now.as_nanos() {
                return None;
            }
            let kind = self.kind(index);
            if self.gate.reserve(now, kind).is_err() {
                self.never_open(index, now);
                continue;
            }
            match self.admit(index, now) {
                Admission::Yes => {
                    self.opened(index, now);
                    return Some(self.send(index, now));
                }
                Admission::NotBefore(at) => {
                    self.gate.refund(now, kind, now);
                    self.state.lanes[index].since = at.as_nanos();
                }
                Admission::No(_) => {
                    self.gate.refund(now, kind, now);
                    self.never_open(index, now);
                }
            }
        }
        None
    }

    /// The lane that opens next, and when, as far as is known now.
    #[inline]
    fn next_opening(&self) -> Option<(usize, u64)> {
        let index = usize::from(self.state.opened);
        if index < LANES && self.state.lanes[index].status == Status::Opening {
            let lane = &self.state.lanes[index];
            return Some((index, lane.at.max(lane.since)));
        }
        let index = self.next_lane()?;
        if !self.has_attempt_left() {
            return None;
        }
        let lane = &self.state.lanes[index];
        let in_flight = self.state.lanes.iter().filter(|lane| lane.status == Status::InFlight);
        let at = match in_flight.map(|lane| lane.at).min() {
            Some(oldest) => oldest.max(lane.at).checked_add(self.policy.limits().hedge_after)?,
            None if self.is_race() => lane.at,
            None => return None,
        };
        Some((index, at.max(lane.since)))
    }

    fn never_open(&mut self, index: usize, now: Instant) {
        self.opened(index, now);
        self.state.lanes[index].status = Status::Ended;
        self.finish_if_no_lane_can_go_on();
    }

    #[inline]
    fn opened(&mut self, index: usize, now: Instant) {
        self.state.opened = (index + 1) as u8;
        self.note_opening(index, now);
    }

    /// The lane after this one counts its hedge delay from now.
    #[inline]
    fn note_opening(&mut self, index: usize, now: Instant) {
        if let Some(next) = self.state.lanes.get_mut(index + 1).filter(|next| next.status == Status::Unopened) {
            next.at = now.as_nanos();
        }
    }

    /// Asks the gate. "Not before" an instant that is past, or that the deadline does not leave, is a refusal.
    #[inline]
    fn admit(&self, index: usize, now: Instant) -> Admission {
        match self.gate.admit(now, self.kind(index)) {
            Admission::NotBefore(at) if at <= now || at.as_nanos() >= self.state.deadline => {
                Admission::No(crate::gate::Refusal::new("a gate's wait does not fit"))
            }
            admission => admission,
        }
    }

    #[inline]
    fn send(&mut self, index: usize, now: Instant) -> Action {
        let kind = self.kind(index);
        let timeout = self.timeout(now);
        let id = self.state.sent.saturating_add(1);
        self.state.sent = id;
        let lane = &mut self.state.lanes[index];
        lane.since = if lane.retry == 0 { 0 } else { lane.waited() };
        lane.status = Status::InFlight;
        lane.at = now.as_nanos();
        lane.id = id;
        let retry = lane.retry;
        if retry == 0 {
            self.note_opening(index, now);
        }
        Action::Send(Attempt::new(id, retry, index as u8, kind, timeout))
    }

    /// Until the earliest of what is to come; at one instant, what is judged first gives the reason.
    #[inline]
    fn wait(&self, now: Instant) -> Action {
        // One lane that waits: its send lies before the deadline, and there is nothing else.
        let only = &self.state.lanes[0];
        if LANES == 1 && only.status == Status::Waiting {
            return Action::Wait { until: Some(Instant::from_nanos(only.at)), reason: WaitReason::Backoff };
        }
        let mut earliest = (NEVER, WaitReason::Outcome);
        let mut consider = |at: u64, reason| {
            if at < earliest.0 && at > now.as_nanos() {
                earliest = (at, reason);
            }
        };
        consider(self.state.deadline, WaitReason::Deadline);
        let limit = self.policy.limits().attempt_timeout;
        for lane in &self.state.lanes {
            if lane.status == Status::InFlight {
                consider(lane.at.saturating_add(limit), WaitReason::AttemptTimeout);
            }
        }
        for lane in &self.state.lanes {
            if lane.status == Status::Waiting {
                consider(lane.at, WaitReason::Backoff);
            }
        }
        if let Some((_, at)) = self.next_opening() {
            consider(at, WaitReason::Hedge);
        }
        let (at, reason) = earliest;
        Action::Wait { until: if at == NEVER { None } else { Some(Instant::from_nanos(at)) }, reason }
    }

    /// The cancels, one a poll, oldest first; then the end.
    #[inline]
    fn conclude(&mut self) -> Action {
        let in_flight = |index: &usize| self.state.lanes[*index].status == Status::InFlight;
        if let Some(index) = (0..LANES).filter(in_flight).min_by_key(|index| self.state.lanes[*index].id) {
            self.end(index, End::Cancelled);
            return Action::Cancel(self.state.lanes[index].id);
        }
        match self.state.phase {
            Phase::Returned => Action::Return(self.state.last),
            Phase::Running | Phase::GaveUp => {
                Action::GiveUp(Stop::new(self.state.reason, self.state.last, self.state.hint))
            }
        }
    }
}
