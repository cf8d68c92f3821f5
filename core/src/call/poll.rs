//! Polls a call for what is due: the deadline, attempt timeouts, promised sends, hedges, in this order; else a wait.

use super::Call;
use super::judge::FailedAttempt;
use super::lane::{self, DueBy, Lane};
use super::state::{NEVER, Phase, State};
use crate::action::{Action, CancelReason, GiveUp, Reason, WaitReason};
use crate::attempt::{Attempt, AttemptEnd, Cause, Why};
use crate::gate::{Admission, Gate, HedgeAfter, Refusal};
use crate::policy::AsPolicy;
use crate::time::{Instant, nanos};

impl<P: AsPolicy, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Returns what to do now. Poll again after each action that is done, until it is a wait or the end.
    ///
    /// Polling too often does no harm: the same wait is given again, and after the end the same end for ever.
    /// Polling too late makes what was due happen late. Time that goes backwards stands still.
    // As `handle`: once a function that is not inlined borrows the call, all of its state has to live in memory, and a
    // call that succeeds at once costs three times as much.
    #[inline(always)]
    pub fn poll(&mut self, now: Instant) -> Action {
        // This first, for then it is known where a driver polls after a verdict that ended the call.
        if self.is_over() {
            self.advance(now);
            return self.conclude();
        }
        let now = self.advance(now);
        if now.as_nanos() >= self.state.deadline && self.state.deadline != NEVER {
            self.finish(Phase::GaveUp, Reason::Deadline);
        } else if let Some(action) = self.due_now(now) {
            return action;
        } else if !self.is_over() {
            return self.wait();
        }
        self.conclude()
    }

    /// Returns when it wants to be polled again: the instant of the wait that the last poll gave, for whoever did not
    /// keep it. Before the first poll, and after a verdict, it may be an instant that has come: then poll at once.
    ///
    /// `None` is only after an outcome, or never, because the call is over. The instant changes with each poll, verdict
    /// and cancel.
    ///
    /// ```
    /// use insist_core::{Action, Call, Instant, Policy};
    /// use core::time::Duration;
    ///
    /// let policy = Policy::default().attempt_timeout(Duration::from_secs(1));
    /// let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    /// while let Action::Send(_) = call.poll(Instant::ZERO) {}
    /// assert_eq!(call.due(), Some(Instant::from_nanos(1_000_000_000)));
    /// ```
    #[inline]
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        match self.wait() {
            Action::Wait { until, .. } if self.state.phase == Phase::Running => until,
            _ => None,
        }
    }

    // Called once a poll. Out of line, it would keep the call in memory, where a compiler that sees all of it leaves most out.
    #[inline(always)]
    fn due_now(&mut self, now: Instant) -> Option<Action> {
        if self.policy.as_policy().limits().attempt_timeout != NEVER {
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
    #[inline(always)]
    fn time_out(&mut self, now: Instant) -> Option<Action> {
        let limit = self.policy.as_policy().limits().attempt_timeout;
        let late = |index: usize| match self.state.lanes[index] {
            Lane::InFlight { sent, attempt, .. } => {
                sent.checked_add(limit).filter(|end| *end <= now.as_nanos()).map(|_| (attempt, index))
            }
            _ => None,
        };
        let (attempt, index) = (0..LANES).filter_map(late).min()?;
        let failed = FailedAttempt::of(&self.state.lanes[index], AttemptEnd::Timeout);
        self.end(index, AttemptEnd::Timeout);
        self.fail(index, now, failed);
        Some(Action::Cancel { attempt, reason: CancelReason::Timeout })
    }

    /// The first promised send that is due and that the gate admits.
    #[inline]
    fn send_due(&mut self, now: Instant) -> Option<Action> {
        for index in 0..LANES {
            match self.state.lanes[index] {
                Lane::Waiting { due, .. } if due <= now.as_nanos() => {}
                _ => continue,
            }
            match self.admit(index, now) {
                Admission::Yes => return Some(self.send(index, now)),
                Admission::NotBefore(at) => {
                    if let Lane::Waiting { due, due_by, .. } = &mut self.state.lanes[index] {
                        (*due, *due_by) = (at.as_nanos(), due_by.held());
                    }
                }
                Admission::No(refusal) => {
                    self.give_up_wait(index);
                    self.refused(refusal);
                    self.finish_if_no_lane_can_go_on();
                }
            }
        }
        None
    }

    /// A lane ends because a gate refused.
    #[inline]
    pub(super) const fn refused(&mut self, refusal: Refusal) {
        self.state.reason = Reason::Refused;
        self.refusal = Some(refusal);
    }

    /// Opens the next lane if its time has come. A refused one never opens, and the call stays as it was.
    #[inline]
    fn open_due(&mut self, now: Instant) -> Option<Action> {
        while let Some((index, at, _)) = self.next_opening() {
            if at > now.as_nanos() {
                return None;
            }
            let cause = &Cause::HEDGE;
            if self.gate.reserve(now, cause).is_err() {
                self.never_open(index, now);
                continue;
            }
            match self.admit(index, now) {
                Admission::Yes => {
                    self.gate_times[index] = now.as_nanos();
                    self.opened(index, now);
                    return Some(self.send(index, now));
                }
                Admission::NotBefore(at) => {
                    self.gate.refund(now, cause, now);
                    if let Lane::Unopened { not_before, .. } | Lane::Opening { not_before, .. } =
                        &mut self.state.lanes[index]
                    {
                        *not_before = at.as_nanos();
                    }
                }
                Admission::No(_) => {
                    self.gate.refund(now, cause, now);
                    self.never_open(index, now);
                }
            }
        }
        None
    }

    /// The lane that opens next, when as far as is known now, and whether a gate holds it until then.
    #[inline]
    fn next_opening(&self) -> Option<(usize, u64, bool)> {
        if self.is_shut() {
            return None;
        }
        let index = usize::from(self.state.opened);
        if index < LANES {
            if let Lane::Opening { due, not_before } = self.state.lanes[index] {
                return Some((index, due.max(not_before), not_before > due));
            }
        }
        let index = self.next_lane()?;
        if !self.has_attempt_left() {
            return None;
        }
        let Lane::Unopened { since, not_before } = self.state.lanes[index] else { return None };
        let sent = |lane: &Lane| if let Lane::InFlight { sent, .. } = lane { Some(*sent) } else { None };
        let at = match self.state.lanes.iter().filter_map(sent).min() {
            Some(_) if self.gate_times[index] == NEVER => return None,
            Some(oldest) => oldest.max(since).checked_add(self.gate_times[index])?,
            None if self.is_race() => since,
            None => return None,
        };
        Some((index, at.max(not_before), not_before > at.max(self.held())))
    }

    fn never_open(&mut self, index: usize, now: Instant) {
        self.opened(index, now);
        if index + 1 < LANES {
            self.gate_times[index + 1] = self.gate_times[index];
        }
        self.state.lanes[index] = Lane::Ended { retry: 0, attempt: 0, held: 0, unsent: 0 };
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
        if let Some(Lane::Unopened { since, .. }) = self.state.lanes.get_mut(index + 1) {
            *since = now.as_nanos();
        }
    }

    /// Asks the gate. "Not before" an instant that is past, or that the deadline does not leave, is a refusal.
    #[inline]
    fn admit(&self, index: usize, now: Instant) -> Admission {
        match self.gate.admit(now, &self.state.lanes[index].cause(index)) {
            Admission::NotBefore(at) if at <= now || at.as_nanos() >= self.state.deadline => {
                Admission::No(Refusal::new(&"the wait that a gate asks for leaves no time"))
            }
            admission => admission,
        }
    }

    #[inline]
    fn send(&mut self, index: usize, now: Instant) -> Action {
        let timeout = self.timeout(now);
        let id = self.state.sent.saturating_add(1);
        self.state.sent = id;
        let (retry, waited, why, hint_or_restart, unsent) = match self.state.lanes[index] {
            Lane::Waiting { due, began, retry: retry @ 1.., why, hint_or_restart, unsent, .. } => {
                (retry, due.saturating_sub(began), why, hint_or_restart, unsent)
            }
            _ => (0, 0, Why::NOTHING, 0, 0),
        };
        self.state.lanes[index] =
            Lane::InFlight { sent: now.as_nanos(), waited, retry, attempt: id, why, hint_or_restart, unsent };
        if retry == 0 {
            self.note_opening(index, now);
        }
        if LANES > 1 {
            self.ask_for_hedge_delay(now);
        }
        let kind = lane::cause(index, retry, why, hint_or_restart).kind;
        Action::Send(Attempt::new(id, retry, index as u8, kind, timeout))
    }

    /// Asks the gate after how long the next lane is worth opening, if there is one.
    #[inline]
    fn ask_for_hedge_delay(&mut self, now: Instant) {
        let next = usize::from(self.state.opened);
        if !self.is_race() && self.has_lane(next) {
            let policy = self.policy.as_policy();
            self.gate_times[next] = match self.gate.hedge_after(now, policy.get_hedge_at()) {
                HedgeAfter::Policy => policy.limits().hedge_after,
                HedgeAfter::Delay(delay) => nanos(delay),
                HedgeAfter::Never => NEVER,
            };
        }
    }

    /// Waits until the earliest of what is to come. Of several at one instant, the one that is judged first gives the reason.
    #[inline]
    fn wait(&self) -> Action {
        // One lane that waits: its send lies before the deadline, and there is nothing else.
        if LANES == 1 {
            if let Lane::Waiting { due, due_by, .. } = self.state.lanes[0] {
                return Action::Wait { until: Some(Instant::from_nanos(due)), reason: promised(due_by) };
            }
        }
        let mut earliest = (NEVER, WaitReason::Outcome);
        let mut consider = |at: u64, reason| {
            if at < earliest.0 {
                earliest = (at, reason);
            }
        };
        consider(self.state.deadline, WaitReason::Deadline);
        let limit = self.policy.as_policy().limits().attempt_timeout;
        for lane in &self.state.lanes {
            if let Lane::InFlight { sent, .. } = lane {
                consider(sent.saturating_add(limit), WaitReason::AttemptTimeout);
            }
        }
        for lane in &self.state.lanes {
            if let Lane::Waiting { due, due_by, .. } = lane {
                consider(*due, promised(*due_by));
            }
        }
        if let Some((_, at, is_held)) = self.next_opening() {
            consider(at, if is_held { WaitReason::Gate } else { WaitReason::Hedge });
        }
        let (at, reason) = earliest;
        Action::Wait { until: if at == NEVER { None } else { Some(Instant::from_nanos(at)) }, reason }
    }

    /// The cancels, one a poll, oldest first; then the end.
    #[inline]
    fn conclude(&mut self) -> Action {
        let in_flight = |index: usize| self.state.lanes[index].in_flight().map(|attempt| (attempt, index));
        if let Some((attempt, index)) = (0..LANES).filter_map(in_flight).min() {
            let reason = self.cancel_reason();
            self.end(index, reason.into());
            return Action::Cancel { attempt, reason };
        }
        match self.state.phase {
            Phase::Returned => Action::Return(self.state.last),
            Phase::Running | Phase::GaveUp => {
                let State { reason, last, hint, .. } = self.state;
                Action::GiveUp(GiveUp::new(reason, last, hint, self.refusal))
            }
        }
    }

    /// Returns why the attempts in flight are cancelled, now that the call is over.
    #[inline]
    const fn cancel_reason(&self) -> CancelReason {
        match (self.state.phase, self.state.reason) {
            (Phase::GaveUp, Reason::Deadline) => CancelReason::Deadline,
            (Phase::GaveUp, Reason::Cancelled) => CancelReason::Cancelled,
            // An accepted outcome, or a verdict of stop: nothing else ends a call that has an attempt in flight.
            _ => CancelReason::Lost,
        }
    }
}

const fn promised(due_by: DueBy) -> WaitReason {
    if due_by.is_gate() { WaitReason::Gate } else { WaitReason::Backoff }
}
