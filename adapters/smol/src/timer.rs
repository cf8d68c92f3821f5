//! The system's clock, and async-io's timer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_io::Timer;
use insist_futures::{Instant, fresh_seed};

/// async-io's timer, on the one origin of [`Instant::now`] that every std driver shares.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by its name")]
pub struct SmolTimer;

impl insist_futures::Timer for SmolTimer {
    type Sleep = SmolSleep;

    #[inline]
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[inline]
    fn sleep_until(&self, until: Instant) -> SmolSleep {
        SmolSleep(until.to_std().map_or_else(Timer::never, Timer::at))
    }

    #[inline]
    fn seed(&self) -> u64 {
        fresh_seed()
    }
}

/// A sleep of async-io's timer.
#[derive(Debug)]
pub struct SmolSleep(Timer);

impl Future for SmolSleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}
