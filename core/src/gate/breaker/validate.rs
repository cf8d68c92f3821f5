//! Checks a breaker, and says in a sentence what makes no sense.

use core::fmt;
use core::time::Duration;

use super::Breaker;

impl Breaker {
    /// Checks that the breaker makes sense. One that does not refuses every attempt.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), BreakerError> {
        if !(self.ratio > 0.0 && self.ratio <= 1.0) {
            Err(BreakerError::Ratio)
        } else if self.throughput == 0 {
            Err(BreakerError::NoThroughput)
        } else if self.window < 10_000_000 {
            Err(BreakerError::Window { window: Duration::from_nanos(self.window) })
        } else if self.open_for < 1_000_000 {
            Err(BreakerError::OpenFor { open_for: Duration::from_nanos(self.open_for) })
        } else if self.successes == 0 || self.successes > self.probes {
            Err(BreakerError::Probes { probes: self.probes, successes: self.successes })
        } else {
            Ok(())
        }
    }
}

/// Says what is wrong with a [`Breaker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerError {
    /// The ratio is not above 0 and at most 1.
    Ratio,
    /// The minimum throughput is 0.
    NoThroughput,
    /// The window is too short.
    Window {
        /// The window.
        window: Duration,
    },
    /// The open time is too short.
    OpenFor {
        /// The open time.
        open_for: Duration,
    },
    /// No probes, or not as many as have to succeed.
    Probes {
        /// The number of probes.
        probes: u8,
        /// The number of those that have to succeed.
        successes: u8,
    },
}

impl fmt::Display for BreakerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio => f.write_str("the ratio of the breaker is not a number above 0 and up to 1"),
            Self::NoThroughput => f.write_str("min_throughput is 0; the breaker needs at least 1"),
            Self::Window { window } => {
                write!(f, "the window of the breaker is {window:?}; it needs at least 10ms, a millisecond a slot")
            }
            Self::OpenFor { open_for } => write!(f, "open_for is {open_for:?}; the breaker needs at least 1ms"),
            Self::Probes { probes, successes } => {
                write!(
                    f,
                    "{successes} of {probes} probes are to succeed; it takes at least 1 and no more than there are"
                )
            }
        }
    }
}

impl core::error::Error for BreakerError {}
