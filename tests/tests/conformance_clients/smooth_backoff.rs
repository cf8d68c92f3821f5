//! Polly's exponential backoff with jitter as a backoff of one's own: each wait ends at a point that is drawn on a
//! smooth curve, so that the waits of many clients together have no peaks.
//!
//! A wait needs the draw of the wait before it, which the machine's generator does not give again; so the number drawn
//! for a retry is asked of a function.

use std::time::Duration;

use insist_core::{Backoff, RetryContext, Rng};

pub(crate) struct SmoothBackoff<D> {
    base: Duration,
    draw: D,
}

impl<D: Fn(u32) -> f64> SmoothBackoff<D> {
    /// `draw` gives a number from 0 up to 1 for the retry with that number, the same each time.
    pub(crate) fn new(base: Duration, draw: D) -> Self {
        Self { base, draw }
    }

    /// Where on the curve the wait before this retry ends, in base delays. 0 before the first.
    fn point(&self, number: u32) -> f64 {
        if number == 0 {
            return 0.0;
        }
        let place = f64::from(number - 1) + (self.draw)(number);
        place.exp2() * (4.0 * place).sqrt().tanh() / 1.4
    }
}

impl<D: Fn(u32) -> f64> Backoff for SmoothBackoff<D> {
    fn delay(&self, retry: RetryContext, _: &mut dyn Rng) -> Option<Duration> {
        let delay = (self.point(retry.number) - self.point(retry.number - 1)) * self.base.as_secs_f64();
        // What no float or no duration holds is the longest there is.
        Some(Duration::try_from_secs_f64(delay).unwrap_or(Duration::MAX))
    }
}
