//! The rules of a client or of a request: which statuses are retried, what may be repeated, and whether hints are read.

mod error;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};
use insist_core::{Repeat, Verdict};

pub use self::error::RulesError;
use crate::statuses::Statuses;
use crate::{rate_limit_reset, repeat_of, retry_after};

/// The statuses that are retried by default: those of RFC 9110, RFC 8470 and RFC 6585, and those by which the edges of
/// content delivery networks say that the server behind them failed.
///
/// 501 and 505 are missing: a server that does not implement something will not implement it a moment later.
const RETRIED: [u16; 17] = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530];

/// Rules for retrying HTTP: which statuses, which requests, and which hints count. Plain data, made at compile time
/// or at run time.
///
/// Defaults: 408, 425, 429, 500, 502, 503, 504 and the edge statuses 520 to 527, 529 and 530 are retried; every other
/// status is the result, whether 2xx, 3xx, 4xx or 5xx. [`retry_after`] is read on every retried status. A request may be
/// repeated as [`repeat_of`] says.
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
    /// Retried if there is a hint.
    hinted: Statuses,
    own: Option<OwnRule>,
    should_retry: bool,
    resets: bool,
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
        Self {
            retried,
            hinted: Statuses::NONE,
            own: None,
            should_retry: false,
            resets: false,
            hints: true,
            repeatable: None,
            problem: None,
        }
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

    /// Also retries this status, from 100 to 999, where the answer asks for a wait. GitHub, for one, says 403 with a
    /// Retry-After where others say 429.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use insist_http::http::{HeaderMap, StatusCode, header::RETRY_AFTER};
    /// use insist_http::{Rules, Verdict};
    ///
    /// const RULES: Rules = Rules::new().retry_status_with_hint(403);
    ///
    /// let (mut headers, now) = (HeaderMap::new(), SystemTime::now());
    /// assert_eq!(RULES.judge(StatusCode::FORBIDDEN, &headers, now), Verdict::Accept);
    /// headers.insert(RETRY_AFTER, "2".parse()?);
    /// assert!(matches!(RULES.judge(StatusCode::FORBIDDEN, &headers, now), Verdict::Retry(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn retry_status_with_hint(mut self, status: u16) -> Self {
        if !self.hinted.set(status, true) && self.problem.is_none() {
            self.problem = Some(RulesError::RetryStatusWithHint(status));
        }
        self
    }

    /// Judges by this function first. Where it returns `None`, the other rules decide. Default: none.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use insist_http::http::{HeaderMap, StatusCode};
    /// use insist_http::{Rules, Verdict};
    ///
    /// // A gateway that says so itself.
    /// fn overloaded(_: StatusCode, headers: &HeaderMap) -> Option<Verdict> {
    ///     headers.contains_key("x-overloaded").then(|| Verdict::retry().throttled().after(Duration::from_secs(1)))
    /// }
    ///
    /// const RULES: Rules = Rules::new().rule(overloaded);
    ///
    /// let headers = HeaderMap::from_iter([("x-overloaded".parse()?, "1".parse()?)]);
    /// assert!(matches!(RULES.judge(StatusCode::OK, &headers, SystemTime::now()), Verdict::Retry(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn rule(mut self, rule: fn(StatusCode, &HeaderMap) -> Option<Verdict>) -> Self {
        self.own = Some(OwnRule(rule));
        self
    }

    /// Obeys `x-should-retry: true` and `x-should-retry: false`, whatever the status. Default: the header is ignored.
    pub const fn obey_should_retry(mut self) -> Self {
        self.should_retry = true;
        self
    }

    /// Reads when a limit of requests resets, on answers with status 429 that have no Retry-After: see
    /// [`rate_limit_reset`]. Default: it is not read, because its headers have several meanings.
    pub const fn read_rate_limit_reset(mut self) -> Self {
        self.resets = true;
        self
    }

    /// Ignores Retry-After and all other hints: only the backoff decides the wait. Default: it is read.
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

    /// Returns whether Retry-After is read.
    #[must_use]
    pub const fn reads_hints(&self) -> bool {
        self.hints
    }

    /// Returns the statuses that are retried, in ascending order.
    pub fn retried(&self) -> impl Iterator<Item = u16> {
        self.retried.iter()
    }

    /// Returns whether every answer with this status is accepted, whatever its headers are.
    #[must_use]
    pub fn is_always_accepted(&self, status: StatusCode) -> bool {
        self.own.is_none() && !self.should_retry && !self.is_retried(status) && !self.hinted.contains(status.as_u16())
    }

    /// Judges an answer: accept, or retry, with the hint that it gives.
    ///
    /// Never returns `Stop`, unless a [`rule`](Self::rule) does: an answer that is not retried is the result, be it 200
    /// or 400. A 429 is [throttled](Verdict::throttled). Every retried answer counts as possibly sent, also 408 and 425,
    /// and 421 where it is listed: the server says that it did not act on the request, but
    /// [`Sent::No`](insist_core::Sent::No) is for what the client knows by itself. So a POST without a key is not sent
    /// again after a 425.
    ///
    /// `now` is the wall clock; it matters only for hints that are dates.
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
        if self.is_always_accepted(status) {
            return Verdict::Accept;
        }
        if let Some(verdict) = self.own.as_ref().and_then(|OwnRule(rule)| rule(status, headers)) {
            return verdict;
        }
        let asked = if self.should_retry { should_retry(headers) } else { None };
        let is_hinted = self.hinted.contains(status.as_u16());
        let is_retried = asked.unwrap_or_else(|| self.is_retried(status));
        if !is_retried && (!is_hinted || asked.is_some()) {
            return Verdict::Accept;
        }
        let hint = if self.hints || is_hinted { self.hint(status, headers, now()) } else { None };
        if !is_retried && hint.is_none() {
            return Verdict::Accept;
        }
        // So that a gate can tell an overloaded server from a broken one.
        let is_throttled = status == StatusCode::TOO_MANY_REQUESTS;
        let verdict = if is_throttled { Verdict::retry().throttled() } else { Verdict::retry() };
        hint.filter(|_| self.hints).map_or(verdict, |wait| verdict.after(wait))
    }

    fn hint(&self, status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
        let reset = || (self.resets && status == StatusCode::TOO_MANY_REQUESTS).then(|| rate_limit_reset(headers, now));
        retry_after(headers, now).or_else(|| reset().flatten())
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

/// A rule of the user's own. Two are equal if they are the same function.
#[derive(Clone, Copy, Debug)]
struct OwnRule(fn(StatusCode, &HeaderMap) -> Option<Verdict>);

impl PartialEq for OwnRule {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for OwnRule {}

/// Returns what the answer itself says of another attempt.
fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes().trim_ascii() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
