//! The error of a call that ended without a response and without an error of ureq's.

use std::error;
use std::fmt;

use insist_core::{PolicyError, Reason, Refusal};
use insist_http::RulesError;

/// The error of a call that ended without a response and without an error of ureq's. `Error::Other` holds it.
///
/// ```
/// use insist_ureq::insisting::{GaveUp, Policy};
/// use insist_ureq::{Error, Insist};
///
/// let result = insist_ureq::get("http://example.com/").policy(Policy::default().attempts(0)).call();
/// let Err(Error::Other(error)) = result else { panic!() };
/// assert_eq!(error.to_string(), "nothing was sent: attempts is 0; a call needs at least 1");
/// assert!(error.is::<GaveUp>());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GaveUp {
    /// The policy is invalid, for this reason; `None` if it has more lanes than a call has room for.
    Policy(Option<PolicyError>),
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
            Self::Policy(Some(error)) => write!(f, "nothing was sent: {error}"),
            Self::Policy(None) => {
                write!(
                    f,
                    "nothing was sent: lanes is more than the {} that a call has room for",
                    insist_blocking::LANES
                )
            }
            Self::Rules(error) => write!(f, "nothing was sent: {error}"),
            Self::Refused(refusal) => write!(f, "nothing was sent: {refusal}"),
            Self::Because(reason) => write!(f, "gave up before any attempt had an outcome: {reason}"),
        }
    }
}

impl error::Error for GaveUp {}
