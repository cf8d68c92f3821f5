//! Everything that changes in a call, as plain data.

use crate::action::Reason;
use crate::verdict::Repeat;

/// "Never", in the fields that hold an instant.
pub(super) const NEVER: u64 = u64::MAX;

/// Everything that changes in a call: plain data, at most 96 bytes with one lane.
///
/// [`Call::suspend`](super::Call::suspend) gives it, [`Call::resume`](super::Call::resume) takes it.
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
    /// Waiting: how long before `since` the wait began, if a resumed call reserved it anew. Seven bytes keep a lane in
    /// 32.
    pub(super) carried: [u8; 7],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        u64::from_le_bytes([a, b, c, d, e, f, g, 0])
    }

    /// Nanoseconds; what exceeds 2 years is 2 years.
    #[inline]
    pub(super) const fn carry(&mut self, nanos: u64) {
        let bounded = if nanos >> 56 == 0 { nanos } else { (1 << 56) - 1 };
        let [a, b, c, d, e, f, g, _] = bounded.to_le_bytes();
        self.carried = [a, b, c, d, e, f, g];
    }

    /// A wait that goes on, reserved anew at this instant: it stays as long as it was.
    pub(super) const fn reserve_anew(&mut self, now: u64) {
        self.carry(self.carried().saturating_add(now.saturating_sub(self.since)));
        self.since = now;
    }
}
