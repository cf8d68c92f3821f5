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
//! use insist_core::{Action, Call, CancelReason, Handled, Instant, Kind, Policy, Verdict};
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
//! assert_eq!(call.poll(at(68)), Action::Cancel { attempt: 1, reason: CancelReason::Lost });
//! assert_eq!(call.poll(at(68)), Action::Return(2));
//! assert_eq!(call.handle(at(90), 1, Verdict::Accept), Handled::Late);
//! ```

mod bytes;
mod hold;
mod judge;
mod lane;
mod operator;
mod poll;
mod resume;
#[cfg(feature = "serde")]
mod serde;
mod state;
mod validate;
mod withdraw;

pub use judge::Handled;
pub use resume::ResumeError;
pub use state::State;
pub use validate::StateError;

use crate::action::Reason;
use crate::attempt::AttemptEnd;
use crate::gate::{Gate, Refusal, Settled};
use crate::policy::AsPolicy;
use crate::time::Instant;
use crate::verdict::Repeat;
use lane::Lane;
use state::Phase;

/// One call: a [`State`] with the policy and the gate that it goes by.
///
/// The policy is borrowed, held by a pointer that owns it (`Arc<Policy>`) where the call outlives its maker, or held by
/// value; the gate is `()`, borrowed (`&budget`), held by an `Arc`, or a tuple of these.
///
/// Poll it, do what the action says, and poll again until the action is a wait. Hand in each attempt's end with
/// [`handle`](Self::handle), or take back one that was never sent with [`withdraw`](Self::withdraw). Dropping it refunds and settles at the last instant it saw whatever is open; its
/// driver stops what is in flight.
#[derive(Debug)]
#[must_use = "a call does nothing until it is polled"]
pub struct Call<P, G: Gate, const LANES: usize = 1> {
    policy: P,
    gate: G,
    /// The latest refusal that ended a lane.
    refusal: Option<Refusal>,
    /// For each lane, the instant at which its next send, or the one in flight, was reserved. For the lane that opens next,
    /// the hedge delay that holds.
    gate_times: [u64; LANES],
    state: State<LANES>,
}

impl<P: AsPolicy, G: Gate> Call<P, G> {
    /// Makes a call with room for one lane, which starts now.
    ///
    /// An invalid policy, or one with more lanes, makes the first poll give up with
    /// [`Reason::Invalid`](crate::Reason::Invalid).
    #[inline]
    pub fn new(policy: P, gate: G, now: Instant, seed: u64) -> Self {
        Self::with_lanes::<1>(policy, gate, now, seed)
    }

    /// Makes a call with room for as many lanes as `LANES` says, up to 255.
    #[inline]
    pub fn with_lanes<const LANES: usize>(policy: P, gate: G, now: Instant, seed: u64) -> Call<P, G, LANES> {
        let limits = policy.as_policy().limits();
        let start = now.as_nanos();
        let fits = limits.is_valid && usize::from(limits.lanes) <= LANES;
        let mut lanes = [Lane::UNOPENED; LANES];
        if fits {
            lanes[0] = Lane::first(start);
        }
        let state = State {
            seed,
            deadline: start.saturating_add(limits.deadline),
            clock: start,
            hint: 0,
            sent: 0,
            last: 0,
            forgiven: 0,
            phase: if fits { Phase::Running } else { Phase::GaveUp },
            reason: Reason::Invalid,
            repeat: Repeat::Always,
            opened: 1,
            lanes,
        };
        Call { policy, gate, refusal: None, gate_times: [0; LANES], state }
    }
}

impl<P, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Sets which failures may be followed by another attempt, before the first poll. Default: all.
    #[inline]
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.state.repeat = repeat;
        self
    }

    /// Puts another seed in place of the one it was made with, before the first failure.
    ///
    /// A driver that draws seeds draws none for a call that succeeds at once.
    #[inline]
    pub const fn set_seed(&mut self, seed: u64) {
        self.state.seed = seed;
    }

    /// Ends the call because the user gives up. Poll for the cancels, and for the terminal action. No effect on a call
    /// that is over.
    pub fn cancel(&mut self, now: Instant) {
        self.advance(now);
        if self.state.phase == Phase::Running {
            self.finish(Phase::GaveUp, Reason::Cancelled);
        }
    }

    /// Returns whether the end is decided. Its cancels and its terminal action may still have to be polled for.
    #[inline]
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state.phase != Phase::Running
    }

    /// Returns the policy that it goes by.
    #[inline]
    pub const fn policy(&self) -> &P {
        &self.policy
    }

    /// Returns the gate that it asks.
    #[inline]
    pub const fn gate(&self) -> &G {
        &self.gate
    }

    /// Returns what it has come to so far.
    #[inline]
    pub const fn state(&self) -> &State<LANES> {
        &self.state
    }

    /// Time that goes backwards stands still.
    #[inline]
    fn advance(&mut self, now: Instant) -> Instant {
        self.state.clock = self.state.clock.max(now.as_nanos());
        self.now()
    }

    /// The latest instant that it saw.
    #[inline]
    const fn now(&self) -> Instant {
        Instant::from_nanos(self.state.clock)
    }

    /// The end is decided: waits are given up and refunded now, attempts in flight are cancelled by later polls.
    #[inline]
    fn finish(&mut self, phase: Phase, reason: Reason) {
        self.state.phase = phase;
        self.state.reason = reason;
        for index in 0..LANES {
            if self.state.lanes[index].is_waiting() {
                self.give_up_wait(index);
            }
        }
    }

    /// A promised send will not be made: what was reserved for it is refunded, and the lane ends.
    #[inline]
    fn give_up_wait(&mut self, index: usize) {
        self.refund(index);
        self.state.lanes[index] = self.state.lanes[index].ended();
    }

    /// Gives back what was reserved for the send that a lane waits for; for the call's first nothing was.
    #[inline]
    fn refund(&self, index: usize) {
        if let Lane::Waiting { retry, why, hint_or_restart, .. } = self.state.lanes[index] {
            if index > 0 || retry > 0 {
                let reserved = Instant::from_nanos(self.gate_times[index]);
                self.gate.refund(self.now(), &lane::cause(index, retry, why, hint_or_restart), reserved);
            }
        }
    }

    /// The attempt of a lane has ended, and so has the lane for now.
    #[inline(always)]
    fn end(&mut self, index: usize, end: AttemptEnd) {
        self.settle(index, end);
        if let Lane::InFlight { retry, attempt, unsent, .. } = self.state.lanes[index] {
            self.state.lanes[index] = Lane::Ended { retry, attempt, held: 0, unsent };
        }
    }

    #[inline(always)]
    fn settle(&self, index: usize, end: AttemptEnd) {
        if let Lane::InFlight { sent, retry, why, hint_or_restart, .. } = self.state.lanes[index] {
            let settled = Settled::Ended(end, Instant::from_nanos(sent));
            self.gate.settle(self.now(), &lane::cause(index, retry, why, hint_or_restart), &settled);
        }
    }

    /// Gives back to the gate whatever is open, and leaves the state as it is.
    fn release(&self) {
        for (index, lane) in self.state.lanes.iter().enumerate() {
            match lane {
                Lane::Waiting { .. } => self.refund(index),
                Lane::InFlight { .. } => self.settle(index, AttemptEnd::Cancelled),
                Lane::Unopened { .. } | Lane::Opening { .. } | Lane::Ended { .. } => {}
            }
        }
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
