//! Judges an outcome: it leads to the end of the call, to another attempt, or to the end of a lane.
//!
//! A failure is judged in this order: verdict, may it be repeated, attempts left, delay, deadline, gate. A refusal
//! on the way burns nothing that comes after it, and the lane ends at once rather than after a useless wait.

use super::Call;
use super::lane::{DueBy, Lane};
use super::state::{NEVER, Phase};
use crate::action::Reason;
use crate::attempt::{AttemptEnd, Cause};
use crate::gate::Gate;
use crate::policy::AsPolicy;
use crate::time::{Instant, nanos};
use crate::verdict::{Failure, Hint, Repeat, Sent, Verdict};

/// The effect of a verdict that was handed in, or of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Handled {
    /// The attempt's lane waits to send another.
    Retry {
        /// The instant at which that is due.
        due: Instant,
    },
    /// The attempt's lane has ended, and other lanes go on.
    LaneEnded {
        /// The reason why it sends no more.
        reason: Reason,
    },
    /// The call is over: poll for its cancels and its end.
    Over,
    /// It came too late: its attempt had ended, or the call had.
    Late,
    /// No attempt with that id was sent.
    Unknown,
}

impl Handled {
    /// Returns whether the verdict counted: it was neither late nor of an attempt that is unknown.
    #[inline]
    #[must_use]
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Late | Self::Unknown)
    }
}

/// A failed attempt, which its lane holds no longer.
#[derive(Clone, Copy)]
pub(super) struct FailedAttempt {
    end: AttemptEnd,
    /// The wait before it.
    waited: u64,
    /// The retry after which the backoff began anew.
    restart: u32,
}

impl FailedAttempt {
    #[inline]
    pub(super) const fn of(lane: &Lane, end: AttemptEnd) -> Self {
        let waited = if let Lane::InFlight { waited, .. } = lane { *waited } else { 0 };
        Self { end, waited, restart: lane.restart() }
    }

    /// A timeout counts as possibly sent.
    #[inline]
    const fn failure(&self) -> Failure {
        match self.end {
            AttemptEnd::Retry(failure) => failure,
            _ => Failure::new(),
        }
    }
}

impl<P: AsPolicy, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Hands in what is concluded from the outcome of an attempt that has ended. Poll after it.
    ///
    /// A verdict counts until the machine has asked to cancel its attempt, or has ended the call: an answer is not
    /// thrown away because its driver was slow to hand it in.
    #[inline(always)]
    pub fn handle(&mut self, now: Instant, id: u32, verdict: Verdict) -> Handled {
        let now = self.advance(now);
        for index in 0..LANES {
            match self.state.lanes[index] {
                Lane::InFlight { attempt, .. } if attempt == id && !self.is_over() => {
                    return self.judge(index, now, verdict);
                }
                _ => {}
            }
        }
        if id == 0 || id > self.state.sent { Handled::Unknown } else { Handled::Late }
    }

    /// The verdict of the attempt that this lane has in flight.
    #[inline(always)]
    fn judge(&mut self, index: usize, now: Instant, verdict: Verdict) -> Handled {
        self.state.last = self.state.lanes[index].attempt();
        let end = AttemptEnd::from(verdict);
        let failed = FailedAttempt::of(&self.state.lanes[index], end);
        self.end(index, end);
        match verdict {
            Verdict::Accept => self.finish(Phase::Returned, Reason::Stopped),
            Verdict::Stop => self.finish(Phase::GaveUp, Reason::Stopped),
            Verdict::Retry(_) => self.fail(index, now, failed),
        }
        if self.is_over() {
            return Handled::Over;
        }
        match self.state.lanes[index] {
            Lane::Waiting { due, .. } => Handled::Retry { due: Instant::from_nanos(due) },
            _ => Handled::LaneEnded { reason: self.state.reason },
        }
    }

    /// The lane's attempt failed: it waits for another, or the lane is over, and perhaps the call.
    #[inline(always)]
    pub(super) fn fail(&mut self, index: usize, now: Instant, failed: FailedAttempt) {
        let failure = failed.failure();
        let hint = failure.hint.filter(|_| self.policy.as_policy().limits().hints);
        if failure.sent == Sent::No {
            self.leave_uncounted(index);
        }
        self.open_next(now, hint);
        let scheduled = self.schedule(index, now, failed);
        if let Err(reason) = scheduled {
            self.state.reason = reason;
        }
        if LANES > 1 {
            if let Some(hint) = hint {
                self.hold_others(index, now, nanos(hint.span()));
            }
        }
        if scheduled.is_err() {
            self.finish_if_no_lane_can_go_on();
        }
    }

    /// The next send of a lane, promised and reserved, or why there is none.
    #[inline(always)]
    pub(super) fn schedule(&mut self, index: usize, now: Instant, failed: FailedAttempt) -> Result<(), Reason> {
        let policy = self.policy.as_policy();
        let limits = policy.limits();
        let failure = failed.failure();
        let hint = failure.hint.filter(|_| limits.hints);
        let (retry, attempt) = (self.state.lanes[index].retry(), self.state.lanes[index].attempt());
        let may_repeat = match self.state.repeat {
            Repeat::Always => true,
            Repeat::IfUnsent => failure.sent == Sent::No,
            Repeat::Never => false,
        };
        if !may_repeat {
            return Err(Reason::NotRepeatable);
        }
        let number = retry.saturating_add(1);
        let unsent = self.state.lanes[index].unsent();
        if self.state.lanes[index].counted(number, limits.unsent_attempts) >= limits.lane_attempts
            || !self.has_attempt_left()
        {
            return Err(Reason::Attempts);
        }
        if self.is_shut() {
            return Err(Reason::RetryAfter);
        }
        let start = match hint {
            None => now,
            Some(hint) => self.after_hint(now, hint)?,
        };
        let restart = match hint {
            _ if !limits.restarts => 0,
            None => failed.restart,
            Some(Hint::AtLeast(_)) => retry,
            Some(Hint::Exactly(_)) => number,
        };
        let delay = self
            .draw(self.state.seed, index, number, failed.waited, failure.throttled, restart)
            .ok_or(Reason::Backoff)?;
        let due = match hint {
            Some(Hint::Exactly(_)) => start,
            Some(Hint::AtLeast(_)) | None => {
                start.plus(delay).filter(|due| due.as_nanos() < NEVER).ok_or(Reason::Backoff)?
            }
        };
        let due = self.spread(index, number, hint, due).max(Instant::from_nanos(self.held()));
        if due.as_nanos() >= self.state.deadline {
            return Err(Reason::Deadline);
        }
        let cause = Cause::retry(failed.end);
        if let Err(refusal) = self.gate.reserve(now, &cause) {
            self.refused(refusal);
            return Err(Reason::Refused);
        }
        self.gate_times[index] = now.as_nanos();
        self.state.lanes[index] = Lane::Waiting {
            due: due.as_nanos(),
            began: now.as_nanos(),
            retry: number,
            attempt,
            why: cause.why,
            hint_or_restart: if cause.hint_ms > 0 { cause.hint_ms } else { restart },
            unsent,
            due_by: if cause.hint_ms > 0 && hint.is_some() { DueBy::Hint } else { DueBy::Backoff },
        };
        Ok(())
    }

    /// Leaves an attempt that was never sent out of what the limits count, as far as the policy does.
    #[inline]
    fn leave_uncounted(&mut self, index: usize) {
        let most = self.policy.as_policy().limits().unsent_attempts;
        if most > 0 && self.state.unsent() < u32::from(most) {
            if let Lane::Ended { unsent, .. } = &mut self.state.lanes[index] {
                *unsent += 1;
            }
        }
    }

    /// The jittered delay before a retry of a lane.
    #[inline]
    pub(super) fn draw(
        &self,
        seed: u64,
        index: usize,
        number: u32,
        waited: u64,
        throttled: bool,
        restart: u32,
    ) -> Option<u64> {
        let (policy, lane) = (self.policy.as_policy(), index as u8);
        if throttled || restart > 0 {
            policy.draw_since(restart, throttled, seed, lane, number, waited)
        } else {
            policy.draw(seed, lane, number, waited)
        }
    }

    /// Puts off a retry that was hinted by the policy's share of the hint, and not up to the deadline.
    #[inline]
    fn spread(&self, index: usize, number: u32, hint: Option<Hint>, due: Instant) -> Instant {
        match hint {
            Some(Hint::AtLeast(span)) if self.policy.as_policy().limits().spreads => {
                let most = self.state.deadline.saturating_sub(1).saturating_sub(due.as_nanos());
                let (seed, lane) = (self.state.seed, index as u8);
                let more = self.policy.as_policy().draw_hint_spread(seed, lane, number, nanos(span), most);
                Instant::from_nanos(due.as_nanos().saturating_add(more))
            }
            _ => due,
        }
    }

    /// Returns the instant at which a hint has passed. One that is too long is kept for the caller.
    #[inline]
    fn after_hint(&mut self, now: Instant, hint: Hint) -> Result<Instant, Reason> {
        let wait = nanos(hint.span());
        match now.plus(wait).filter(|start| self.is_within_limits(wait, *start)) {
            Some(start) => Ok(start),
            None => {
                self.state.hint = self.state.hint.max(wait);
                Err(Reason::RetryAfter)
            }
        }
    }

    pub(super) fn is_within_limits(&self, wait: u64, start: Instant) -> bool {
        wait == 0 || (wait <= self.policy.as_policy().limits().hint_limit && start.as_nanos() < self.state.deadline)
    }

    /// With `hedge_on_failure`, a failure opens the next lane at once, or when the hint has passed.
    pub(super) fn open_next(&mut self, now: Instant, hint: Option<Hint>) {
        let limits = self.policy.as_policy().limits();
        if LANES == 1
            || !limits.hedge_on_failure
            || self.is_shut()
            || self.state.repeat != Repeat::Always
            || !self.has_attempt_left()
        {
            return;
        }
        let wait = hint.map_or(0, |hint| nanos(hint.span()));
        let start = now.plus(wait).filter(|start| self.is_within_limits(wait, *start));
        let next = (0..LANES.min(usize::from(limits.lanes))).find(|index| self.state.lanes[*index].is_unopened());
        let start = start.map(|start| start.as_nanos().max(self.held()));
        if let (Some(index), Some(due)) = (next, start.filter(|start| *start < self.state.deadline)) {
            if let Lane::Unopened { not_before, .. } = self.state.lanes[index] {
                self.state.lanes[index] = Lane::Opening { due, not_before };
                self.sort_openings(index);
            }
        }
    }

    /// Lanes open in order, so the earliest opening goes to the first: a hint holds up nobody else's.
    fn sort_openings(&mut self, newest: usize) {
        for index in (1..=newest).rev() {
            let Some([Lane::Opening { due: before, .. }, Lane::Opening { due: after, .. }]) =
                self.state.lanes.get_mut(index - 1..=index)
            else {
                continue;
            };
            if before > after {
                core::mem::swap(before, after);
            }
        }
    }

    /// The lane that would open next, if one may.
    #[inline]
    pub(super) fn next_lane(&self) -> Option<usize> {
        let index = usize::from(self.state.opened);
        if self.has_lane(index) && self.state.lanes[index].is_unopened() { Some(index) } else { None }
    }

    /// Returns whether the call may open a lane of this number.
    #[inline]
    pub(super) fn has_lane(&self, index: usize) -> bool {
        let is_room = LANES > 1 && index < LANES && index < usize::from(self.policy.as_policy().limits().lanes);
        is_room && self.state.repeat == Repeat::Always
    }

    /// Returns whether the policy has a send left that no lane was promised.
    #[inline]
    pub(super) fn has_attempt_left(&self) -> bool {
        let limits = self.policy.as_policy().limits();
        self.state.spent(limits.unsent_attempts) < limits.attempts
    }

    /// A lane that has not opened keeps no call alive, unless a race is still to open it.
    #[inline]
    pub(super) fn finish_if_no_lane_can_go_on(&mut self) {
        let goes_on = |lane: &Lane| matches!(lane, Lane::Waiting { .. } | Lane::InFlight { .. } | Lane::Opening { .. });
        let is_alive = self.state.lanes.iter().any(goes_on);
        let is_opening = self.is_race() && self.next_lane().is_some() && self.has_attempt_left() && !self.is_shut();
        if !is_alive && !is_opening {
            self.finish(Phase::GaveUp, self.state.reason);
        }
    }

    #[inline]
    pub(super) fn is_race(&self) -> bool {
        self.policy.as_policy().limits().hedge_after == 0
    }

    /// Returns how long an attempt that is sent now may take.
    #[inline]
    pub(super) fn timeout(&self, now: Instant) -> u64 {
        let left = if self.state.deadline == NEVER { NEVER } else { self.state.deadline - now.as_nanos() };
        self.policy.as_policy().limits().attempt_timeout.min(left)
    }
}
