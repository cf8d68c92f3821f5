//! The error of a call that ended without a response and without an error of the client's.

use std::error;
use std::fmt;

use insist_core::{PolicyError, Reason, Refusal};

use crate::RulesError;

/// The error of a call that ended without a response and without an error of the client's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GaveUp {
    /// The policy is invalid, for this reason.
    Policy(PolicyError),
    /// The policy has more lanes than this number, for which a call has room.
    Lanes(usize),
    /// The rules are invalid, for this reason.
    Rules(RulesError),
    /// A gate refused before anything was sent; the refusal says which and why.
    Refused(Refusal),
    /// The call gave up for this reason before any attempt had an outcome.
    Because(Reason),
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => write!(f, "nothing was sent: {error}"),
            Self::Lanes(room) => {
                write!(f, "nothing was sent: lanes is more than the {room} that a call has room for")
            }
            Self::Rules(error) => write!(f, "nothing was sent: {error}"),
            Self::Refused(refusal) => write!(f, "nothing was sent: {refusal}"),
            Self::Because(reason) => write!(f, "gave up before any attempt had an outcome: {reason}"),
        }
    }
}

impl error::Error for GaveUp {}

#[cfg(test)]
mod tests {
    use insist_core::Policy;

    use super::*;

    #[test]
    fn it_says_what_was_wrong_and_what_would_be_right() {
        let said = |gave_up: GaveUp| gave_up.to_string();
        let invalid = Policy::default().attempts(0).validate().unwrap_err();
        assert_eq!(said(GaveUp::Policy(invalid)), "nothing was sent: attempts is 0; a call needs at least 1");
        assert_eq!(said(GaveUp::Lanes(8)), "nothing was sent: lanes is more than the 8 that a call has room for");
        assert_eq!(
            said(GaveUp::Rules(RulesError::RetryStatus(4040))),
            "nothing was sent: retry_status is 4040; a status is a number from 100 to 999",
        );
    }
}
