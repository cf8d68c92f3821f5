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
mod last;
mod phase;
mod probes;
mod rule;
mod settings;
mod state;
mod validate;

pub use state::BreakerState;
pub use validate::BreakerError;

use core::sync::atomic::Ordering::Acquire;

use super::slots::{AtomicU64, SLOTS};
use super::window::{Count, Row, Window};
use crate::attempt::AttemptEnd;
use crate::time::Instant;
use last::Last;
use phase::{LAST, Phase};
use probes::Probes;
use rule::Tally;

const SUCCESSES: Count = Count::One;
const FAILURES: Count = Count::Other;
/// Those of either that took too long.
const SLOW: Count = Count::Third;

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
/// # What opens it
///
/// | opens at | over time | over the last attempts |
/// |---|---|---|
/// | a share of failures | `new(0.5).window(…)` | `new(0.5).over_last(100)` |
/// | a number of failures | `after_failures(5).window(…)` | `after_failures(5).over_last(10)` |
/// | so many in a row | | `consecutive(5)` |
/// | a share of slow attempts, too | `new(0.5).slow(…, 0.8)` | `new(0.5).over_last(100).slow(…, 0.8)` |
///
/// As in other libraries: Hystrix and Polly have a share over time; resilience4j has half of the last 100, of at least 100,
/// or all of them slow: `new(0.5).over_last(100).min_throughput(100).slow(minute, 1.0)`; Failsafe has m of the last n;
/// Envoy and gobreaker have failures in a row. Only a failure opens it by failures, and only a slow attempt by slow ones.
///
/// # Small numbers
///
/// A share of few attempts is often chance, and a window that is looked at with each failure has many chances. With
/// [`sigmas`](Self::sigmas), a share opens it only from z standard errors above its ratio r: of n attempts, x with
/// x ≥ r n + z √(n r (1 − r)), which is where the lower end of Wilson's confidence interval reaches r (E. B. Wilson, "Probable
/// inference, the law of succession, and statistical inference", 1927). It is worked out in whole numbers, with r to a
/// millionth and z to a hundredth. If all fail, z² r / (1 − r) attempts are enough: 9 for r = 0.5 and z = 3.
///
/// At 100 attempts a second of which a share fails, a breaker with a ratio of 0.5 opens in so many of 200 minutes; and if
/// they fail after ten good seconds, after so many attempts (the median):
///
/// | | 30 % fail | 40 % | 45 % | 50 % | 60 % after | 80 % after | all after |
/// |---|---|---|---|---|---|---|---|
/// | defaults | 16 | 81 | 128 | 200 | 801 | 601 | 500 |
/// | `min_throughput(100)` | 0 | 14 | 71 | 200 | | | |
/// | `sigmas(3.0)` | 0 | 0 | 0 | 12 | 901 | 653 | 501 |
/// | `over_last(100).min_throughput(100)` | 1 | 198 | 200 | 200 | 83 | 62 | 50 |
/// | the same with `sigmas(3.0)` | 0 | 0 | 6 | 106 | 185 | 81 | 65 |
///
/// Without `sigmas`, set the minimum to what a client sends in a second or more.
///
/// # Exactness
///
/// In one thread all counts are exact. Among threads no report is lost, an attempt among the last ones is counted as a
/// whole, and whichever failure comes last sees all that came before it. A slot counts up to 2^32 − 1 of a kind.
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
    /// Opens at so many failures, and not at a share of them.
    number: Option<u32>,
    /// The minimum that was asked for.
    min: Option<u32>,
    /// The minimum for a share. Worked out when it is built, as is what says so below.
    throughput: u32,
    /// Counts so many attempts, and not over time.
    last: Option<u32>,
    /// All ones if nothing is slow.
    slow_after: u64,
    slow_ratio: f64,
    /// In hundredths; 0 for no test.
    sigmas: u16,
    probes: u8,
    successes: u8,
    waits: bool,
    /// Worked out, as are the next three.
    is_valid: bool,
    /// It is valid, and a share of failures over time, by the default ends, is all there is to it.
    is_plain: bool,
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
    /// Slots of time, or the memory for the last attempts.
    counts: Window<3>,
}

/// Half, as in Hystrix.
impl Default for Breaker {
    fn default() -> Self {
        Self::new(0.5)
    }
}

impl Breaker {
    /// Returns whether it is closed, open or half-open, with its counts, for a page or a metric.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match Phase::decode(self.phase.load(Acquire)) {
            Phase::Closed { since } => {
                let Tally { attempts, failures, slow } = self.tally(since, now.as_nanos());
                let ratio = if attempts == 0 { 0.0 } else { failures as f64 / attempts as f64 };
                BreakerState::Closed { attempts, failures, ratio, slow }
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

    /// Adds up what the closed phase that began at this instant has in its window now.
    fn tally(&self, since: u64, now: u64) -> Tally {
        match self.last {
            None => self.tally_of_slots(self.counts.peek(self.row(since).slot(now))),
            Some(most) => {
                let last = Last(&self.counts);
                last.newest(since).map_or_else(Tally::default, |newest| last.tally(newest, most))
            }
        }
    }

    /// Adds up the slots up to this one. Whoever counts a slow attempt has counted the attempt before.
    fn tally_of_slots(&self, slot: u64) -> Tally {
        let slow = self.counts.sum(SLOW, slot);
        let failures = self.counts.sum(FAILURES, slot);
        Tally { attempts: failures + self.counts.sum(SUCCESSES, slot), failures, slow }
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
