//! tokio's clock and sleep.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use insist_futures::{Instant, Timer, fresh_seed};
use pin_project_lite::pin_project;
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Sleep, sleep, sleep_until};

/// tokio's clock and its sleep, on the one origin of [`Instant::now`] that every std driver shares.
///
/// While tokio's time is paused, instants are those of the paused clock. A `static` gate outlives a test and keeps its
/// instants, so a breaker that one test left open may stay open in another: give each test gates of its own.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by its name")]
pub struct TokioTimer;

impl Timer for TokioTimer {
    type Sleep = TokioSleep;

    #[inline]
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std().into()
    }

    /// # Panics
    ///
    /// Outside a tokio runtime whose time is enabled.
    #[inline]
    fn sleep_until(&self, until: Instant) -> TokioSleep {
        let sleep = match until.to_std() {
            Some(until) => sleep_until(until.into()),
            None => sleep(Duration::MAX),
        };
        TokioSleep { sleep, is_new: true }
    }

    #[inline]
    fn seed(&self) -> u64 {
        fresh_seed()
    }
}

pin_project! {
    /// A sleep of tokio's timer that is ready on time, also if an attempt uses up its task's budget or keeps its thread.
    #[derive(Debug)]
    pub struct TokioSleep {
        #[pin]
        sleep: Sleep,
        is_new: bool,
    }
}

impl Future for TokioSleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.sleep.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        // Without budget tokio's sleep says "pending" without looking at the clock. A new one goes by the time at which the
        // runtime last looked, which is long ago where tasks keep its thread.
        let is_new = std::mem::take(this.is_new);
        if (is_new || !has_budget_remaining()) && tokio::time::Instant::now() >= this.sleep.deadline() {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
