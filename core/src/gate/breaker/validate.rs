//! Checks a breaker, and says in a sentence what makes no sense.

use core::fmt;
use core::time::Duration;

use super::Breaker;
use super::last::MOST;
use super::rule::is_significant;

impl Breaker {
    /// Checks that the breaker makes sense. One that does not refuses every attempt.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), BreakerError> {
        if !is_share(self.ratio) {
            Err(BreakerError::Ratio)
        } else if matches!(self.number, Some(0)) {
            Err(BreakerError::NoFailures)
        } else if self.throughput == 0 {
            Err(BreakerError::NoThroughput)
        } else if self.window < 10_000_000 {
            Err(BreakerError::Window { window: Duration::from_nanos(self.window) })
        } else if self.open_for < 1_000_000 {
            Err(BreakerError::OpenFor { open_for: Duration::from_nanos(self.open_for) })
        } else if self.successes == 0 || self.successes > self.probes {
            Err(BreakerError::Probes { probes: self.probes, successes: self.successes })
        } else if self.slow_after == 0 {
            Err(BreakerError::SlowAfter)
        } else if !is_share(self.slow_ratio) {
            Err(BreakerError::SlowShare)
        } else if self.sigmas > 1000 {
            Err(BreakerError::Sigmas)
        } else if self.sigmas > 0 && self.number.is_some() && self.slow_after == u64::MAX {
            Err(BreakerError::NoShare)
        } else if let Some(last) = self.last {
            self.validate_last(last)
        } else {
            Ok(())
        }
    }

    /// Among so many attempts, there must be something that opens it.
    const fn validate_last(&self, last: u32) -> Result<(), BreakerError> {
        if last == 0 || last > MOST {
            return Err(BreakerError::Last { attempts: last });
        }
        match self.number {
            Some(failures) if failures > last => Err(BreakerError::Failures { failures, last }),
            None if self.is_out_of_reach(last, self.ratio) => Err(BreakerError::OutOfReach { last }),
            _ if self.throughput > last => Err(BreakerError::Throughput { attempts: self.throughput, last }),
            _ if self.slow_after < u64::MAX && self.is_out_of_reach(last, self.slow_ratio) => {
                Err(BreakerError::OutOfReach { last })
            }
            _ => Ok(()),
        }
    }

    const fn is_out_of_reach(&self, last: u32, ratio: f64) -> bool {
        !is_significant(last as u64, last as u64, ratio, self.sigmas)
    }
}

/// Not so for what is no number.
const fn is_share(ratio: f64) -> bool {
    ratio > 0.0 && ratio <= 1.0
}

/// Says what is wrong with a [`Breaker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerError {
    /// The ratio is not above 0 and at most 1.
    Ratio,
    /// It is to open after no failures.
    NoFailures,
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
    /// Every attempt would be slow.
    SlowAfter,
    /// The share of slow attempts is not above 0 and at most 1.
    SlowShare,
    /// The number of standard errors is not from 0.01 to 10.
    Sigmas,
    /// There is a test for a share, but no share.
    NoShare,
    /// There is no room for so many of the last attempts, or none is asked for.
    Last {
        /// The number that is asked for.
        attempts: u32,
    },
    /// It is to open at more failures than it counts attempts.
    Failures {
        /// The number of failures.
        failures: u32,
        /// The number of the last attempts that it counts.
        last: u32,
    },
    /// The minimum throughput is more than the attempts that it counts.
    Throughput {
        /// The minimum throughput.
        attempts: u32,
        /// The number of the last attempts that it counts.
        last: u32,
    },
    /// Even if all attempts fail, their share does not lie so far above the ratio.
    OutOfReach {
        /// The number of the last attempts that it counts.
        last: u32,
    },
}

impl fmt::Display for BreakerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio => f.write_str("the ratio of the breaker is not a number above 0 and up to 1"),
            Self::NoFailures => f.write_str("after_failures is 0; the breaker opens after at least 1"),
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
            Self::SlowAfter => f.write_str("every attempt takes longer than 0ns; say after how long it is slow"),
            Self::SlowShare => f.write_str("the share of slow attempts is not a number above 0 and up to 1"),
            Self::Sigmas => f.write_str("sigmas of the breaker is not a number from 0.01 to 10"),
            Self::NoShare => f.write_str("sigmas tests a share; the breaker opens at a number of failures"),
            Self::Last { attempts } => {
                write!(f, "over_last is {attempts}; the breaker counts from 1 to {MOST} attempts")
            }
            Self::Failures { failures, last } => {
                write!(f, "the breaker opens after {failures} failures, but counts only the last {last} attempts")
            }
            Self::Throughput { attempts, last } => {
                write!(f, "min_throughput is {attempts}, but the breaker counts only the last {last} attempts")
            }
            Self::OutOfReach { last } => {
                write!(
                    f,
                    "with so many sigmas not even {last} failures among the last {last} attempts open the breaker"
                )
            }
        }
    }
}

impl core::error::Error for BreakerError {}
