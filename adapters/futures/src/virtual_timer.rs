//! A timer whose time passes only when everything waits: calls are tested without waiting.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::vec::Vec;

use insist_core::Instant;

use crate::timer::Timer;

/// A clock at [`Instant::ZERO`] and the sleepers that it will wake. Clones are the same timer.
///
/// [`block_on`](Self::block_on) runs a future on this thread, and moves the clock to the next sleeper's time whenever
/// the future can do nothing else.
///
/// ```
/// use core::time::Duration;
/// use insist_futures::{Timer, VirtualTimer};
///
/// let timer = VirtualTimer::new();
/// timer.block_on(timer.sleep(Duration::from_secs(3600)));
/// assert_eq!(timer.elapsed(), Duration::from_secs(3600));
/// ```
#[derive(Clone, Debug, Default)]
pub struct VirtualTimer(Arc<Mutex<Clock>>);

#[derive(Debug, Default)]
struct Clock {
    now: Instant,
    /// When, which, and whom to wake.
    sleepers: Vec<(Instant, u64, Waker)>,
    /// Sleeps and seeds that were given out.
    given: u64,
}

impl VirtualTimer {
    /// A clock at [`Instant::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How far the clock has been moved.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now().saturating_since(Instant::ZERO)
    }

    /// Sleeps for this span.
    pub fn sleep(&self, span: Duration) -> VirtualSleep {
        self.sleep_until(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)))
    }

    /// Moves the clock forward, and wakes whoever has slept until then. It stops at the end of time, after 584 years.
    pub fn advance(&self, span: Duration) {
        self.advance_to(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)));
    }

    /// Runs a future to its end. Time passes only while it waits.
    ///
    /// # Panics
    ///
    /// If the future waits and no sleeper is left: it waits for something else than this timer, or for ever.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut context = Context::from_waker(&waker);
        loop {
            while flag.0.swap(false, Ordering::SeqCst) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return output;
                }
            }
            let next = self.clock().sleepers.iter().map(|(at, ..)| *at).min();
            self.advance_to(next.expect("the future waits, and nobody sleeps by this timer"));
        }
    }

    fn advance_to(&self, to: Instant) {
        let mut clock = self.clock();
        clock.now = clock.now.max(to);
        let now = clock.now;
        let mut woken = Vec::new();
        clock.sleepers.retain(|(at, _, waker)| {
            let is_due = *at <= now;
            if is_due {
                woken.push(waker.clone());
            }
            !is_due
        });
        drop(clock);
        woken.into_iter().for_each(Waker::wake);
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self) -> u64 {
        let mut clock = self.clock();
        clock.given += 1;
        clock.given
    }
}

impl Timer for VirtualTimer {
    type Sleep = VirtualSleep;

    fn now(&self) -> Instant {
        self.clock().now
    }

    fn sleep_until(&self, until: Instant) -> VirtualSleep {
        VirtualSleep { timer: self.clone(), until, key: self.give() }
    }

    /// 1, 2, 3 …, so that a test sees the same waits each time.
    fn seed(&self) -> u64 {
        self.give()
    }
}

/// A sleep by a [`VirtualTimer`].
#[derive(Debug)]
pub struct VirtualSleep {
    timer: VirtualTimer,
    until: Instant,
    key: u64,
}

impl VirtualSleep {
    fn forget(&self, clock: &mut Clock) {
        clock.sleepers.retain(|(_, key, _)| *key != self.key);
    }
}

impl Future for VirtualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut clock = self.timer.clock();
        self.forget(&mut clock);
        if clock.now >= self.until {
            return Poll::Ready(());
        }
        clock.sleepers.push((self.until, self.key, context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        let mut clock = self.timer.clock();
        self.forget(&mut clock);
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
