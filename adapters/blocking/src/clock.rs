//! Clocks: the system's, and one that a test moves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use insist_core::Instant;

use crate::Canceller;

/// Tells a driver the time, and sleeps for it. Default: [`SystemClock`]; tests take a [`VirtualClock`].
///
/// Calls that share a gate share an origin, so a clock of one's own counts from the same instant for all of them.
pub trait Clock {
    /// Returns the instant of now. It never goes backwards.
    fn now(&self) -> Instant;

    /// Blocks until then. Returns at once if that is past.
    fn sleep_until(&self, until: Instant);

    /// Blocks for this span. The default reads the time for it.
    fn sleep(&self, span: Duration) {
        self.sleep_until(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)));
    }

    /// Blocks until then or until the call is cancelled, whichever is first.
    ///
    /// The default sleeps on through a cancel, unless it came before: right for a clock that does not really wait.
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
#[expect(clippy::exhaustive_structs, reason = "there is one, and it is made by its name")]
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

/// A clock that stands still until someone sleeps by it or moves it: calls are tested without waiting.
///
/// It starts at [`Instant::ZERO`]. A sleep moves it to the sleep's end and returns at once. An operation that is to
/// take time moves it with [`advance`](Self::advance).
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
    /// Makes a clock that stands at [`Instant::ZERO`].
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Moves it forward. It stops at the end of time, after 584 years.
    pub fn advance(&self, span: Duration) {
        self.sleep_until(self.now().checked_add(span).unwrap_or(Instant::from_nanos(u64::MAX)));
    }

    /// Returns how far it has been moved, sleeps included.
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
