//! The error of rules that make no sense.

use std::error;
use std::fmt;

/// The error of rules with a status that no answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesError {
    /// The status given to [`retry_status`](super::Rules::retry_status) is not from 100 to 999.
    RetryStatus(u16),
    /// The status given to [`retry_status_with_hint`](super::Rules::retry_status_with_hint) is not from 100 to 999.
    RetryStatusWithHint(u16),
    /// The status given to [`no_retry_status`](super::Rules::no_retry_status) is not from 100 to 999.
    NoRetryStatus(u16),
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, status) = match self {
            Self::RetryStatus(status) => ("retry_status", status),
            Self::RetryStatusWithHint(status) => ("retry_status_with_hint", status),
            Self::NoRetryStatus(status) => ("no_retry_status", status),
        };
        write!(f, "{name} is {status}; a status is a number from 100 to 999")
    }
}

impl error::Error for RulesError {}
