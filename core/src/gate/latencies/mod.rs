//! Recent latencies as a gate: a hedge is opened when what is in flight is slower than most.

mod samples;

use core::fmt;
use core::time::Duration;

use super::ring::latency;
use super::{Gate, HedgeAfter, Settled};
use crate::attempt::Cause;
use crate::percentile::Percentile;
use crate::time::{Instant, nanos};
use samples::{ROOM, Samples};

/// A gate that knows how long recent attempts took, so that hedges open at a percentile of that and follow the server: p95
/// costs about 5 % more requests, whether answers take 2 ms or 20.
///
/// The policy says which percentile: [`Policy::hedge_at`](crate::Policy::hedge_at). The gate is shared by all calls of a
/// client or of a host, holds the latest 512 latencies in 4 KiB, and takes no lock and no allocation. Defaults: no hedges
/// before 20 latencies are known, a floor of 1 ms, no ceiling; after 60 s without an answer it starts anew.
///
/// A hedge does not help against an overloaded server, so it is combined with a [`Budget`](crate::Budget):
/// `.gate((&LATENCIES, &BUDGET))`.
///
/// # Exactness
///
/// The percentile is that of the nearest rank among the latest 512 latencies, worked out anew at each of the first 32 and
/// then at every 16th. Policies with different percentiles that share it have theirs worked out when they ask. What counts
/// is how long first sends and retries took that were answered, with whatever verdict. One that lost to its hedge, or timed
/// out, counts as long as it was in flight, which is less than it would have taken; a percentile is not changed by that as
/// long as hedges open no sooner. Hedges themselves, failures that a retry may mend and what its caller cancelled tell
/// nothing.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{AttemptEnd, Cause, Gate, HedgeAfter, Instant, Latencies, Percentile, Settled};
///
/// static LATENCIES: Latencies = Latencies::new().warm_up(100);
///
/// let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
/// assert_eq!(LATENCIES.hedge_after(at(0), Some(Percentile::P95)), HedgeAfter::Never);
/// for millis in 1..=160 {
///     LATENCIES.settle(at(millis), &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, at(0)));
/// }
/// assert_eq!(LATENCIES.hedge_after(at(160), Some(Percentile::P95)), HedgeAfter::Delay(Duration::from_millis(152)));
/// assert_eq!(LATENCIES.state(at(160)).to_string(), "160 latencies: p50 80ms, p95 152ms, p99 159ms");
/// ```
#[derive(Debug)]
pub struct Latencies {
    floor: u64,
    ceiling: u64,
    warm_up: u32,
    window: u64,
    samples: Samples,
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    /// Makes a gate that knows nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { floor: 1_000_000, ceiling: u64::MAX, warm_up: 20, window: 60_000_000_000, samples: Samples::new() }
    }

    /// Sets the least hedge delay. Default: 1 ms.
    #[must_use]
    pub const fn floor(mut self, floor: Duration) -> Self {
        self.floor = nanos(floor);
        self
    }

    /// Sets the longest hedge delay. Default: none.
    #[must_use]
    pub const fn ceiling(mut self, ceiling: Duration) -> Self {
        self.ceiling = nanos(ceiling);
        self
    }

    /// Sets how many latencies have to be known before a hedge is opened, from 1 to 512. Default: 20.
    #[must_use]
    pub const fn warm_up(mut self, latencies: u32) -> Self {
        self.warm_up = latencies;
        self
    }

    /// Sets after what time without a latency all are forgotten, at least 1 ms. Default: 60 s.
    #[must_use]
    pub const fn forget_after(mut self, window: Duration) -> Self {
        self.window = nanos(window);
        self
    }

    /// Checks that the gate makes sense. One that does not opens no hedge.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), LatenciesError> {
        if self.warm_up == 0 || self.warm_up as usize > ROOM {
            Err(LatenciesError::WarmUp { latencies: self.warm_up })
        } else if self.floor > self.ceiling {
            let (floor, ceiling) = (Duration::from_nanos(self.floor), Duration::from_nanos(self.ceiling));
            Err(LatenciesError::Ceiling { floor, ceiling })
        } else if self.window < 1_000_000 {
            Err(LatenciesError::Window { window: Duration::from_nanos(self.window) })
        } else {
            Ok(())
        }
    }

    /// Returns a percentile of the latencies that are known now, from 0 to 100; `None` if none is.
    #[must_use]
    pub fn percentile(&self, now: Instant, percentile: f64) -> Option<Duration> {
        let thousandths = (percentile.clamp(0.0, 100.0) * 1000.0 + 0.5) as u32;
        self.samples.quantile(now.as_nanos(), self.window, thousandths).map(Duration::from_nanos)
    }

    /// Returns what it knows now, for a page or a metric.
    #[must_use]
    pub fn state(&self, now: Instant) -> LatenciesState {
        let of = |percentile| self.percentile(now, percentile).unwrap_or_default();
        let latencies = self.samples.len(now.as_nanos(), self.window);
        LatenciesState { latencies, p50: of(50.0), p95: of(95.0), p99: of(99.0) }
    }
}

impl Gate for Latencies {
    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if let Some(latency) = latency(now, cause, settled) {
            self.samples.add(now.as_nanos(), self.window, latency);
        }
    }

    fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
        let Some(percentile) = percentile else { return HedgeAfter::Policy };
        if self.validate().is_err() || self.samples.len(now.as_nanos(), self.window) < self.warm_up {
            return HedgeAfter::Never;
        }
        let latency = self.samples.estimate(percentile.thousandths());
        HedgeAfter::Delay(Duration::from_nanos(latency.clamp(self.floor, self.ceiling)))
    }
}

/// Tells what a [`Latencies`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LatenciesState {
    /// The number of latencies that it holds.
    pub latencies: u32,
    /// Half of them are no longer than this.
    pub p50: Duration,
    /// 95 % of them are no longer than this.
    pub p95: Duration,
    /// 99 % of them are no longer than this.
    pub p99: Duration,
}

impl fmt::Display for LatenciesState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { latencies, p50, p95, p99 } = self;
        let word = if *latencies == 1 { "latency" } else { "latencies" };
        write!(f, "{latencies} {word}: p50 {p50:?}, p95 {p95:?}, p99 {p99:?}")
    }
}

/// Says what is wrong with a [`Latencies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LatenciesError {
    /// There is no room for so many latencies, or none is asked for.
    WarmUp {
        /// The number that is asked for.
        latencies: u32,
    },
    /// The ceiling is below the floor.
    Ceiling {
        /// The floor.
        floor: Duration,
        /// The ceiling.
        ceiling: Duration,
    },
    /// It forgets too soon.
    Window {
        /// The time after which it forgets.
        window: Duration,
    },
}

impl fmt::Display for LatenciesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WarmUp { latencies } => {
                write!(f, "warm_up is {latencies}; a percentile takes from 1 to {ROOM} latencies")
            }
            Self::Ceiling { floor, ceiling } => {
                write!(f, "the ceiling of the hedge delay is {ceiling:?}, below its floor of {floor:?}")
            }
            Self::Window { window } => write!(f, "forget_after is {window:?}; it needs at least 1ms"),
        }
    }
}

impl core::error::Error for LatenciesError {}
