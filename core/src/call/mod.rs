//! The machine: one call, from its first send to its one end.
//!
//! ```text
//!                 ┌──────── verdict: retry, timeout ────────┐
//!                 ▼                                         │
//!  lane:  unopened/waiting ──── Send ────▶ in flight ───────┤
//!                 │                                         ├── verdict: accept ──▶ Return
//!                 └── refused ──▶ ended ◀── no retry left ──┤
//!                                   │                       └── verdict: stop ────▶ GiveUp
//!                                   └── the last lane ──▶ GiveUp
//! ```
//!
//! A whole hedged call, driven by hand: the first attempt is slow, a second is opened beside it and wins.
//!
//! ```
//! use core::time::Duration;
//! use insist_core::{Action, Call, Handled, Instant, Kind, Policy, Verdict};
//!
//! const POLICY: Policy = Policy::constant(Duration::from_millis(100))
//!     .attempts(3)
//!     .lanes(2)
//!     .hedge_after(Duration::from_millis(50));
//! let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
//!
//! let mut call = Call::with_lanes::<2>(&POLICY, &(), at(0), 7);
//! let Action::Send(first) = call.poll(at(0)) else { panic!() };
//! assert_eq!((first.id, first.lane, first.kind), (1, 0, Kind::First));
//! let Action::Wait { until, .. } = call.poll(at(0)) else { panic!() };
//! assert_eq!(until, Some(at(50)));
//!
//! let Action::Send(second) = call.poll(at(50)) else { panic!() };
//! assert_eq!((second.id, second.lane, second.kind), (2, 1, Kind::Hedge));
//! let Action::Wait { until, .. } = call.poll(at(50)) else { panic!() };
//! assert_eq!(until, None); // nothing to do until an attempt ends
//!
//! assert_eq!(call.handle(at(68), 2, Verdict::Accept), Handled::Over);
//! assert_eq!(call.poll(at(68)), Action::Cancel(1));
//! assert_eq!(call.poll(at(68)), Action::Return(2));
//! assert_eq!(call.handle(at(90), 1, Verdict::Accept), Handled::Late);
//! ```

mod bytes;
mod fits;
#[cfg(feature = "serde")]
mod form;
mod judge;
mod poll;
mod resume;
mod state;

pub use fits::StateError;
pub use judge::Handled;
pub use state::State;

use core::ops::Deref;

use crate::action::Reason;
use crate::attempt::Kind;
use crate::backoff::Backoff;
use crate::gate::{End, Gate, Settled};
use crate::policy::Policy;
use crate::time::Instant;
use crate::verdict::Repeat;
use state::{Lane, Phase, Status};

/// One call: a [`State`] with the policy and the gate that it goes by.
///
/// The policy is borrowed, or held by a pointer that owns it (`Arc<Policy>`) where the call outlives its maker; the
/// gate is `()`, borrowed (`&budget`), held by an `Arc`, or a tuple of these.
///
/// Poll it, do what the action says, and poll again until the action is a wait. Hand in each attempt's end with
/// [`handle`](Self::handle). Dropping it refunds and settles at the last instant it saw whatever is open; its
/// driver stops what is in flight.
#[derive(Debug)]
#[must_use = "a call does nothing until it is polled"]
pub struct Call<P, G: Gate, const LANES: usize = 1> {
    policy: P,
    gate: G,
    state: State<LANES>,
}

impl<P, B, G> Call<P, G>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    G: Gate,
{
    /// A call with room for one lane, which starts now.
    ///
    /// An invalid policy, or one with more lanes, makes the first poll give up with
    /// [`Reason::Invalid`](crate::Reason::Invalid).
    #[inline]
    pub fn new(policy: P, gate: G, now: Instant, seed: u64) -> Self {
        Self::with_lanes::<1>(policy, gate, now, seed)
    }

    /// A call with room for as many lanes as `LANES` says, up to 255.
    #[inline]
    pub fn with_lanes<const LANES: usize>(policy: P, gate: G, now: Instant, seed: u64) -> Call<P, G, LANES> {
        let limits = policy.limits();
        let start = now.as_nanos();
        let fits = limits.is_valid && usize::from(limits.lanes) <= LANES;
        let mut lanes = [Lane::UNOPENED; LANES];
        if fits {
            lanes[0] = Lane { at: start, status: Status::Waiting, ..Lane::UNOPENED };
        }
        let state = State {
            seed,
            deadline: start.saturating_add(limits.deadline),
            clock: start,
            hint: 0,
            sent: 0,
            last: 0,
            phase: if fits { Phase::Running } else { Phase::GaveUp },
            reason: Reason::Invalid,
            repeat: Repeat::Always,
            opened: 1,
            lanes,
        };
        Call { policy, gate, state }
    }
}

impl<P, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Which failures may be followed by another attempt; set it before the first poll. Default always.
    #[inline]
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.state.repeat = repeat;
        self
    }

    /// Puts another seed in place of the one it was made with; set it before the first failure.
    ///
    /// A driver that draws seeds draws none for a call that succeeds at once.
    #[inline]
    pub const fn set_seed(&mut self, seed: u64) {
        self.state.seed = seed;
    }

    /// The user gives up. Poll for the cancels, and for the terminal action. No effect on a call that is over.
    pub fn cancel(&mut self, now: Instant) {
        self.advance(now);
        if self.state.phase == Phase::Running {
            self.finish(Phase::GaveUp, Reason::Cancelled);
        }
    }

    /// Whether the end is decided. Its cancels and its terminal action may still have to be polled for.
    #[inline]
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state.phase != Phase::Running
    }

    /// The policy that it goes by.
    #[inline]
    pub const fn policy(&self) -> &P {
        &self.policy
    }

    /// The gate that it asks.
    #[inline]
    pub const fn gate(&self) -> &G {
        &self.gate
    }

    /// What it has come to so far.
    #[inline]
    pub const fn state(&self) -> &State<LANES> {
        &self.state
    }

    /// How many attempts were sent.
    #[inline]
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.state.attempts()
    }

    /// How many attempts were sent after the first of their lane.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.state.retries()
    }

    /// How many lanes were opened after the first.
    #[must_use]
    pub fn hedges(&self) -> u32 {
        self.state.hedges()
    }

    /// The seed that its waits are drawn from.
    #[inline]
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.state.seed()
    }

    /// Time that goes backwards stands still.
    #[inline]
    fn advance(&mut self, now: Instant) -> Instant {
        self.state.clock = self.state.clock.max(now.as_nanos());
        Instant::from_nanos(self.state.clock)
    }

    /// The end is decided: waits are given up and refunded now, attempts in flight are cancelled by later polls.
    #[inline]
    fn finish(&mut self, phase: Phase, reason: Reason) {
        self.state.phase = phase;
        self.state.reason = reason;
        for index in 0..LANES {
            if self.state.lanes[index].status == Status::Waiting {
                self.give_up_wait(index);
            }
        }
    }

    /// A promised send will not be made: what was reserved for it is refunded, and the lane ends.
    #[inline]
    fn give_up_wait(&mut self, index: usize) {
        self.refund(index);
        let lane = &mut self.state.lanes[index];
        lane.status = Status::Ended;
        lane.retry = lane.retry.saturating_sub(1);
    }

    #[inline]
    fn refund(&self, index: usize) {
        let lane = &self.state.lanes[index];
        if lane.retry > 0 {
            let now = Instant::from_nanos(self.state.clock);
            self.gate.refund(now, Kind::Retry, Instant::from_nanos(lane.since));
        }
    }

    #[inline]
    fn settle(&self, index: usize, end: End) {
        let lane = &self.state.lanes[index];
        let now = Instant::from_nanos(self.state.clock);
        let span = now.saturating_since(Instant::from_nanos(lane.at));
        self.gate.settle(now, kind(index, lane.retry), Settled::Ended(end, span));
    }

    /// Gives back to the gate whatever is open, and leaves the state as it is.
    fn release(&self) {
        for index in 0..LANES {
            match self.state.lanes[index].status {
                Status::Waiting => self.refund(index),
                Status::InFlight => self.settle(index, End::Cancelled),
                Status::Unopened | Status::Opening | Status::Ended => {}
            }
        }
    }
}

/// What makes the send of a lane with that retry number.
#[inline]
const fn kind(lane: usize, retry: u32) -> Kind {
    if retry > 0 {
        Kind::Retry
    } else if lane == 0 {
        Kind::First
    } else {
        Kind::Hedge
    }
}

impl<P, G: Gate, const LANES: usize> Drop for Call<P, G, LANES> {
    #[inline]
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests;
