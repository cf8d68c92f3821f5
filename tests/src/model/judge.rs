//! What follows from a verdict, and from a failure: may it be repeated, attempts, delay, deadline, gate; then a wait.

use insist_core::{AttemptEnd, Cause, Failure, Handled, Hint, Instant, Reason, Repeat, Sent, Verdict};

use super::Model;
use super::history::{Event, Outcome, Wait};
use super::tape::Tape;
use crate::expected::{Special, delay_after, hint_spread, nanos, told};

impl Model<'_> {
    /// A verdict counts while its attempt is in flight and the call goes on; later it is ignored, and that is said.
    pub(super) fn handle(&mut self, id: u32, verdict: Verdict, tape: &mut Tape<'_>) -> Result<Handled, String> {
        if id == 0 || id > self.history.newest() {
            return Ok(Handled::Unknown);
        }
        let flight = self.history.in_flight().into_iter().find(|flight| flight.id == id);
        let Some(flight) = flight.filter(|_| !self.is_over()) else { return Ok(Handled::Late) };
        match verdict {
            Verdict::Accept => {
                self.end(flight, AttemptEnd::Accept, tape)?;
                self.finish(Outcome::Returned, tape)?;
            }
            Verdict::Stop => {
                self.end(flight, AttemptEnd::Stop, tape)?;
                self.finish(Outcome::GaveUp(Reason::Stopped), tape)?;
            }
            Verdict::Retry(failure) => {
                let end = AttemptEnd::Retry(failure);
                self.end(flight, end, tape)?;
                self.fail(flight.lane, end, tape)?;
                self.give_up_if_no_lane_can_go_on(tape)?;
            }
            other => return Err(format!("{other:?} is new here")),
        }
        self.what_became_of(flight.lane)
    }

    /// Returns what is said of an attempt's end that counted.
    pub(super) fn what_became_of(&self, lane: usize) -> Result<Handled, String> {
        if self.is_over() {
            return Ok(Handled::Over);
        }
        match self.history.wait_of(lane) {
            Some(wait) => Ok(Handled::Retry { due: Instant::from_nanos(wait.due) }),
            None => {
                let reason = self.history.last_reason().ok_or("its lane ended without a reason")?;
                Ok(Handled::LaneEnded { reason })
            }
        }
    }

    /// An attempt of a lane has failed: the lane waits for another, or is over.
    pub(super) fn fail(&mut self, lane: usize, end: AttemptEnd, tape: &mut Tape<'_>) -> Result<(), String> {
        // A timeout was possibly sent.
        let failure = if let AttemptEnd::Retry(failure) = end { failure } else { Failure::new() };
        let hint = failure.hint.filter(|_| self.policy.get_hints());
        self.open_on_failure(hint);
        let cause = Cause::retry(told(end));
        match self.due(lane, failure, hint) {
            Err(reason) => self.history.push(Event::LaneOver { lane, reason, refusal: None }),
            Ok(due) => match tape.reserve(self.clock, cause)? {
                Ok(()) => {
                    let (begun, reserved) = (self.clock, Some(self.clock));
                    let wait = Wait { lane, begun, due, reserved, cause, was_put_off: false, is_held: false };
                    self.history.push(Event::Promised(wait));
                }
                Err(refusal) => {
                    self.history.push(Event::LaneOver { lane, reason: Reason::Refused, refusal: Some(refusal) });
                }
            },
        }
        self.hold_others(lane, hint, tape)
    }

    /// Law 9: a hint holds up every later send of the call; one that is too long leaves it none.
    fn hold_others(&mut self, lane: usize, hint: Option<Hint>, tape: &mut Tape<'_>) -> Result<(), String> {
        let Some(wait) = hint.map(|hint| nanos(hint.span())).filter(|wait| *wait > 0 && self.shares_hints()) else {
            return Ok(());
        };
        match self.after(hint) {
            Ok(until) => {
                let whole = wait.div_ceil(1_000_000).min(u64::from(u32::MAX)) * 1_000_000;
                self.history.push(Event::HintHolds { lane, until, whole: self.clock.saturating_add(whole) });
            }
            Err(too_long) => {
                self.history.push(Event::Unkept(too_long));
                for wait in self.waits() {
                    self.refund(wait, tape)?;
                    let (lane, reason) = (wait.lane, Reason::RetryAfter);
                    self.history.push(Event::LaneOver { lane, reason, refusal: None });
                }
            }
        }
        Ok(())
    }

    /// When the lane's next send is due, or why there is none.
    fn due(&mut self, lane: usize, failure: Failure, hint: Option<Hint>) -> Result<u64, Reason> {
        // Law 16.
        let may_repeat = match self.repeat {
            Repeat::Always => true,
            Repeat::IfUnsent => failure.sent == Sent::No,
            _ => false,
        };
        if !may_repeat {
            return Err(Reason::NotRepeatable);
        }
        // Law 2. A lane that has sent one attempt is about to make retry 1.
        let number = self.history.sends_of(lane);
        let counted = number - self.uncounted(Some(lane));
        let has_lane_attempt = self.policy.get_lane_attempts().is_none_or(|attempts| counted < attempts);
        if !has_lane_attempt || !self.has_attempt_left() {
            return Err(Reason::Attempts);
        }
        if self.is_shut() {
            return Err(Reason::RetryAfter);
        }
        // Law 9: the backoff starts after the hint, unless exactly the hint was asked for.
        let start = match self.after(hint) {
            Ok(start) => start,
            Err(too_long) => {
                self.history.push(Event::Unkept(too_long));
                return Err(Reason::RetryAfter);
            }
        };
        // Law 8.
        let previous = self.history.previous_wait_of(lane);
        let special = self.special(lane, failure.throttled);
        let drawn =
            delay_after(special, self.policy, self.seed, lane as u8, number, previous).ok_or(Reason::Backoff)?;
        let due = match hint {
            Some(Hint::Exactly(_)) => start,
            // The last instant that there is stands for never.
            _ => start.checked_add(drawn).filter(|due| *due < u64::MAX).ok_or(Reason::Backoff)?,
        };
        let more = match hint {
            Some(Hint::AtLeast(span)) => {
                let most = self.deadline().unwrap_or(u64::MAX).saturating_sub(1).saturating_sub(due);
                hint_spread(self.policy, self.seed, lane as u8, number, nanos(span), most)
            }
            _ => 0,
        };
        let due = due.saturating_add(more).max(if self.shares_hints() { self.history.held_by_hints() } else { 0 });
        // Law 6.
        if self.is_before_the_deadline(due) { Ok(due) } else { Err(Reason::Deadline) }
    }

    /// Returns what makes a lane's next wait another one than its number says.
    pub(super) fn special(&self, lane: usize, throttled: bool) -> Special {
        let restarts = self.policy.get_restart_after_hint() && self.policy.get_hints();
        Special { throttled, restart: if restarts { self.history.restart(lane) } else { 0 } }
    }

    /// When a hinted wait has passed, or how long it is if that is too long. Law 9.
    fn after(&self, hint: Option<Hint>) -> Result<u64, u64> {
        let wait = hint.map_or(0, |hint| nanos(hint.span()));
        if wait == 0 {
            return Ok(self.clock);
        }
        let is_within_the_limit = self.policy.get_hint_limit().is_none_or(|limit| wait <= nanos(limit));
        let start = self.clock.checked_add(wait).filter(|start| self.is_before_the_deadline(*start));
        start.filter(|_| is_within_the_limit).ok_or(wait)
    }

    /// Law 10: with `hedge_on_failure` a failure opens the next lane at once, or after its hint, if that can still
    /// come before the deadline.
    fn open_on_failure(&mut self, hint: Option<Hint>) {
        let is_unopened = self.history.opened() + self.openings().len() < self.lanes();
        if !self.is_shut() && self.policy.get_hedge_on_failure() && is_unopened && self.has_attempt_left() {
            let held = if self.shares_hints() { self.history.held_by_hints() } else { 0 };
            let at = self.after(hint).ok().map(|at| at.max(held)).filter(|at| self.is_before_the_deadline(*at));
            at.into_iter().for_each(|at| self.history.push(Event::OpeningPromised(at)));
        }
    }
}
