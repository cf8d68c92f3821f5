//! The state of a breaker, for a page or a metric.

use core::fmt;

use crate::time::Instant;

/// The state of a [`Breaker`](super::Breaker).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum BreakerState {
    /// It lets everything through.
    Closed {
        /// Attempts in the window: over time, or the last ones.
        attempts: u64,
        /// Those of them that count as failures.
        failures: u64,
        /// Failures over attempts, 0 where there are none.
        ratio: f64,
        /// Attempts in the window that were [slow](super::Breaker::slow), failed or not.
        slow: u64,
    },
    /// It lets nothing through.
    Open {
        /// The instant at which it becomes half-open.
        until: Instant,
    },
    /// It lets a few probes through.
    HalfOpen {
        /// Probes that have not reported.
        probes: u8,
        /// Probes that have succeeded.
        successes: u8,
        /// Probes that have failed.
        failures: u8,
    },
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { attempts, failures, ratio, slow } => {
                write!(f, "closed: {failures} of {attempts} failed, ratio {ratio:.3}")?;
                if *slow > 0 { write!(f, ", {slow} slow") } else { Ok(()) }
            }
            Self::Open { until } => write!(f, "open until {until}"),
            Self::HalfOpen { probes, successes, failures } => {
                write!(f, "half-open: {probes} in flight, {successes} succeeded, {failures} failed")
            }
        }
    }
}
