//! Adaptive throttling: a client that turns requests away by itself once its backend does.

use core::fmt;
use core::time::Duration;

use super::dice::Dice;
use super::slots::SLOTS;
use super::window::{Added, Count, Row, Window};
use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::{AttemptEnd, Cause};
use crate::time::{Instant, nanos};
use crate::verdict::Sent;

const REQUESTS: Count = Count::One;
const ACCEPTS: Count = Count::Other;

/// A gate that refuses attempts by itself once the backend turns away more than one in `k`, so that a backend under load
/// need not spend itself on saying no (Google, "Site Reliability Engineering", chapter 21, "Client-Side Throttling").
///
/// An attempt of any kind is refused with probability max(0, (requests - k × accepts) / (requests + 1)) over a window.
/// Requests are counted when they are about to be sent, those included that are refused here. What the backend took on is
/// accepted: a success, a verdict of stop, and a failure that may have been sent and was not
/// [throttled](crate::Failure::throttled). What timed out was not, and what was cancelled or not sent after all is no
/// request. With `k` = 2, about two requests reach the backend for each that it takes on, however many are wanted; 1.1 lets
/// fewer through. Defaults: a window of 2 minutes in ten slots, and dice of seed 0.
///
/// Its dice make the machine's answers depend on the order of calls; the same seed and the same calls in the same order give
/// the same refusals.
///
/// ```
/// use insist_core::{AdaptiveThrottle, Admission, AttemptEnd, Cause, Gate, Instant, Settled, Verdict};
///
/// static THROTTLE: AdaptiveThrottle = AdaptiveThrottle::new(2.0);
///
/// let (now, overloaded) = (Instant::ZERO, Verdict::retry().throttled().into());
/// let refused = (0..1000).filter(|_| match THROTTLE.admit(now, &Cause::FIRST) {
///     Admission::Yes => {
///         THROTTLE.settle(now, &Cause::FIRST, &Settled::Ended(overloaded, now));
///         false
///     }
///     _ => true,
/// });
/// assert!(refused.count() > 950);
/// assert!(THROTTLE.refusal(now) > 0.99);
/// ```
#[derive(Debug)]
pub struct AdaptiveThrottle {
    k: f64,
    /// The length of a slot.
    length: u64,
    dice: Dice,
    counts: Window,
}

impl Default for AdaptiveThrottle {
    fn default() -> Self {
        Self::new(2.0)
    }
}

impl AdaptiveThrottle {
    /// Makes a throttle that lets about `k` requests through for each that the backend takes on, from 1 to 1000.
    #[must_use]
    pub const fn new(k: f64) -> Self {
        let bare = Self { k, length: 1, dice: Dice::new(0), counts: Window::new() };
        bare.window(Duration::from_secs(120))
    }

    /// Sets how far back it counts, at least 10 ms, in steps of a tenth. Default: 2 minutes.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.length = nanos(window).div_ceil(SLOTS as u64);
        self
    }

    /// Sets the seed of its dice. Default: 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.dice = Dice::new(seed);
        self
    }

    /// Checks that the throttle makes sense. One that does not refuses nothing.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), AdaptiveThrottleError> {
        if !(self.k >= 1.0 && self.k <= 1000.0) {
            Err(AdaptiveThrottleError::K)
        } else if self.length < 1_000_000 {
            Err(AdaptiveThrottleError::Window {
                window: Duration::from_nanos(self.length.saturating_mul(SLOTS as u64)),
            })
        } else {
            Ok(())
        }
    }

    /// Returns the probability with which an attempt is refused now.
    #[must_use]
    pub fn refusal(&self, now: Instant) -> f64 {
        if self.validate().is_err() {
            return 0.0;
        }
        let slot = self.counts.peek(self.row().slot(now.as_nanos()));
        let (requests, accepts) = (self.counts.sum(REQUESTS, slot), self.counts.sum(ACCEPTS, slot));
        let (requests, accepts) = (requests as i64 as f64, accepts as i64 as f64);
        let refusal = (requests - self.k * accepts) / (requests + 1.0);
        if refusal > 0.0 { refusal } else { 0.0 }
    }

    /// Its slots, numbered since the origin.
    const fn row(&self) -> Row {
        Row { first: 0, start: 0, length: if self.length == 0 { 1 } else { self.length } }
    }

    fn add(&self, count: Count, now: Instant) {
        if self.counts.add_fast(count, self.row(), now.as_nanos(), || true).is_none() {
            let (Added::Yes(_) | Added::Full(_) | Added::No) =
                self.counts.add(count, self.row(), now.as_nanos(), || true);
        }
    }
}

impl Gate for AdaptiveThrottle {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        let refusal = self.refusal(now);
        self.add(REQUESTS, now);
        if refusal > 0.0 && share(self.dice.throw()) < refusal {
            return Admission::No(Refusal::new(&"throttle: the backend turns too much away"));
        }
        Admission::Yes
    }

    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        let is_accepted = match settled {
            Settled::Ended(AttemptEnd::Accept | AttemptEnd::Stop, _) => true,
            Settled::Ended(AttemptEnd::Retry(failure), _) => failure.sent == Sent::Maybe && !failure.throttled,
            // The backend was not asked, or nobody waited for what it would have said.
            Settled::Ended(end, at) if end.is_cancelled() => return self.forget(*at),
            Settled::Unsent(at) => return self.forget(*at),
            Settled::Ended(..) => false,
        };
        if is_accepted {
            self.add(ACCEPTS, now);
        }
    }
}

/// Returns a number from 0 up to, and without, 1, in proportion to the word.
fn share(word: u64) -> f64 {
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

impl AdaptiveThrottle {
    /// An attempt that was admitted then is no request.
    fn forget(&self, admitted: Instant) {
        self.counts.take(REQUESTS, self.row().slot(admitted.as_nanos()));
    }
}

/// Says what is wrong with an [`AdaptiveThrottle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdaptiveThrottleError {
    /// `k` is not from 1 to 1000.
    K,
    /// The window is too short.
    Window {
        /// The window.
        window: Duration,
    },
}

impl fmt::Display for AdaptiveThrottleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::K => f.write_str("the k of the throttle is not a number from 1 to 1000"),
            Self::Window { window } => {
                write!(f, "the window of the throttle is {window:?}; it needs at least 10ms, a millisecond a slot")
            }
        }
    }
}

impl core::error::Error for AdaptiveThrottleError {}
