//! tokio's clock and sleep.

use std::time::Duration;

use insist_futures::{Instant, Timer, fresh_seed};
use tokio::time::{Sleep, sleep, sleep_until};

/// tokio's clock and its sleep, on the one origin of [`Instant::now`] that every std driver shares.
///
/// Where tokio's time is paused, instants are those of its paused clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    type Sleep = Sleep;

    #[inline]
    fn now(&self) -> Instant {
        Instant::of(tokio::time::Instant::now().into_std())
    }

    /// # Panics
    ///
    /// Outside of a tokio runtime whose time is enabled.
    #[inline]
    fn sleep_until(&self, until: Instant) -> Sleep {
        match until.to_std() {
            Some(until) => sleep_until(until.into()),
            None => sleep(Duration::MAX),
        }
    }

    #[inline]
    fn seed(&self) -> u64 {
        fresh_seed()
    }
}
