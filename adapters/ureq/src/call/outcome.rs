//! The outcome of an attempt, with its verdict.

use std::fmt;

use insist_core::{NoOutcome, Verdict};
use ureq::http::Response;
use ureq::{Body, Error};

/// The end of an attempt: its result, and its verdict.
pub(crate) struct Ended {
    pub(crate) attempt: u32,
    pub(crate) verdict: Verdict,
    pub(crate) result: Result<Response<Body>, Error>,
    /// True if it is not repeated because its body cannot be sent again.
    pub(crate) is_spent: bool,
}

/// The error of an attempt that ended without an answer, or of a call in which no attempt had an outcome.
pub(crate) enum Failed {
    /// Boxed, so that an outcome is no larger than an answer.
    Attempt(Box<Ended>),
    Call(NoOutcome),
}

impl From<NoOutcome> for Failed {
    fn from(none: NoOutcome) -> Self {
        Self::Call(none)
    }
}

/// Prints ureq's error, or why there is none.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt(ended) => match &ended.result {
                Err(error) => error.fmt(f),
                Ok(answer) => answer.status().fmt(f),
            },
            Self::Call(none) => none.fmt(f),
        }
    }
}

/// The outcome of an attempt: an answer or an error, each with its verdict.
pub(crate) type Outcome = Result<Ended, Failed>;

/// Returns the end of the attempt with this outcome.
pub(crate) fn ended(outcome: &Outcome) -> Option<&Ended> {
    match outcome {
        Ok(ended) => Some(ended),
        Err(Failed::Attempt(ended)) => Some(ended),
        Err(Failed::Call(_)) => None,
    }
}
