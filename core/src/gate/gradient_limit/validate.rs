//! Checks a gradient limit, and says in a sentence what makes no sense.

use core::fmt;
use core::time::Duration;

use super::GradientLimit;
use crate::gate::slots::ANSWERS;

impl GradientLimit {
    /// Checks that the limit makes sense. One that does not refuses every attempt.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), GradientLimitError> {
        let Self { least, most, answers, .. } = *self;
        if least == 0 {
            Err(GradientLimitError::Least)
        } else if most < least {
            Err(GradientLimitError::Most { least, most })
        } else if self.percentile < 1000 || self.percentile > 100_000 {
            Err(GradientLimitError::Percentile)
        } else if self.buffer > 10_000 {
            Err(GradientLimitError::Buffer)
        } else if self.window < 1_000_000 {
            Err(GradientLimitError::Window { window: Duration::from_nanos(self.window) })
        } else if self.interval < 1_000_000 {
            Err(GradientLimitError::Interval { interval: Duration::from_nanos(self.interval) })
        } else if answers == 0 || answers as usize > ANSWERS {
            Err(GradientLimitError::Answers { answers })
        } else {
            Ok(())
        }
    }
}

/// Says what is wrong with a [`GradientLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GradientLimitError {
    /// The least limit is 0.
    Least,
    /// The most is below the least.
    Most {
        /// The least limit.
        least: u32,
        /// The most.
        most: u32,
    },
    /// The percentile is not from 1 to 100.
    Percentile,
    /// The buffer is not from 0 to 10.
    Buffer,
    /// The window is too short.
    Window {
        /// The window.
        window: Duration,
    },
    /// The least latency is measured too often.
    Interval {
        /// The time from one measuring to the next.
        interval: Duration,
    },
    /// The least latency is measured from no answer, or from more than there is room for.
    Answers {
        /// The number of answers.
        answers: u32,
    },
}

impl fmt::Display for GradientLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least => {
                f.write_str("the least concurrency limit is 0; nothing would be sent, so it needs at least 1")
            }
            Self::Most { least, most } => {
                write!(f, "the concurrency limit goes from {least} to {most}; the most is not below the least")
            }
            Self::Percentile => f.write_str("the percentile of the concurrency limit is not a number from 1 to 100"),
            Self::Buffer => f.write_str("the buffer of the concurrency limit is not a number from 0 to 10"),
            Self::Window { window } => {
                write!(f, "the window of the concurrency limit is {window:?}; it needs at least 1ms")
            }
            Self::Interval { interval } => {
                write!(f, "the least latency is measured every {interval:?}; it needs an interval of at least 1ms")
            }
            Self::Answers { answers } => {
                write!(f, "the least latency is measured from {answers} answers; it takes from 1 to {ANSWERS}")
            }
        }
    }
}

impl core::error::Error for GradientLimitError {}
