//! The circuit breaker: when too much fails, nothing is sent for a while, and then a few probes.
//!
//! ```text
//!            too many failures               the open time is over
//!   closed ────────────────────▶ open ───────────────────────────▶ half-open
//!     ▲                            ▲                                 │    │
//!     │                            └──── too many probes failed ─────┘    │
//!     └───────────────────────────────── enough probes succeeded ─────────┘
//! ```

mod gate;
mod phase;
mod probes;
mod state;
mod validate;

pub use state::BreakerState;
pub use validate::BreakerError;

use core::sync::atomic::Ordering::Acquire;
use core::time::Duration;

use super::slots::{AtomicU64, SLOTS};
use super::window::{Count, Row, Window};
use crate::attempt::AttemptEnd;
use crate::time::{Instant, nanos};
use phase::{LAST, Phase};
use probes::Probes;

const SUCCESSES: Count = Count::One;
const FAILURES: Count = Count::Other;

/// A gate that stops sending to what keeps failing, and finds out with a few probes when it is well again (a circuit
/// breaker).
///
/// It counts attempts, not calls, of all kinds. Defaults, as in Hystrix: a window of 10 s in ten slots, at least 20
/// attempts in it, open for 5 s, one probe.
///
/// - **Closed**, it lets everything through. It opens when a failure makes `ratio` or more of the window's attempts
///   failures, and there are at least [`min_throughput`](Self::min_throughput) of them.
/// - **Open**, it refuses at once (or, [`waiting`](Self::waiting), says when to come back).
/// - **Half-open**, it lets [`probes`](Self::probes) through. It closes with an empty window when enough of them have
///   succeeded, and opens again when that can no longer be. A probe that is cancelled gives its place back. A probe
///   that never reports blocks nothing: each further open time has room for as many probes.
///
/// # Small numbers
///
/// A ratio among few attempts is often chance, and each window begins with few. At 100 attempts a second of which 30 % fail,
/// a breaker with a ratio of 0.5 and the default minimum of 20 opens in 9 of 200 minutes, and with 40 % in 70 of 200,
/// although half never fail. With a minimum of 100, as many as a second has, it is 0 and 9. The minimum is no test of
/// significance: set it to what the client sends in a second or more.
///
/// # Late reports
///
/// A report counts only for the phase in which its attempt was sent: what was sent before the breaker opened neither
/// closes it nor opens it again, however late it comes.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Admission, AttemptEnd, Breaker, Cause, Gate, Instant, Settled, Verdict};
///
/// static BREAKER: Breaker = Breaker::new(0.5).min_throughput(2).open_for(Duration::from_secs(5));
///
/// let now = Instant::ZERO;
/// for _ in 0..2 {
///     assert_eq!(BREAKER.admit(now, &Cause::FIRST), Admission::Yes);
///     BREAKER.settle(now, &Cause::FIRST, &Settled::Ended(Verdict::retry().into(), now));
/// }
/// assert_eq!(BREAKER.state(now).to_string(), "open until 5s");
/// assert!(matches!(BREAKER.admit(now, &Cause::FIRST), Admission::No(why) if why.reason() == "breaker is open"));
///
/// let later = Instant::from_nanos(5_000_000_000);
/// assert_eq!(BREAKER.admit(later, &Cause::FIRST), Admission::Yes); // the probe
/// BREAKER.settle(later, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, later));
/// assert_eq!(BREAKER.state(later).to_string(), "closed: 0 of 0 failed, ratio 0.000");
/// ```
#[derive(Debug)]
pub struct Breaker {
    ratio: f64,
    throughput: u32,
    probes: u8,
    successes: u8,
    waits: bool,
    /// Worked out when it is built, as are the next two.
    is_valid: bool,
    /// Half of the shorter of slot and open time is so many bits long, less one.
    half: u8,
    /// The length of a slot, at least 1.
    length: u64,
    window: u64,
    open_for: u64,
    /// `None` is the default.
    is_failure: Option<fn(AttemptEnd) -> bool>,
    phase: AtomicU64,
    round: AtomicU64,
    counts: Window,
}

/// Half, as in Hystrix.
impl Default for Breaker {
    fn default() -> Self {
        Self::new(0.5)
    }
}

impl Breaker {
    /// Makes a breaker that opens when this share of the attempts fails, above 0 and up to 1.
    #[must_use]
    pub const fn new(ratio: f64) -> Self {
        let bare = Self {
            ratio,
            throughput: 20,
            probes: 1,
            successes: 1,
            waits: false,
            is_valid: false,
            half: 0,
            length: 1,
            window: 10_000_000_000,
            open_for: 5_000_000_000,
            is_failure: None,
            phase: AtomicU64::new(0),
            round: AtomicU64::new(0),
            counts: Window::new(),
        };
        bare.checked()
    }

    /// Every step that may change it ends here, so that an attempt has one flag to look at and little to work out.
    const fn checked(mut self) -> Self {
        self.is_valid = self.validate().is_ok();
        self.length = self.window.div_ceil(SLOTS as u64);
        if self.length == 0 {
            self.length = 1;
        }
        let shorter = if self.length < self.open_for { self.length } else { self.open_for };
        self.half = match (shorter / 2).checked_ilog2() {
            Some(bits) => bits as u8,
            None => 0,
        };
        self
    }

    /// Keeps it closed while fewer attempts than this have ended in the window. Default: 20.
    #[must_use]
    pub const fn min_throughput(mut self, attempts: u32) -> Self {
        self.throughput = attempts;
        self.checked()
    }

    /// Sets how far back it counts, at least 10 ms, in steps of a tenth. Default: 10 s.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = nanos(window);
        self.checked()
    }

    /// Sets how long it stays open, at least 1 ms. Default: 5 s.
    #[must_use]
    pub const fn open_for(mut self, span: Duration) -> Self {
        self.open_for = nanos(span);
        self.checked()
    }

    /// Sets how many probes it lets through when it is half-open, and how many of them have to succeed for it to close.
    /// Default: 1 and 1.
    ///
    /// It opens again as soon as too many have failed for that: of 3 probes of which 2 are to succeed, the second
    /// failure does it.
    #[must_use]
    pub const fn probes(mut self, probes: u8, successes: u8) -> Self {
        self.probes = probes;
        self.successes = successes;
        self.checked()
    }

    /// Sets which ends count as failures; the others are successes. Default: [`AttemptEnd::Retry`] and
    /// [`AttemptEnd::Timeout`].
    ///
    /// An end that [is cancelled](AttemptEnd::is_cancelled) counts for nothing, and is not asked about.
    ///
    /// ```
    /// use insist_core::{AttemptEnd, Breaker};
    ///
    /// let breaker = Breaker::default().failures(|end| end == AttemptEnd::Timeout);
    /// # assert!(breaker.validate().is_ok());
    /// ```
    #[must_use]
    pub const fn failures(mut self, is_failure: fn(AttemptEnd) -> bool) -> Self {
        self.is_failure = Some(is_failure);
        self
    }

    /// Holds attempts back until the next probe may be sent, where it would refuse them.
    #[must_use]
    pub const fn waiting(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Returns whether it is closed, open or half-open, with its counts, for a page or a metric.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match Phase::decode(self.phase.load(Acquire)) {
            Phase::Closed { since } => {
                let slot = self.counts.peek(self.row(since).slot(now.as_nanos()));
                let failures = self.counts.sum(FAILURES, slot);
                let attempts = failures + self.counts.sum(SUCCESSES, slot);
                let ratio = if attempts == 0 { 0.0 } else { failures as f64 / attempts as f64 };
                BreakerState::Closed { attempts, failures, ratio }
            }
            Phase::Open { until } if bounded(now) < until => BreakerState::Open { until: Instant::from_nanos(until) },
            Phase::Open { .. } => BreakerState::HalfOpen { probes: 0, successes: 0, failures: 0 },
            Phase::HalfOpen { since } => {
                let seen = Probes::decode(self.round.load(Acquire), since).in_turn(self.turn(since, bounded(now)));
                let (successes, failures) = (seen.succeeded, seen.failed);
                BreakerState::HalfOpen { probes: seen.in_flight(), successes, failures }
            }
        }
    }

    /// The slots of the closed phase that began at this instant.
    ///
    /// Phases that follow each other are more than a window of slots apart, so that one sees nothing of the other's:
    /// between them lies an open time, and each half of the shorter of slot and open time, rounded down to a power of
    /// two so that it is found by a shift, is worth ten slots.
    #[inline]
    const fn row(&self, since: u64) -> Row {
        Row { first: (since >> self.half).wrapping_mul(SLOTS as u64), start: since, length: self.length }
    }

    /// Returns how many open times have passed since it became half-open.
    const fn turn(&self, since: u64, now: u64) -> u64 {
        now.saturating_sub(since) / if self.open_for == 0 { 1 } else { self.open_for }
    }
}

#[inline]
const fn is_failure(end: AttemptEnd) -> bool {
    matches!(end, AttemptEnd::Retry(_) | AttemptEnd::Timeout)
}

/// Returns the instant in nanoseconds, or the last that a phase has room for.
#[inline]
fn bounded(now: Instant) -> u64 {
    now.as_nanos().min(LAST)
}
