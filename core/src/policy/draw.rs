//! Draws the delay before a retry from the range of the policy's jitter.
//!
//! There is one fast path, which is inlined: a delay that stays or doubles, drawn from 0. It is worked out and not looked
//! up, so that a program with a constant policy keeps nothing of it but a few numbers. Each function below is for whatever
//! the one before it is not.

use super::{NONE, Policy};
use crate::backoff::{Backoff, RetryContext, decorrelated};
use crate::draw::{Draw, PLACE, uniform, up_to};
use crate::time::nanos;

/// Puts the draws that spread hints in places of their own, beyond those of any lane and of what is overdue.
const HINTED: u64 = PLACE << 41;

impl<B: Backoff> Policy<B> {
    /// Returns the jittered delay before a retry, in nanoseconds; `None` ends the lane.
    #[inline]
    pub(crate) fn draw(&self, seed: u64, lane: u8, number: u32, previous: u64) -> Option<u64> {
        if self.is_plain {
            let high = self.facts.doubled(number).min(self.cap);
            return Some(up_to(high, &mut Draw::new(seed, lane, number)));
        }
        self.draw_any(seed, lane, number, previous)
    }

    /// Does the same where the backoff began anew after a retry, 0 for none, or where the retry follows a throttled failure,
    /// whose base may be another.
    #[inline(never)]
    pub(crate) fn draw_since(
        &self,
        restart: u32,
        throttled: bool,
        seed: u64,
        lane: u8,
        number: u32,
        previous: u64,
    ) -> Option<u64> {
        let mut rng = Draw::new(seed, lane, number);
        let since = number.saturating_sub(restart).max(1);
        let previous = if restart > 0 && since == 1 { 0 } else { previous };
        let base = if throttled { self.throttled_base } else { NONE };
        let retry = RetryContext { base, throttled, ..self.retry(since, previous, &rng) };
        let delay = nanos(self.backoff.delay(retry, &mut rng)?);
        if self.facts.draws { self.unless_it_stops(self.cut(delay)) } else { self.spread(delay, rng) }
    }

    /// Returns by how much a wait is longer, in nanoseconds, that was hinted to be so long, and may be at most so much longer.
    pub(crate) fn draw_hint_spread(&self, seed: u64, lane: u8, number: u32, hint: u64, most: u64) -> u64 {
        up_to(self.hint_spread.of(hint).min(most), &mut Draw::new(seed.wrapping_add(HINTED), lane, number))
    }

    /// Does the same for any jitter, and for decorrelated delays.
    #[inline(never)]
    pub(super) fn draw_any(&self, seed: u64, lane: u8, number: u32, previous: u64) -> Option<u64> {
        let mut rng = Draw::new(seed, lane, number);
        if number <= self.reach {
            self.spread(self.facts.nth(number), rng)
        } else if self.facts.draws {
            let base = self.facts.nth(1);
            self.unless_it_stops(self.cut(decorrelated(base, self.retry(number, previous, &rng), &mut rng)))
        } else {
            self.draw_from_backoff(number, previous, rng)
        }
    }

    /// Does the same for any backoff, by asking it for the delay.
    #[inline(never)]
    pub(super) fn draw_from_backoff(&self, number: u32, previous: u64, mut rng: Draw) -> Option<u64> {
        let delay = self.backoff.delay(self.retry(number, previous, &rng), &mut rng)?;
        self.spread(nanos(delay), rng)
    }
}

impl<B> Policy<B> {
    #[inline]
    pub(super) const fn retry(&self, number: u32, previous: u64, rng: &Draw) -> RetryContext {
        let (floor, cap, start) = (self.floor, self.bound(), rng.start());
        RetryContext { number, previous, floor, cap, base: NONE, throttled: false, start }
    }

    /// Draws from the jitter's range around a delay. Both are cut to lie between floor and cap.
    #[inline]
    fn spread(&self, delay: u64, mut rng: Draw) -> Option<u64> {
        let (low, high) = self.jitter.range(self.cut(delay));
        self.unless_it_stops(uniform(low.max(self.floor), high.min(self.bound()), &mut rng))
    }

    #[inline]
    pub(super) fn cut(&self, delay: u64) -> u64 {
        delay.min(self.bound()).max(self.floor)
    }

    #[inline]
    pub(super) fn unless_it_stops(&self, drawn: u64) -> Option<u64> {
        if self.cap_stops && drawn >= self.cap && self.cap != NONE { None } else { Some(drawn) }
    }
}
