//! A timer whose seeds are drawn from one seed, so that a simulation runs the same each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use insist_core::Instant;

use crate::timer::Timer;

/// A timer with seeds drawn from one seed, in the order in which calls ask for them. Clones draw from the same
/// sequence.
///
/// By default seeds come from the system's clock, so that no two processes wait alike. For a simulation that runs the
/// same each time, use this timer, or give each call a seed (the methods `seed` and `seed_for`).
///
/// # In turmoil, and other simulators that pause tokio's time
///
/// `retry(Seeded::new(TokioTimer, 7), policy, operation)` of this crate, and `Layer::retry(policy).timer(Seeded::new(..))`
/// of insist-tokio. Waits, timeouts and deadlines are exact from the first call on. madsim puts another crate in tokio's
/// place: give it a [`Timer`] of its own, with madsim's `TimeHandle` for the clock and `madsim::rand` for the seeds.
///
/// ```
/// use core::time::Duration;
/// use insist_futures::{Policy, Seeded, VirtualTimer, retry};
///
/// let run = |seed| {
///     let timer = VirtualTimer::new();
///     let policy = Policy::exponential(Duration::from_millis(100)).attempts(9);
///     let call = retry(Seeded::new(timer.clone(), seed), policy, |_| async { Err::<(), _>("down") });
///     assert!(timer.block_on(call.call()).is_err());
///     timer.elapsed()
/// };
/// assert_eq!(run(7), run(7));
/// assert_ne!(run(7), run(8));
/// ```
#[derive(Clone, Debug)]
pub struct Seeded<M> {
    timer: M,
    drawn: Arc<AtomicU64>,
}

impl<M> Seeded<M> {
    /// Wraps a timer, with the seed that its seeds are drawn from.
    pub fn new(timer: M, seed: u64) -> Self {
        Self { timer, drawn: Arc::new(AtomicU64::new(seed)) }
    }
}

impl<M: Timer> Timer for Seeded<M> {
    type Sleep = M::Sleep;

    #[inline]
    fn now(&self) -> Instant {
        self.timer.now()
    }

    #[inline]
    fn sleep_until(&self, until: Instant) -> Self::Sleep {
        self.timer.sleep_until(until)
    }

    /// Returns the next number of SplitMix64.
    fn seed(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut word = self.drawn.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}
