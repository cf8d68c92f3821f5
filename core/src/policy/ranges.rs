//! Iterates over the ranges that the waits of a policy are drawn from, without a call.

use core::ops::RangeInclusive;
use core::time::Duration;

use super::{NONE, Policy};
use crate::backoff::Backoff;
use crate::draw::Draw;
use crate::time::nanos;

impl Policy {
    /// Iterates over the least and the most that each wait of a lane may be, whatever the seed.
    ///
    /// They end where [`delays`](Self::delays) ends for every seed; a cap that stops may end the waits of some seeds sooner.
    /// A decorrelated wait depends on the one before it: its range holds all that may come of any wait before.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Jitter, Policy};
    ///
    /// let ms = Duration::from_millis;
    /// let policy = Policy::exponential(ms(100)).jitter(Jitter::Equal).attempts(4);
    /// assert!(policy.ranges().eq([ms(50)..=ms(100), ms(100)..=ms(200), ms(200)..=ms(400)]));
    /// ```
    pub const fn ranges(&self) -> Ranges<'_> {
        Ranges { policy: self, last: self.last_retry(), number: 0, most_before: 0 }
    }

    /// The least and the most before a retry, in nanoseconds; `None` if no seed has such a wait.
    fn range(&self, number: u32, most_before: u64) -> Option<(u64, u64)> {
        let (low, high) = if self.facts.draws {
            let base = self.facts.nth(1);
            (self.cut(base), self.cut(most_before.max(base).saturating_mul(3)))
        } else {
            let delay = self.undrawn(number)?;
            let (low, high) = self.jitter.range(self.cut(delay));
            (low.max(self.floor), high.min(self.bound()))
        };
        if !self.cap_stops || self.cap == NONE {
            return Some((low, high));
        }
        if low < self.cap { Some((low, high.min(self.cap - 1))) } else { None }
    }

    /// The delay that the jitter's range is made around.
    fn undrawn(&self, number: u32) -> Option<u64> {
        if number <= self.reach {
            return Some(self.facts.nth(number));
        }
        // The built-in shapes draw nothing here.
        let mut rng = Draw::new(0, 0, number);
        self.backoff.delay(self.retry(number, 0, &rng), &mut rng).map(nanos)
    }
}

/// The ranges of the waits of one lane; made by [`Policy::ranges`].
#[derive(Clone, Debug)]
pub struct Ranges<'a> {
    policy: &'a Policy,
    /// The number of the last; `u32::MAX` is without end.
    last: u32,
    number: u32,
    most_before: u64,
}

impl Iterator for Ranges<'_> {
    type Item = RangeInclusive<Duration>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.number != self.last {
            self.number += 1;
        } else if self.last != u32::MAX {
            return None;
        }
        let Some((low, high)) = self.policy.range(self.number, self.most_before) else {
            self.last = self.number;
            return None;
        };
        self.most_before = high;
        Some(Duration::from_nanos(low)..=Duration::from_nanos(high))
    }
}

impl core::iter::FusedIterator for Ranges<'_> {}
