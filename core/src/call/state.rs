//! Everything that changes in a call, as plain data.

use crate::action::Reason;
use crate::verdict::Repeat;

/// "Never", in the fields that hold an instant.
pub(super) const NEVER: u64 = u64::MAX;

/// Everything that changes in a call: plain data, at most 96 bytes with one lane.
///
/// [`Call::suspend`](super::Call::suspend) gives it, [`Call::resume`](super::Call::resume) takes it. It can be kept
/// meanwhile: as bytes, with [`encode`](Self::encode) and [`decode`](Self::decode), or through serde. Whatever is
/// decoded is checked first, so that no file can make a call break a law.
///
/// # What is in it
///
/// The seed, the deadline, what was sent, and when which lane goes on. Not the policy: it may change from one release
/// to the next, and [`fits`](Self::fits) says whether it still can be gone by. Not the gates' state either: a budget
/// or a breaker tells of its process, and a wait is reserved anew with the gate of whoever takes it up. And not the
/// results: what the last attempt came to is kept by whoever needs it.
///
/// # Which origin
///
/// Its instants count from the origin of whoever polled. A call that is taken up in the same process can count from
/// [`Instant::now`](crate::Instant)'s. One that outlives its process counts from the Unix epoch, for which 64 bits of
/// nanoseconds last until the year 2554; a clock that is set back makes time stand still until it has caught up, one
/// that is set forward ends waits early. Whoever counts so has gates of the same origin.
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
    /// What the waits are drawn from.
    pub(super) seed: u64,
    /// The instant of the deadline.
    pub(super) deadline: u64,
    /// The latest instant that was seen: time that goes backwards stands still.
    pub(super) clock: u64,
    /// The largest hint that ended a lane, 0 for none.
    pub(super) hint: u64,
    /// How many attempts were sent, which is the id of the newest.
    pub(super) sent: u32,
    /// The latest attempt that had a verdict, 0 for none.
    pub(super) last: u32,
    pub(super) phase: Phase,
    /// Why the lane that ended last did.
    pub(super) reason: Reason,
    pub(super) repeat: Repeat,
    /// How many lanes have opened; they open in order.
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

/// One sequence of attempts. What its instants mean depends on its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    /// Unopened: when the lane before it opened. Opening and waiting: when it is due. In flight: when it was sent.
    pub(super) at: u64,
    /// Unopened and opening: not before this. Waiting: when the wait began and was reserved. In flight: the wait before it.
    pub(super) since: u64,
    /// The retry that is in flight or waiting; 0 is the lane's first send.
    pub(super) retry: u32,
    /// The attempt it sent last, 0 for none.
    pub(super) id: u32,
    pub(super) status: Status,
    /// Waiting: how long before `since` the wait began, if a resumed call reserved it anew; and, in the highest bit,
    /// whether it was overdue and put off. Seven bytes keep a lane in 32.
    pub(super) carried: [u8; 7],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(super) enum Status {
    /// Not opened, and nothing says that it will be.
    Unopened,
    /// To be opened at its time, whatever else is in flight.
    Opening,
    /// Its next send is promised and has a time.
    Waiting,
    InFlight,
    Ended,
}

impl<const LANES: usize> State<LANES> {
    /// How many attempts were sent.
    #[inline]
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.sent
    }

    /// How many attempts were sent after the first of their lane.
    #[must_use]
    pub fn retries(&self) -> u32 {
        let waiting = |lane: &&Lane| lane.status == Status::Waiting && lane.retry > 0;
        let promised = self.lanes.iter().filter(waiting).count() as u32;
        let all = self.lanes.iter().fold(0, |sum: u32, lane| sum.saturating_add(lane.retry));
        all.saturating_sub(promised)
    }

    /// The lane of an attempt, if that is the newest of its lane; the winner and the losers of a call are.
    #[must_use]
    pub fn lane_of(&self, attempt: u32) -> Option<u8> {
        let found = self.lanes.iter().position(|lane| lane.id == attempt && attempt > 0);
        found.map(|index| index as u8)
    }

    /// The attempt in flight with the smallest id above this one, and its lane: ids start at 1, so 0 asks for the oldest.
    ///
    /// A driver that polls what is in flight goes by this, for outcomes of one instant are handed in by id.
    #[inline]
    #[must_use]
    pub fn in_flight_after(&self, attempt: u32) -> Option<(u32, u8)> {
        let in_flight = |(index, lane): (usize, &Lane)| {
            (lane.status == Status::InFlight && lane.id > attempt).then_some((lane.id, index as u8))
        };
        self.lanes.iter().enumerate().filter_map(in_flight).min()
    }

    /// How many lanes were opened after the first.
    #[must_use]
    pub fn hedges(&self) -> u32 {
        self.lanes.iter().skip(1).filter(|lane| lane.id > 0).count() as u32
    }

    /// The seed.
    #[inline]
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Sends that are promised to lanes, on top of those that were made.
    #[inline]
    pub(super) fn promised(&self) -> u32 {
        let due = |lane: &&Lane| matches!(lane.status, Status::Waiting | Status::Opening);
        self.lanes.iter().filter(due).count() as u32
    }
}

impl Lane {
    pub(super) const UNOPENED: Self =
        Self { at: 0, since: 0, retry: 0, id: 0, status: Status::Unopened, carried: [0; 7] };

    /// How long the wait is that ends when the lane is due.
    #[inline]
    pub(super) const fn waited(&self) -> u64 {
        self.at.saturating_add(self.carried()).saturating_sub(self.since)
    }

    #[inline]
    const fn carried(&self) -> u64 {
        let [a, b, c, d, e, f, g] = self.carried;
        u64::from_le_bytes([a, b, c, d, e, f, g & !PUT_OFF, 0])
    }

    /// Nanoseconds; what exceeds a year and 51 days is that. A wait that starts was not put off.
    #[inline]
    pub(super) const fn carry(&mut self, nanos: u64) {
        let bounded = if nanos >> 55 == 0 { nanos } else { (1 << 55) - 1 };
        let [a, b, c, d, e, f, g, _] = bounded.to_le_bytes();
        self.carried = [a, b, c, d, e, f, g];
    }

    /// A wait that goes on, reserved anew at this instant: it stays as long as it was.
    pub(super) const fn reserve_anew(&mut self, now: u64) {
        let mark = self.carried[6] & PUT_OFF;
        self.carry(self.carried().saturating_add(now.saturating_sub(self.since)));
        self.carried[6] |= mark;
        self.since = now;
    }

    /// Whether it was overdue once, and put off.
    pub(super) const fn was_put_off(&self) -> bool {
        self.carried[6] & PUT_OFF != 0
    }

    /// An overdue wait that ends so much after `since` instead; if it was longer, it counts as that long.
    pub(super) const fn put_off(&mut self, span: u64) {
        let waited = self.waited();
        self.at = self.since.saturating_add(span);
        self.carry(waited.saturating_sub(span));
        self.carried[6] |= PUT_OFF;
    }
}

/// The highest bit of what a lane carries.
const PUT_OFF: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    const fn lane(status: Status, retry: u32, id: u32) -> Lane {
        Lane { status, retry, id, ..Lane::UNOPENED }
    }

    /// Attempt 1 is retried later, 4 and 3 are in flight, 2 has ended.
    fn state() -> State<5> {
        let mut state =
            crate::Call::with_lanes::<5>(&const { crate::Policy::zero() }, (), crate::Instant::ZERO, 7).suspend();
        state.sent = 4;
        state.lanes = [
            lane(Status::Waiting, 1, 1),
            lane(Status::InFlight, 0, 4),
            lane(Status::Ended, 0, 2),
            lane(Status::InFlight, 0, 3),
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
        assert_eq!((state().attempts(), state().retries(), state().hedges()), (4, 0, 3));
    }

    #[test]
    fn what_is_too_long_to_be_carried_is_as_long_as_can_be_and_no_mark() {
        let mut lane = Lane::UNOPENED;
        for (span, carried) in
            [(7, 7), ((1 << 55) - 1, (1 << 55) - 1), (1 << 55, (1 << 55) - 1), (u64::MAX, (1 << 55) - 1)]
        {
            lane.carry(span);
            assert_eq!((lane.carried(), lane.was_put_off()), (carried, false));
        }
    }
}
