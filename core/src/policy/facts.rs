//! What a policy knows of its backoff from when it was built: facts that a const check cannot ask the backoff, and the
//! first delays of what is built in.
//!
//! A delay that is looked up costs the same for every shape, a power of 1.1 or a Fibonacci number included. Where delays
//! stay as they are, or have reached the cap by then, the last one known is also that of all retries after it. The rest is
//! asked of the backoff: retries after the 13th of what goes on growing, and backoffs of one's own.

use super::validate::Flaw;
use super::{NONE, Policy};
use crate::backoff::{Factor, Shape};
use crate::jitter::Jitter;

/// How many delays are worked out: as many as 500 ms × 1.5 takes to reach a minute.
pub(super) const ROOM: usize = 13;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Facts {
    /// Its first delays. Where it draws them, none is known, and its base stands here.
    known: [u64; ROOM],
    /// The last retry whose delay is known; `u32::MAX` where all others are as long.
    last: u32,
    /// By how many bits each delay is longer than the one before it.
    bits: u8,
    /// That is all there is to it.
    doubles: bool,
    /// The last retry, from 0, whose delay then fits in 64 bits.
    fits: u32,
    /// It draws its own delays, so the jitter is not applied.
    pub(super) draws: bool,
    /// It may go on for ever.
    pub(super) endless: bool,
    /// Its delays grow without end, so that they reach any cap.
    pub(super) grows: bool,
    /// What is wrong with it.
    pub(super) flaw: Option<Flaw>,
}

impl Facts {
    /// Of a backoff of one's own.
    pub(super) const NOTHING: Self = Self {
        known: [0; ROOM],
        last: 0,
        bits: 0,
        doubles: false,
        fits: 0,
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
        let fits = match known[0].leading_zeros().checked_div(bits as u32) {
            Some(last) => last,
            None => u32::MAX,
        };
        let (draws, endless) = (matches!(shape, Shape::Decorrelated { .. }), shape.is_endless());
        Self { known, last, bits, doubles, fits, draws, endless, grows: shape.grows(), flaw: flaw(shape) }
    }

    /// The delay before a retry, from 1, of what doubles.
    #[inline]
    pub(super) const fn doubled(&self, number: u32) -> u64 {
        let steps = number.wrapping_sub(1);
        if steps <= self.fits { self.known[0] << steps.wrapping_mul(self.bits as u32) } else { u64::MAX }
    }

    /// The delay before a retry, from 1; after the last one that there is room for, the last.
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
    /// The last retry whose delay is known, once it is cut to the cap.
    pub(super) const fn find_reach(&self) -> u32 {
        let facts = &self.facts;
        let is_at_cap = facts.grows && facts.last as usize == ROOM && facts.known[ROOM - 1] >= self.bound();
        if is_at_cap { u32::MAX } else { facts.last }
    }

    /// Whether the fast path is for it, which is so for nearly everybody's: a delay that stays or doubles, drawn from 0.
    pub(super) const fn is_plain(&self) -> bool {
        self.facts.doubles && matches!(self.jitter, Jitter::Full) && self.floor == 0 && !self.cap_stops
    }

    /// What no delay lies above: the cap, unless it stops.
    #[inline]
    pub(super) const fn bound(&self) -> u64 {
        if self.cap_stops { NONE } else { self.cap }
    }
}
