//! What follows from an outcome: the end of the call, another attempt, or the end of a lane.
//!
//! A failure is judged in this order: verdict, may it be repeated, attempts left, delay, deadline, gate. A refusal
//! on the way burns nothing that comes after it, and the lane ends at once rather than after a useless wait.

use core::ops::Deref;

use super::state::{NEVER, Phase, Status};
use super::{Call, kind};
use crate::action::Reason;
use crate::attempt::Kind;
use crate::backoff::Backoff;
use crate::gate::{End, Gate};
use crate::policy::Policy;
use crate::time::{Instant, nanos};
use crate::verdict::{Hint, Repeat, Sent, Verdict};

/// What became of a verdict that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handled {
    /// It counted, and the call goes on.
    Counted,
    /// It counted, and the call is over.
    Over,
    /// It came too late: its attempt had ended, or the call had.
    Late,
    /// No attempt with that id was sent.
    Unknown,
}

impl<P, B, G, const LANES: usize> Call<P, G, LANES>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    G: Gate,
{
    /// An attempt has ended, and this is what is concluded from it.
    ///
    /// A verdict counts until the machine has asked to cancel its attempt, or has ended the call: an answer is not
    /// thrown away because its driver was slow to hand it in. Poll after it.
    #[inline(always)]
    pub fn handle(&mut self, now: Instant, id: u32, verdict: Verdict) -> Handled {
        let now = self.advance(now);
        let in_flight = |index: &usize| {
            let lane = &self.state.lanes[*index];
            lane.id == id && lane.status == Status::InFlight
        };
        let found = (0..LANES).find(in_flight);
        let Some(index) = found.filter(|_| !self.is_over()) else {
            return if id == 0 || id > self.state.sent { Handled::Unknown } else { Handled::Late };
        };
        self.state.last = id;
        match verdict {
            Verdict::Accept => {
                self.end(index, End::Accept);
                self.finish(Phase::Returned, Reason::Stopped);
            }
            Verdict::Stop => {
                self.end(index, End::Stop);
                self.finish(Phase::GaveUp, Reason::Stopped);
            }
            Verdict::Retry { sent, hint } => {
                self.end(index, End::Retry(sent));
                self.fail(index, now, sent, hint);
            }
        }
        if self.is_over() { Handled::Over } else { Handled::Counted }
    }

    #[inline]
    pub(super) fn end(&mut self, index: usize, end: End) {
        self.settle(index, end);
        self.state.lanes[index].status = Status::Ended;
    }

    /// The lane's attempt failed: it waits for another, or the lane is over, and perhaps the call.
    #[inline(always)]
    pub(super) fn fail(&mut self, index: usize, now: Instant, sent: Sent, hint: Option<Hint>) {
        let hint = hint.filter(|_| self.policy.limits().hints);
        self.open_next(now, hint);
        if let Err(reason) = self.schedule(index, now, sent, hint) {
            self.state.reason = reason;
            self.finish_if_no_lane_can_go_on();
        }
    }

    /// The next send of a lane, promised and reserved, or why there is none.
    #[inline(always)]
    pub(super) fn schedule(
        &mut self,
        index: usize,
        now: Instant,
        sent: Sent,
        hint: Option<Hint>,
    ) -> Result<(), Reason> {
        let limits = self.policy.limits();
        let lane = self.state.lanes[index];
        let may_repeat = match self.state.repeat {
            Repeat::Always => true,
            Repeat::IfUnsent => sent == Sent::No,
            Repeat::Never => false,
        };
        if !may_repeat {
            return Err(Reason::NotRepeatable);
        }
        let number = lane.retry.saturating_add(1);
        if number >= limits.lane_attempts || !self.has_attempt_left() {
            return Err(Reason::Attempts);
        }
        let start = match hint {
            None => now,
            Some(hint) => self.after_hint(now, hint)?,
        };
        let delay = self.policy.draw(self.state.seed, index as u8, number, lane.since).ok_or(Reason::Backoff)?;
        let due = match hint {
            Some(Hint::Exactly(_)) => start,
            Some(Hint::AtLeast(_)) | None => {
                start.plus(delay).filter(|due| due.as_nanos() < NEVER).ok_or(Reason::Backoff)?
            }
        };
        if due.as_nanos() >= self.state.deadline {
            return Err(Reason::Deadline);
        }
        self.gate.reserve(now, Kind::Retry).map_err(|_| Reason::Refused)?;
        let lane = &mut self.state.lanes[index];
        lane.status = Status::Waiting;
        lane.retry = number;
        lane.at = due.as_nanos();
        lane.since = now.as_nanos();
        lane.carry(0);
        Ok(())
    }

    /// When a hint has passed. One that is too long is kept for the caller.
    #[inline]
    fn after_hint(&mut self, now: Instant, hint: Hint) -> Result<Instant, Reason> {
        let wait = span(hint);
        match now.plus(wait).filter(|start| self.is_within_limits(wait, *start)) {
            Some(start) => Ok(start),
            None => {
                self.state.hint = self.state.hint.max(wait);
                Err(Reason::RetryAfter)
            }
        }
    }

    fn is_within_limits(&self, wait: u64, start: Instant) -> bool {
        wait == 0 || (wait <= self.policy.limits().hint_limit && start.as_nanos() < self.state.deadline)
    }

    /// With `hedge_on_failure`, a failure opens the next lane at once, or when the hint has passed.
    pub(super) fn open_next(&mut self, now: Instant, hint: Option<Hint>) {
        let limits = self.policy.limits();
        if LANES == 1 || !limits.hedge_on_failure || self.state.repeat != Repeat::Always || !self.has_attempt_left() {
            return;
        }
        let wait = hint.map_or(0, span);
        let start = now.plus(wait).filter(|start| self.is_within_limits(wait, *start));
        let unopened = |index: &usize| self.state.lanes[*index].status == Status::Unopened;
        let next = (0..LANES.min(usize::from(limits.lanes))).find(unopened);
        if let (Some(index), Some(start)) = (next, start.filter(|start| start.as_nanos() < self.state.deadline)) {
            let lane = &mut self.state.lanes[index];
            lane.status = Status::Opening;
            lane.at = start.as_nanos();
            self.sort_openings(index);
        }
    }

    /// Lanes open in order, so the earliest opening goes to the first: a hint holds up nobody else's.
    fn sort_openings(&mut self, newest: usize) {
        for index in (1..=newest).rev() {
            let [before, after] = [self.state.lanes[index - 1], self.state.lanes[index]];
            if before.status == Status::Opening && before.at > after.at {
                self.state.lanes[index - 1].at = after.at;
                self.state.lanes[index].at = before.at;
            }
        }
    }

    /// The lane that would open next, if one may.
    #[inline]
    pub(super) fn next_lane(&self) -> Option<usize> {
        let index = usize::from(self.state.opened);
        let is_room = LANES > 1 && index < LANES && index < usize::from(self.policy.limits().lanes);
        let may_open = is_room && self.state.repeat == Repeat::Always;
        if may_open && self.state.lanes[index].status == Status::Unopened { Some(index) } else { None }
    }

    /// Whether there is a send that no lane was promised.
    #[inline]
    pub(super) fn has_attempt_left(&self) -> bool {
        self.state.sent.saturating_add(self.state.promised()) < self.policy.limits().attempts
    }

    /// A lane that has not opened keeps no call alive, unless a race is still to open it.
    #[inline]
    pub(super) fn finish_if_no_lane_can_go_on(&mut self) {
        let goes_on = |status| matches!(status, Status::Waiting | Status::InFlight | Status::Opening);
        let is_alive = self.state.lanes.iter().any(|lane| goes_on(lane.status));
        let is_opening = self.is_race() && self.next_lane().is_some() && self.has_attempt_left();
        if !is_alive && !is_opening {
            self.finish(Phase::GaveUp, self.state.reason);
        }
    }

    #[inline]
    pub(super) fn is_race(&self) -> bool {
        self.policy.limits().hedge_after == 0
    }

    /// How long a send that happens now may take.
    #[inline]
    pub(super) fn timeout(&self, now: Instant) -> u64 {
        let left = if self.state.deadline == NEVER { NEVER } else { self.state.deadline - now.as_nanos() };
        self.policy.limits().attempt_timeout.min(left)
    }

    #[inline]
    pub(super) fn kind(&self, index: usize) -> Kind {
        kind(index, self.state.lanes[index].retry)
    }
}

fn span(hint: Hint) -> u64 {
    match hint {
        Hint::AtLeast(wait) | Hint::Exactly(wait) => nanos(wait),
    }
}
