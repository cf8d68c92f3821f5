//! A timer in virtual time, so that tests do not wait.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::vec::Vec;

use insist_core::Instant;

use crate::timer::Timer;

/// A timer in virtual time, which starts at [`Instant::ZERO`]. Clones are the same timer.
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
    /// The wakers by instant; the number tells those of one instant apart.
    sleepers: BTreeMap<(Instant, u64), Waker>,
    sleeps: u64,
    seeds: u64,
}

impl VirtualTimer {
    /// Makes a timer at [`Instant::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how far the clock has been moved.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now().saturating_since(Instant::ZERO)
    }

    /// Returns how many sleeps are pending.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.clock().sleepers.len()
    }

    /// Sleeps for this span.
    pub fn sleep(&self, span: Duration) -> VirtualSleep {
        self.sleep_until(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)))
    }

    /// Moves the clock forward by a span, and wakes the sleeps that are over; at most to the last instant, 584 years
    /// after zero.
    pub fn advance(&self, span: Duration) {
        self.advance_to(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)));
    }

    /// Runs a future to its end. Time passes only while it waits.
    ///
    /// # Panics
    ///
    /// If the future is pending and no sleep is: it waits for something else than this timer, or for ever.
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
            let next = self.clock().sleepers.first_key_value().map(|((at, _), _)| *at);
            self.advance_to(next.expect("the future waits, and nobody sleeps by this timer"));
        }
    }

    fn advance_to(&self, to: Instant) {
        let mut clock = self.clock();
        clock.now = clock.now.max(to);
        let later = clock
            .now
            .as_nanos()
            .checked_add(1)
            .map_or_else(BTreeMap::new, |first| clock.sleepers.split_off(&(Instant::from_nanos(first), 0)));
        let due: Vec<_> = core::mem::replace(&mut clock.sleepers, later).into_values().collect();
        drop(clock);
        due.into_iter().for_each(Waker::wake);
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer for VirtualTimer {
    type Sleep = VirtualSleep;

    fn now(&self) -> Instant {
        self.clock().now
    }

    fn sleep_until(&self, until: Instant) -> VirtualSleep {
        let mut clock = self.clock();
        clock.sleeps += 1;
        VirtualSleep { timer: self.clone(), key: (until, clock.sleeps) }
    }

    /// Returns 1, 2, 3 …, so that a test sees the same waits each time.
    fn seed(&self) -> u64 {
        let mut clock = self.clock();
        clock.seeds += 1;
        clock.seeds
    }
}

/// A sleep of a [`VirtualTimer`].
#[derive(Debug)]
pub struct VirtualSleep {
    timer: VirtualTimer,
    key: (Instant, u64),
}

impl Future for VirtualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut clock = self.timer.clock();
        if clock.now >= self.key.0 {
            clock.sleepers.remove(&self.key);
            return Poll::Ready(());
        }
        match clock.sleepers.get_mut(&self.key) {
            Some(waker) => waker.clone_from(context.waker()),
            None => _ = clock.sleepers.insert(self.key, context.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        self.timer.clock().sleepers.remove(&self.key);
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
