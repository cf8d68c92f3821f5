//! Everything that changes in a call, as plain data.

use super::lane::Lane;
use crate::action::Reason;
use crate::time::Instant;
use crate::verdict::Repeat;

/// "Never", in the fields that hold an instant.
pub(super) const NEVER: u64 = u64::MAX;

/// Everything that changes in a call: plain data, at most 96 bytes with one lane.
///
/// [`Call::suspend`](super::Call::suspend) gives it, [`Call::try_resume`](super::Call::try_resume) takes it. It can be
/// kept meanwhile: as bytes, with [`encode`](Self::encode) and [`decode`](Self::decode), or through serde. Whatever is
/// decoded is checked first, so that no file can make a call break a law.
///
/// # What is in it
///
/// The seed, the deadline, what was sent, and when which lane goes on. Not the policy: it may change from one release
/// to the next, and [`fits`](Self::fits) says whether it still can be gone by. Not the gates' state either: a budget
/// or a breaker tells of its process, and a wait is reserved anew with the gate of whoever resumes it. And not the
/// results: what the last attempt came to is kept by whoever needs it.
///
/// # Which origin
///
/// Its instants count from the origin of whoever polled. A call that is resumed in the same process can count from
/// [`Instant::now`](crate::Instant)'s. One that outlives its process counts from the Unix epoch, for which 64 bits of
/// nanoseconds last until the year 2554: `Instant::since_epoch` reads that clock. A clock that is set back makes time
/// stand still until it has caught up, one that is set forward ends waits early; an instant that lies more than 30
/// years away from the last one is of another origin, and `try_resume` refuses it. Whoever counts so has gates of the
/// same origin.
///
/// # How to keep it
///
/// After each poll, and before what it said is done: [`Call::state`](super::Call::state) borrows it from a call that
/// goes on. Then no attempt is sent twice under one number. Those that were in flight when the process died count as
/// failed, possibly sent, so the receiver may see a request more than once, and needs an idempotency key to tell. In
/// a file, write to a new one, sync it, and rename it over the old one; in a database, use a transaction. The example
/// `webhook` of `insist-blocking` does all of this.
#[derive(Clone, Debug, PartialEq)]
pub struct State<const LANES: usize = 1> {
    /// The seed that the waits are drawn from.
    pub(super) seed: u64,
    /// The instant of the deadline.
    pub(super) deadline: u64,
    /// The latest instant that was seen: time that goes backwards stands still.
    pub(super) clock: u64,
    /// The largest hint that ended a lane, 0 for none.
    pub(super) hint: u64,
    /// The id of the newest attempt. As many were sent, but for those that were withdrawn.
    pub(super) sent: u32,
    /// The latest attempt that had a verdict, 0 for none.
    pub(super) last: u32,
    /// The number of attempts before the call was revived: the policy's limits do not count them.
    pub(super) forgiven: u32,
    pub(super) phase: Phase,
    /// The reason of the lane that ended last.
    pub(super) reason: Reason,
    pub(super) repeat: Repeat,
    /// The number of lanes that have opened; they open in order.
    pub(super) opened: u8,
    pub(super) lanes: [Lane; LANES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(super) enum Phase {
    Running,
    Returned,
    GaveUp,
}

impl<const LANES: usize> State<LANES> {
    /// Returns how many attempts were sent. What was [withdrawn](super::Call::withdraw) was not; of a call that was
    /// [revived](Self::revive), what was withdrawn before that counts as sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.sent - self.withdrawn()
    }

    /// Returns the id of the newest attempt, 0 for none: they are numbered 1, 2, 3 … in the order of their sends, and one
    /// that was withdrawn keeps its number.
    #[inline]
    #[must_use]
    pub const fn newest(&self) -> u32 {
        self.sent
    }

    /// Returns how many attempts were sent after the first of their lane; of a call that was
    /// [revived](Self::revive), since then.
    #[must_use]
    pub fn retries(&self) -> u32 {
        let sent = |lane: &Lane| if lane.is_waiting() { lane.retry().saturating_sub(1) } else { lane.retry() };
        self.lanes.iter().fold(0, |sum: u32, lane| sum.saturating_add(sent(lane)))
    }

    /// Returns the lane of an attempt, if that is the newest of its lane; the winner and the losers of a call are.
    #[must_use]
    pub fn lane_of(&self, attempt: u32) -> Option<u8> {
        let found = self.lanes.iter().position(|lane| lane.attempt() == attempt && attempt > 0);
        found.map(|index| index as u8)
    }

    /// Returns the attempt in flight with the smallest id above this one, and its lane: ids start at 1, so 0 asks for
    /// the oldest.
    ///
    /// A driver that polls what is in flight goes by this, for outcomes of one instant are handed in by id.
    #[inline]
    #[must_use]
    pub fn in_flight_after(&self, attempt: u32) -> Option<(u32, u8)> {
        let in_flight =
            |(index, lane): (usize, &Lane)| lane.in_flight().filter(|id| *id > attempt).map(|id| (id, index as u8));
        self.lanes.iter().enumerate().filter_map(in_flight).min()
    }

    /// Returns how many lanes were opened after the first.
    #[must_use]
    pub fn hedges(&self) -> u32 {
        self.lanes.iter().skip(1).filter(|lane| lane.attempt() > 0).count() as u32
    }

    /// Returns the seed.
    #[inline]
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns whether the call has ended, with a return or a give-up.
    #[inline]
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        !matches!(self.phase, Phase::Running)
    }

    /// Returns why the call gave up; `None` if it goes on, or returned a result.
    ///
    /// ```
    /// use insist_core::{Call, Instant, Policy, Reason, Verdict};
    ///
    /// let policy = Policy::stop();
    /// let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    /// let _ = call.poll(Instant::ZERO);
    /// assert_eq!(call.state().reason(), None);
    /// call.handle(Instant::ZERO, 1, Verdict::retry());
    /// assert_eq!(call.state().reason(), Some(Reason::Backoff));
    /// ```
    #[inline]
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self.phase {
            Phase::GaveUp => Some(self.reason),
            Phase::Running | Phase::Returned => None,
        }
    }

    /// Returns the instant of the deadline, if the call has one.
    #[inline]
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        if self.deadline == NEVER { None } else { Some(Instant::from_nanos(self.deadline)) }
    }

    /// Returns which failures of the call may be followed by another attempt.
    #[inline]
    #[must_use]
    pub const fn repeat(&self) -> Repeat {
        self.repeat
    }

    /// Returns when a suspended call is to be resumed: when the first of its promised sends is due, or at once
    /// if an attempt was in flight, for that has to be judged. `None` if the call has ended.
    ///
    /// This is the instant for a column that a store sorts by. A call that goes on is asked with
    /// [`Call::due`](super::Call::due), which knows of hedges and timeouts too.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Call, Instant, Policy, Verdict};
    ///
    /// let policy = Policy::constant(Duration::from_secs(60));
    /// let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    /// let _ = call.poll(Instant::ZERO);
    /// call.handle(Instant::ZERO, 1, Verdict::retry());
    /// assert_eq!(call.suspend().due(), Some(Instant::from_nanos(60_000_000_000)));
    /// ```
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        if self.has_ended() {
            return None;
        }
        let due = |lane: &Lane| match lane {
            Lane::Waiting { due, .. } => Some(*due),
            Lane::InFlight { .. } => Some(self.clock),
            Lane::Unopened { .. } | Lane::Opening { .. } | Lane::Ended { .. } => None,
        };
        let promised = self.lanes.iter().filter_map(due).min();
        // Lanes open in order. With nothing promised it is a race between two openings, and the next is due now, or
        // when a gate lets it.
        let opening = match self.lanes.get(usize::from(self.opened)) {
            Some(Lane::Opening { due, not_before }) => Some((*due).max(*not_before)),
            Some(Lane::Unopened { not_before, .. }) if promised.is_none() => Some((*not_before).max(self.clock)),
            _ => None,
        };
        Some(Instant::from_nanos(promised.into_iter().chain(opening).min().unwrap_or(self.clock)))
    }

    /// The latest instant that was seen; of a call that has not been polled, that at which it was made.
    #[inline]
    pub(crate) const fn clock(&self) -> Instant {
        Instant::from_nanos(self.clock)
    }

    /// Returns how many attempts its lanes sent.
    #[inline]
    pub(super) fn sends(&self) -> u32 {
        self.lanes.iter().fold(0, |sum: u32, lane| sum.saturating_add(lane.sends()))
    }

    /// Returns how many attempts of its lanes no limit counts.
    #[inline]
    pub(super) fn unsent(&self) -> u32 {
        self.lanes.iter().map(|lane| u32::from(lane.unsent())).sum()
    }

    /// Returns how many attempts its lanes sent or are promised, of which at most so many that were never sent do not count.
    #[inline]
    pub(super) fn spent(&self, unsent_attempts: u8) -> u32 {
        let spent = self.lanes.iter().fold(0, |sum: u32, lane| sum.saturating_add(lane.spent()));
        spent.saturating_sub(self.uncounted(unsent_attempts))
    }

    /// Returns how many attempts that were never sent do not count, if so many may.
    #[inline]
    pub(super) fn uncounted(&self, unsent_attempts: u8) -> u32 {
        if unsent_attempts == 0 { 0 } else { self.unsent().min(unsent_attempts.into()) }
    }

    /// Returns how many attempts were withdrawn since it began, or was revived.
    pub(super) fn withdrawn(&self) -> u32 {
        self.sent.saturating_sub(self.forgiven).saturating_sub(self.sends())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Why;
    use crate::call::lane::DueBy;

    const fn in_flight(attempt: u32) -> Lane {
        Lane::InFlight { sent: 0, waited: 0, retry: 0, attempt, why: Why::NOTHING, hint_or_restart: 0, unsent: 0 }
    }

    /// Attempt 1 is retried later, 4 and 3 are in flight, 2 has ended.
    fn state() -> State<5> {
        let mut state =
            crate::Call::with_lanes::<5>(&const { crate::Policy::zero() }, (), crate::Instant::ZERO, 7).suspend();
        state.sent = 4;
        let waiting = Lane::Waiting {
            due: 70,
            began: 0,
            retry: 1,
            attempt: 1,
            why: Why::NOTHING,
            hint_or_restart: 0,
            unsent: 0,
            due_by: DueBy::Backoff,
        };
        state.lanes = [
            waiting,
            in_flight(4),
            Lane::Ended { retry: 0, attempt: 2, held: 0, unsent: 0 },
            in_flight(3),
            Lane::UNOPENED,
        ];
        state
    }

    #[test]
    fn what_is_in_flight_is_told_by_id_and_with_its_lane() {
        let ids = [0, 1, 2, 3, 4, 5].map(|id| state().in_flight_after(id));
        assert_eq!(ids, [Some((3, 3)), Some((3, 3)), Some((3, 3)), Some((4, 1)), None, None]);
    }

    #[test]
    fn an_attempt_has_the_lane_that_sent_it_last() {
        let lanes = [0, 1, 2, 3, 4, 5].map(|id| state().lane_of(id));
        assert_eq!(lanes, [None, Some(0), Some(2), Some(3), Some(1), None]);
    }

    #[test]
    fn a_promised_retry_is_none_yet_and_an_opened_lane_is_a_hedge() {
        assert_eq!(state().attempts(), 4);
        assert_eq!(state().retries(), 0);
        assert_eq!(state().hedges(), 3);
    }

    #[test]
    fn what_is_in_flight_is_due_at_once_and_what_waits_at_its_time() {
        let mut state = state();
        state.clock = 50;
        assert_eq!(state.due(), Some(Instant::from_nanos(50)));
        for lane in &mut state.lanes {
            if lane.in_flight().is_some() {
                *lane = lane.ended();
            }
        }
        assert_eq!(state.due(), Some(Instant::from_nanos(70)));
        (state.lanes[4], state.opened) = (Lane::Opening { due: 55, not_before: 60 }, 4);
        assert_eq!(state.due(), Some(Instant::from_nanos(60)));
        state.phase = Phase::Returned;
        assert_eq!(state.due(), None);
    }

    /// A race whose only lane that may go on is held back by a gate is not resumed again and again until then.
    #[test]
    fn a_race_that_a_gate_holds_back_is_due_when_it_may_open() {
        let mut state = state();
        (state.clock, state.opened) = (50, 4);
        for lane in &mut state.lanes[..4] {
            *lane = lane.ended();
        }
        assert_eq!(state.due(), Some(Instant::from_nanos(50)));
        state.lanes[4] = Lane::Unopened { since: 40, not_before: 60 };
        assert_eq!(state.due(), Some(Instant::from_nanos(60)));
        // Lanes open in order, so what comes later waits for what is held.
        state.lanes[3] = Lane::Opening { due: 51, not_before: 70 };
        state.lanes[4] = Lane::Opening { due: 52, not_before: 0 };
        state.opened = 3;
        assert_eq!(state.due(), Some(Instant::from_nanos(70)));
    }
}
