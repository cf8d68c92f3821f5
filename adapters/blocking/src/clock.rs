//! Clocks: the system's, and a virtual one for tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use insist_core::Instant;

use crate::Canceller;

/// Tells a driver the time, and sleeps. Default: [`SystemClock`]; tests use a [`VirtualClock`].
///
/// Calls that share a gate need clocks with one origin, so a clock of your own counts from the same instant for all of
/// them.
pub trait Clock {
    /// Returns the current instant. It never goes backwards.
    fn now(&self) -> Instant;

    /// Blocks until an instant. Returns at once if that is past.
    fn sleep_until(&self, until: Instant);

    /// Blocks for this span. Default: `sleep_until` with the current instant plus the span.
    fn sleep(&self, span: Duration) {
        self.sleep_until(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)));
    }

    /// Blocks until an instant or until the call is cancelled, whichever is first.
    ///
    /// Default: looks for a cancel once and then sleeps to the end, which is right for a clock that does not really
    /// wait.
    fn wait_until(&self, until: Instant, canceller: &Canceller) {
        if !canceller.is_cancelled() {
            self.sleep_until(until);
        }
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    #[inline]
    fn now(&self) -> Instant {
        (**self).now()
    }

    #[inline]
    fn sleep_until(&self, until: Instant) {
        (**self).sleep_until(until);
    }

    #[inline]
    fn sleep(&self, span: Duration) {
        (**self).sleep(span);
    }

    #[inline]
    fn wait_until(&self, until: Instant, canceller: &Canceller) {
        (**self).wait_until(until, canceller);
    }
}

/// Reads the system's monotonic clock, on the one origin of [`Instant::now`], and sleeps by [`std::thread::sleep`].
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is constructed by its name")]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, until: Instant) {
        self.sleep(until.saturating_since(Instant::now()));
    }

    #[inline]
    fn sleep(&self, span: Duration) {
        if !span.is_zero() {
            std::thread::sleep(span);
        }
    }

    fn wait_until(&self, until: Instant, canceller: &Canceller) {
        canceller.wait_until(until);
    }
}

/// A clock for tests: its time passes only when a call sleeps or the test moves it.
///
/// It starts at [`Instant::ZERO`]. A sleep moves it to the sleep's end and returns at once. An operation takes time by
/// moving it with [`advance`](Self::advance).
///
/// ```
/// use std::time::Duration;
/// use insist_blocking::{Policy, VirtualClock, retry};
///
/// let policy = Policy::constant(Duration::from_secs(60)).attempts(10);
/// let clock = VirtualClock::new();
/// let result = retry(&policy, |attempt| {
///     clock.advance(Duration::from_secs(1)); // the operation takes a second
///     if attempt.id < 3 { Err("not yet") } else { Ok("done") }
/// })
/// .clock(&clock)
/// .call();
///
/// assert_eq!(result, Ok("done"));
/// assert_eq!(clock.elapsed(), Duration::from_secs(1 + 60 + 1 + 60 + 1));
/// ```
#[derive(Debug, Default)]
pub struct VirtualClock(AtomicU64);

impl VirtualClock {
    /// Makes a clock at [`Instant::ZERO`].
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Moves the clock forward by a span; at most to the last instant, 584 years after zero.
    pub fn advance(&self, span: Duration) {
        self.sleep_until(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)));
    }

    /// Returns how far the clock has moved, sleeps included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now().saturating_since(Instant::ZERO)
    }
}

impl Clock for VirtualClock {
    #[inline]
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, until: Instant) {
        self.0.fetch_max(until.as_nanos(), Ordering::SeqCst);
    }
}
