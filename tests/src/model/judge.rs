//! What follows from a failure, in the order of the design: may it be repeated, attempts, delay, deadline, gate.

use insist::{Hint, Kind, Reason, Repeat, Sent};

use super::tape::Tape;
use super::{Model, Outcome, Place};
use crate::expected::{delay, nanos};

impl Model<'_> {
    pub(super) fn fail(
        &mut self,
        index: usize,
        sent: Sent,
        hint: Option<Hint>,
        tape: &mut Tape<'_>,
    ) -> Result<(), String> {
        let hint = hint.filter(|_| self.policy.get_hints());
        self.open_on_failure(hint);
        match self.due(index, sent, hint) {
            Err(reason) => self.reason = reason,
            Ok(due) => {
                let yes = tape.reserve(self.clock, Kind::Retry)?;
                let lane = &mut self.lanes[index];
                if yes {
                    lane.place = Place::Waiting(due);
                    lane.failed = self.clock;
                    lane.reserved = self.clock;
                    lane.was_put_off = false;
                } else {
                    self.reason = Reason::Refused;
                }
            }
        }
        Ok(())
    }

    /// When the lane's next send is due, or why there is none.
    fn due(&mut self, index: usize, sent: Sent, hint: Option<Hint>) -> Result<u64, Reason> {
        match (self.repeat, sent) {
            (Repeat::Always, _) | (Repeat::IfUnsent, Sent::No) => {}
            _ => return Err(Reason::NotRepeatable),
        }
        let lane = self.lanes[index];
        if self.policy.get_lane_attempts().is_some_and(|most| lane.sends >= most) || !self.has_attempt_left() {
            return Err(Reason::Attempts);
        }
        let (wait, is_exact) = match hint {
            None => (0, false),
            Some(Hint::AtLeast(wait)) => (nanos(wait), false),
            Some(Hint::Exactly(wait)) => (nanos(wait), true),
        };
        let start = self.after(wait).ok_or_else(|| {
            self.hint = self.hint.max(wait);
            Reason::RetryAfter
        })?;
        // The lane sent `sends` attempts, so this is the retry with that number.
        let drawn = delay(self.policy, self.seed, index as u8, lane.sends, lane.previous).ok_or(Reason::Backoff)?;
        let due = if is_exact { Some(start) } else { start.checked_add(drawn).filter(|due| *due < u64::MAX) };
        due.ok_or(Reason::Backoff)
            .and_then(|due| if self.is_before_the_deadline(due) { Ok(due) } else { Err(Reason::Deadline) })
    }

    /// When a hinted wait has passed, if it is not too long.
    fn after(&self, wait: u64) -> Option<u64> {
        if wait == 0 {
            return Some(self.clock);
        }
        let fits = self.policy.get_hint_limit().is_none_or(|limit| wait <= nanos(limit));
        self.clock.checked_add(wait).filter(|start| fits && self.is_before_the_deadline(*start))
    }

    fn open_on_failure(&mut self, hint: Option<Hint>) {
        if !self.policy.get_hedge_on_failure() || self.repeat != Repeat::Always || !self.has_attempt_left() {
            return;
        }
        let wait = hint.map_or(0, |(Hint::AtLeast(wait) | Hint::Exactly(wait))| nanos(wait));
        let Some(start) = self.after(wait).filter(|start| self.is_before_the_deadline(*start)) else { return };
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.place == Place::Unopened) {
            lane.place = Place::Opening(start);
        }
        // Lanes open in order, so the earliest opening goes to the first.
        let opening = |lane: &super::Lane| if let Place::Opening(at) = lane.place { Some(at) } else { None };
        let mut openings: Vec<u64> = self.lanes.iter().filter_map(opening).collect();
        openings.sort_unstable();
        for (lane, at) in self.lanes.iter_mut().filter(|lane| opening(lane).is_some()).zip(openings) {
            lane.place = Place::Opening(at);
        }
    }

    pub(super) fn has_attempt_left(&self) -> bool {
        let is_promised = |lane: &&super::Lane| matches!(lane.place, Place::Waiting(_) | Place::Opening(_));
        let promised = self.lanes.iter().filter(is_promised).count();
        self.policy.get_attempts().is_none_or(|most| u64::from(self.sent) + (promised as u64) < u64::from(most))
    }

    pub(super) fn give_up_if_no_lane_can_go_on(&mut self, tape: &mut Tape<'_>) -> Result<(), String> {
        let goes_on = self.lanes.iter().any(|lane| !matches!(lane.place, Place::Ended | Place::Unopened));
        let race_goes_on = self.is_race() && self.next_unopened().is_some() && self.has_attempt_left();
        if self.outcome.is_none() && !goes_on && !race_goes_on {
            self.finish(Outcome::GaveUp(self.reason), tape)?;
        }
        Ok(())
    }

    pub(super) fn is_race(&self) -> bool {
        self.policy.get_hedge_after().is_zero()
    }

    /// The lane that opens next, unless it is opening already.
    pub(super) fn next_unopened(&self) -> Option<usize> {
        let lane = self.lanes.get(self.opened)?;
        (lane.place == Place::Unopened && self.repeat == Repeat::Always).then_some(self.opened)
    }
}
