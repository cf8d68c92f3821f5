//! Facts about a policy's backoff, computed when the policy is built: those that a const check cannot ask the backoff,
//! and the first delays of a built-in one.
//!
//! A delay that is looked up costs the same for every shape, powers of 1.1 and Fibonacci numbers included. If delays
//! stay constant, or have reached the cap, the last one known holds for all later retries. The backoff itself computes
//! the rest: later delays of a shape that still grows, and those of custom backoffs.

use super::validate::Flaw;
use super::{NONE, Policy};
use crate::backoff::{Factor, Shape};
use crate::jitter::Jitter;

/// The number of delays that are computed: as many as 500 ms × 1.5 takes to reach a minute.
pub(super) const ROOM: usize = 13;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Facts {
    /// The first delays. If the backoff draws its delays, none is known, and its base is here.
    known: [u64; ROOM],
    /// The last retry whose delay is known; `u32::MAX` if all later ones are as long.
    last: u32,
    /// The number of bits that each delay is shifted from the one before it.
    bits: u8,
    /// True if the shift alone gives every delay.
    doubles: bool,
    /// The last retry, from 0, whose doubled delay fits in 64 bits.
    last_fitting: u32,
    /// True if the backoff draws its own delays, so that the jitter is not applied.
    pub(super) draws: bool,
    /// True if the delays may go on for ever.
    pub(super) endless: bool,
    /// True if the delays grow without end, so that they reach any cap.
    pub(super) grows: bool,
    /// The error of the backoff, if it is invalid.
    pub(super) flaw: Option<Flaw>,
}

impl Facts {
    /// The facts of a custom backoff: nothing is known.
    pub(super) const NOTHING: Self = Self {
        known: [0; ROOM],
        last: 0,
        bits: 0,
        doubles: false,
        last_fitting: 0,
        draws: false,
        endless: false,
        grows: false,
        flaw: None,
    };

    pub(super) const fn of(shape: &Shape) -> Self {
        let (known, length) = shape.first::<ROOM>();
        let last = if length == ROOM && shape.stays_after(ROOM) { u32::MAX } else { length as u32 };
        let (bits, doubles) = match shape.doubles() {
            Some(bits) => (bits, true),
            None => (0, false),
        };
        let last_fitting = match known[0].leading_zeros().checked_div(bits as u32) {
            Some(last) => last,
            None => u32::MAX,
        };
        let (draws, endless) = (matches!(shape, Shape::Decorrelated { .. }), shape.is_endless());
        Self { known, last, bits, doubles, last_fitting, draws, endless, grows: shape.grows(), flaw: flaw(shape) }
    }

    /// Returns the delay before a retry, from 1, of a backoff that doubles.
    #[inline]
    pub(super) const fn doubled(&self, number: u32) -> u64 {
        let steps = number.wrapping_sub(1);
        if steps <= self.last_fitting { self.known[0] << steps.wrapping_mul(self.bits as u32) } else { u64::MAX }
    }

    /// Returns the delay before a retry, from 1; beyond the known ones, the last of them.
    #[inline]
    pub(super) const fn nth(&self, number: u32) -> u64 {
        let index = number.wrapping_sub(1) as usize;
        self.known[if index < ROOM { index } else { ROOM - 1 }]
    }
}

const fn flaw(shape: &Shape) -> Option<Flaw> {
    match shape {
        Shape::List { delays, .. } => delays.flaw(),
        Shape::Exponential { factor, .. } if !Factor::is_valid(*factor) => Some(Flaw::Factor),
        _ => None,
    }
}

impl<B> Policy<B> {
    /// Returns the last retry whose delay is known after the cut to the cap.
    pub(super) const fn find_reach(&self) -> u32 {
        let facts = &self.facts;
        let is_at_cap = facts.grows && facts.last as usize == ROOM && facts.known[ROOM - 1] >= self.bound();
        if is_at_cap { u32::MAX } else { facts.last }
    }

    /// Returns whether delays can take the fast path: they stay constant or double, with full jitter and no floor. Most
    /// policies do.
    pub(super) const fn is_plain(&self) -> bool {
        self.facts.doubles && matches!(self.jitter, Jitter::Full) && self.floor == 0 && !self.cap_stops
    }

    /// Returns the bound of delays: the cap, unless waits stop at it.
    #[inline]
    pub(super) const fn bound(&self) -> u64 {
        if self.cap_stops { NONE } else { self.cap }
    }
}
