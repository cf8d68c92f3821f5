//! The rules of a client or of a request: which statuses are retried, what may be repeated, and whether hints are read.

use std::error;
use std::fmt;
use std::time::SystemTime;

use http::{HeaderMap, Method, StatusCode};
use insist_core::{Repeat, Verdict};

use crate::statuses::Statuses;
use crate::{repeat_of, retry_after};

/// The statuses that are retried by default.
///
/// 501 and 505 are missing: a server that does not implement something will not implement it a moment later.
const RETRIED: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

/// Rules for retrying HTTP: which statuses, which requests, and whether hints count. Plain data, made at compile time
/// or at run time.
///
/// Defaults: 408, 425, 429, 500, 502, 503 and 504 are retried; every other status is the result, whether 2xx, 3xx, 4xx
/// or 5xx. Retry-After is read on every retried status. A request may be repeated as [`repeat_of`] says.
///
/// ```
/// use insist_http::Rules;
/// use insist_http::http::StatusCode;
///
/// const RULES: Rules = Rules::new()
///     .retry_status(404) // replicas may need a moment to catch up
///     .no_retry_status(500);
///
/// assert!(RULES.is_retried(StatusCode::NOT_FOUND));
/// assert!(!RULES.is_retried(StatusCode::INTERNAL_SERVER_ERROR));
/// assert_eq!(RULES.validate(), Ok(()));
/// assert_eq!(
///     RULES.retry_status(4040).validate().unwrap_err().to_string(),
///     "retry_status is 4040; a status is a number from 100 to 999",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "rules do nothing until an answer is judged by them"]
pub struct Rules {
    retried: Statuses,
    hints: bool,
    repeatable: Option<bool>,
    problem: Option<RulesError>,
}

impl Rules {
    /// Makes the default rules.
    pub const fn new() -> Self {
        let mut retried = Statuses::NONE;
        let mut at = 0;
        while at < RETRIED.len() {
            retried.set(RETRIED[at], true);
            at += 1;
        }
        Self { retried, hints: true, repeatable: None, problem: None }
    }

    /// Also retries this status, from 100 to 999. It has no effect on a redirect that the client follows, for that
    /// never reaches the rules.
    pub const fn retry_status(mut self, status: u16) -> Self {
        if !self.retried.set(status, true) && self.problem.is_none() {
            self.problem = Some(RulesError::RetryStatus(status));
        }
        self
    }

    /// Stops retrying this status, from 100 to 999: an answer with it is the result.
    pub const fn no_retry_status(mut self, status: u16) -> Self {
        if !self.retried.set(status, false) && self.problem.is_none() {
            self.problem = Some(RulesError::NoRetryStatus(status));
        }
        self
    }

    /// Ignores Retry-After: only the backoff decides the wait. Default: it is read.
    pub const fn ignore_hints(mut self) -> Self {
        self.hints = false;
        self
    }

    /// Sets whether every request may be repeated, whatever its method and headers say. Default: [`repeat_of`] decides.
    ///
    /// With `false`, an attempt that certainly was not sent is still repeated.
    pub const fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = Some(repeatable);
        self
    }

    /// Checks that the rules make sense.
    ///
    /// # Errors
    ///
    /// Names the first status that is not from 100 to 999. Such a status matches no answer.
    pub const fn validate(&self) -> Result<(), RulesError> {
        match self.problem {
            None => Ok(()),
            Some(problem) => Err(problem),
        }
    }

    /// Returns whether an answer with this status is worth another attempt.
    #[must_use]
    pub fn is_retried(&self, status: StatusCode) -> bool {
        self.retried.contains(status.as_u16())
    }

    /// Returns the statuses that are retried, in ascending order.
    pub fn retried(&self) -> impl Iterator<Item = u16> {
        self.retried.iter()
    }

    /// Judges an answer: accept, or retry, with the hint that [`retry_after`] reads.
    ///
    /// Never returns `Stop`: an answer that is not retried is the result, be it 200 or 400. A 429 is
    /// [throttled](Verdict::throttled). Every retried answer counts as possibly sent, also 408 and 425, and 421 where
    /// it is listed: the server says that it did not act on the request, but [`Sent::No`](insist_core::Sent::No) is for
    /// what the client knows by itself. So a POST without a key is not sent again after a 425.
    ///
    /// `now` is the wall clock; it matters only for a Retry-After that is a date.
    #[must_use]
    pub fn judge(&self, status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Verdict {
        self.judge_with(status, headers, || now)
    }

    /// Does the same as [`judge`](Self::judge) with the system's clock, which is read only if the answer is retried and
    /// hints count.
    #[must_use]
    pub fn judge_by_system_clock(&self, status: StatusCode, headers: &HeaderMap) -> Verdict {
        self.judge_with(status, headers, SystemTime::now)
    }

    fn judge_with(&self, status: StatusCode, headers: &HeaderMap, now: impl FnOnce() -> SystemTime) -> Verdict {
        if !self.is_retried(status) {
            return Verdict::Accept;
        }
        let hint = if self.hints { retry_after(headers, now()) } else { None };
        // So that a gate can tell an overloaded server from a broken one.
        let is_throttled = status == StatusCode::TOO_MANY_REQUESTS;
        let verdict = if is_throttled { Verdict::retry().throttled() } else { Verdict::retry() };
        hint.map_or(verdict, |wait| verdict.after(wait))
    }

    /// Returns which failures of a request may be followed by another attempt: [`repeat_of`], unless
    /// [`repeatable`](Self::repeatable) says otherwise.
    #[must_use]
    pub fn repeat(&self, method: &Method, headers: &HeaderMap) -> Repeat {
        match self.repeatable {
            None => repeat_of(method, headers),
            Some(true) => Repeat::Always,
            Some(false) => Repeat::IfUnsent,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}

/// The error of rules with a status that no answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesError {
    /// The status given to [`Rules::retry_status`] is not from 100 to 999.
    RetryStatus(u16),
    /// The status given to [`Rules::no_retry_status`] is not from 100 to 999.
    NoRetryStatus(u16),
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, status) = match self {
            Self::RetryStatus(status) => ("retry_status", status),
            Self::NoRetryStatus(status) => ("no_retry_status", status),
        };
        write!(f, "{name} is {status}; a status is a number from 100 to 999")
    }
}

impl error::Error for RulesError {}

#[cfg(test)]
mod tests;
