//! Iterates over the waits that a policy makes, without a call.

use core::time::Duration;

use super::Policy;
use crate::backoff::Backoff;

impl<B: Backoff> Policy<B> {
    /// Iterates over the waits of the first lane of a call with this seed, as if no deadline were set and nobody gave a hint.
    ///
    /// They end with the attempts or with the backoff, whichever ends first; with unlimited attempts, only with
    /// the backoff.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Jitter, Policy};
    ///
    /// let policy = Policy::exponential(Duration::from_millis(100)).jitter(Jitter::None).attempts(4);
    /// assert!(policy.delays(7).eq([100, 200, 400].map(Duration::from_millis)));
    /// ```
    pub const fn delays(&self, seed: u64) -> Delays<'_, B> {
        Delays { policy: self, seed, last: self.last_retry(), number: 0, previous: 0 }
    }
}

impl<B> Policy<B> {
    /// The number of a lane's last retry, as far as attempts limit it; `u32::MAX` is without end.
    pub(super) const fn last_retry(&self) -> u32 {
        let sends = if self.attempts < self.lane_attempts { self.attempts } else { self.lane_attempts };
        if sends == u32::MAX { u32::MAX } else { sends.saturating_sub(1) }
    }
}

/// The waits of one lane; made by [`Policy::delays`].
#[derive(Clone, Debug)]
pub struct Delays<'a, B> {
    policy: &'a Policy<B>,
    seed: u64,
    /// The number of the last retry; `u32::MAX` is without end.
    last: u32,
    number: u32,
    previous: u64,
}

impl<B: Backoff> Iterator for Delays<'_, B> {
    type Item = Duration;

    #[inline]
    fn next(&mut self) -> Option<Duration> {
        if self.number != self.last {
            self.number += 1;
        } else if self.last != u32::MAX {
            return None;
        }
        let Some(delay) = self.policy.draw(self.seed, 0, self.number, self.previous) else {
            self.last = self.number;
            return None;
        };
        self.previous = delay;
        Some(Duration::from_nanos(delay))
    }
}

impl<B: Backoff> core::iter::FusedIterator for Delays<'_, B> {}
