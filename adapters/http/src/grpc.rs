//! What gRPC says to a retry: its statuses, in a head without a body or in trailers, and its pushback.
//!
//! The rules are those of gRPC's proposal A6: a call is committed once its answer has begun, so what can be retried is an
//! answer that consists of trailers only, and those stand in the head. [`GrpcRules`] fits `Policy::grpc()` and
//! `Policy::grpc_hedging()`.

use std::time::Duration;

use http::{HeaderMap, HeaderName, Response, StatusCode};
use insist_core::{Judge, Verdict};

use crate::error::{AsError, judge_error};

/// The header `grpc-status`: the number of a call's status, 0 for success.
pub const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The header `grpc-retry-pushback-ms`: how long the server asks to wait, or that it asks not to come back.
pub const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// The header `grpc-previous-rpc-attempts`, for
/// [`CallHeaders::previous_attempts`](crate::CallHeaders::previous_attempts).
pub const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

const RESOURCE_EXHAUSTED: u8 = 8;
const UNAVAILABLE: u8 = 14;

/// Says what a server's pushback asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "A6 knows these two")]
pub enum Pushback {
    /// Wait exactly so long, instead of the backoff.
    After(Duration),
    /// Do not come back: the number is negative or malformed.
    Never,
}

/// Returns the status of a call from its head or its trailers; `None` if they have none, or it is no number.
#[must_use]
pub fn status(headers: &HeaderMap) -> Option<u32> {
    headers.get(STATUS)?.to_str().ok()?.parse().ok()
}

/// Returns the pushback of a call from its head or its trailers, if there is one.
///
/// ```
/// use std::time::Duration;
///
/// use insist_http::grpc::{PUSHBACK, Pushback, pushback};
/// use insist_http::http::HeaderMap;
///
/// let mut head = HeaderMap::new();
/// assert_eq!(pushback(&head), None);
/// head.insert(PUSHBACK, "40".parse()?);
/// assert_eq!(pushback(&head), Some(Pushback::After(Duration::from_millis(40))));
/// head.insert(PUSHBACK, "-1".parse()?);
/// assert_eq!(pushback(&head), Some(Pushback::Never));
/// # Ok::<_, insist_http::http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn pushback(headers: &HeaderMap) -> Option<Pushback> {
    let text = headers.get(PUSHBACK)?.as_bytes();
    let millis = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let millis = millis.and_then(|text| text.parse().ok());
    Some(millis.map_or(Pushback::Never, |millis| Pushback::After(Duration::from_millis(millis))))
}

/// Rules for retrying gRPC: which statuses. Plain data, made at compile time or at run time.
///
/// Default: 14 (UNAVAILABLE) is retried, as in A6's example; so is an answer without a gRPC status whose HTTP status
/// stands for it: 429, 502, 503 and 504. A pushback takes the place of the backoff, or stops the call.
///
/// ```
/// use insist_http::grpc::{GrpcRules, STATUS};
/// use insist_http::http::{HeaderMap, StatusCode};
/// use insist_http::Verdict;
///
/// const RULES: GrpcRules = GrpcRules::new().retry_status(10); // ABORTED
///
/// let mut head = HeaderMap::new();
/// head.insert(STATUS, 10.into());
/// assert_eq!(RULES.judge(StatusCode::OK, &head), Verdict::retry());
/// head.insert(STATUS, 5.into());
/// assert_eq!(RULES.judge(StatusCode::OK, &head), Verdict::Accept);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "rules do nothing until an answer is judged by them"]
pub struct GrpcRules {
    /// A bit for each status.
    retried: u32,
}

impl GrpcRules {
    /// Makes the default rules.
    pub const fn new() -> Self {
        Self { retried: 1 << UNAVAILABLE }
    }

    /// Also retries this status, from 1 to 16. Another number changes nothing.
    pub const fn retry_status(self, status: u8) -> Self {
        match status {
            1..=16 => Self { retried: self.retried | (1 << status) },
            _ => self,
        }
    }

    /// Stops retrying this status.
    pub const fn no_retry_status(self, status: u8) -> Self {
        match status {
            1..=16 => Self { retried: self.retried & !(1 << status) },
            _ => self,
        }
    }

    /// Returns whether a status is retried.
    #[must_use]
    pub const fn is_retried(&self, status: u32) -> bool {
        status <= 16 && self.retried & (1 << status) != 0
    }

    /// Judges the head of an answer: accept if its call has begun or succeeded, else by the status in it.
    ///
    /// Never returns `Stop`: an answer that is not retried is the result. A status 8 (RESOURCE_EXHAUSTED), and an HTTP
    /// status 429, are [throttled](Verdict::throttled).
    #[must_use]
    pub fn judge(&self, http: StatusCode, headers: &HeaderMap) -> Verdict {
        // Only trailers, and so the end of a call, have a status.
        match status(headers) {
            Some(status) => self.judge_status(status, http, headers),
            None => match http.as_u16() {
                429 | 502 | 503 | 504 => self.judge_status(UNAVAILABLE.into(), http, headers),
                _ => Verdict::Accept,
            },
        }
    }

    /// Judges the trailers of an answer, for a client that reads an answer to its end before it gives it out. gRPC's own
    /// clients do not: for them a call whose answer has begun is committed.
    #[must_use]
    pub fn judge_trailers(&self, trailers: &HeaderMap) -> Verdict {
        status(trailers).map_or(Verdict::Accept, |status| self.judge_status(status, StatusCode::OK, trailers))
    }

    fn judge_status(&self, status: u32, http: StatusCode, headers: &HeaderMap) -> Verdict {
        if !self.is_retried(status) {
            return Verdict::Accept;
        }
        let is_throttled = status == RESOURCE_EXHAUSTED.into() || http == StatusCode::TOO_MANY_REQUESTS;
        let verdict = if is_throttled { Verdict::retry().throttled() } else { Verdict::retry() };
        match pushback(headers) {
            None => verdict,
            Some(Pushback::After(wait)) => verdict.exactly_after(wait),
            Some(Pushback::Never) => Verdict::Accept,
        }
    }
}

impl Default for GrpcRules {
    fn default() -> Self {
        Self::new()
    }
}

/// Judges what a gRPC client's transport ends with, a `Result<http::Response<B>, E>`: answers by [`GrpcRules`], errors
/// by [`judge_error`].
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a judge does nothing until a call asks it"]
pub struct GrpcJudge<How = crate::ByItself> {
    rules: GrpcRules,
    how: std::marker::PhantomData<fn() -> How>,
}

impl<How> GrpcJudge<How> {
    /// Makes a judge with these rules.
    pub const fn new(rules: GrpcRules) -> Self {
        Self { rules, how: std::marker::PhantomData }
    }
}

impl<B, E: AsError<How>, How> Judge<Response<B>, E> for GrpcJudge<How> {
    #[inline]
    fn judge(&mut self, outcome: &Result<Response<B>, E>) -> Verdict {
        match outcome {
            Ok(answer) => self.rules.judge(answer.status(), answer.headers()),
            Err(error) => judge_error(error.as_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn judged(lines: &[(&'static str, &'static str)]) -> Verdict {
        GrpcRules::new().judge(StatusCode::OK, &head(lines))
    }

    #[test]
    fn unavailable_is_retried_and_no_other_status() {
        assert_eq!(judged(&[("grpc-status", "14")]), Verdict::retry());
        for status in ["0", "1", "2", "4", "5", "8", "10", "13", "16", "17", "99", "x", ""] {
            assert_eq!(judged(&[("grpc-status", status)]), Verdict::Accept, "{status}");
        }
    }

    #[test]
    fn an_answer_that_has_begun_is_the_result() {
        assert_eq!(judged(&[("content-type", "application/grpc")]), Verdict::Accept);
        assert_eq!(judged(&[("grpc-retry-pushback-ms", "5")]), Verdict::Accept);
    }

    #[test]
    fn a_pushback_takes_the_place_of_the_backoff_or_stops() {
        let with = |pushback| judged(&[("grpc-status", "14"), ("grpc-retry-pushback-ms", pushback)]);
        assert_eq!(with("0"), Verdict::retry().exactly_after(Duration::ZERO));
        assert_eq!(with("250"), Verdict::retry().exactly_after(Duration::from_millis(250)));
        for no in ["-1", "", "1.5", "+1", "soon", "99999999999999999999"] {
            assert_eq!(with(no), Verdict::Accept, "{no}");
        }
    }

    #[test]
    fn http_statuses_of_proxies_stand_for_unavailable() {
        let judged = |status| GrpcRules::new().judge(StatusCode::from_u16(status).unwrap(), &HeaderMap::new());
        assert_eq!([502, 503, 504].map(judged), [Verdict::retry(); 3]);
        assert_eq!(judged(429), Verdict::retry().throttled());
        assert_eq!([200, 400, 401, 404, 500].map(judged), [Verdict::Accept; 5]);
        let none = GrpcRules::new().no_retry_status(14);
        assert_eq!(none.judge(StatusCode::SERVICE_UNAVAILABLE, &HeaderMap::new()), Verdict::Accept);
    }

    #[test]
    fn an_exhausted_server_is_throttled_where_its_status_is_retried() {
        let rules = GrpcRules::new().retry_status(8);
        let trailers = head(&[("grpc-status", "8"), ("grpc-retry-pushback-ms", "7")]);
        let wait = Duration::from_millis(7);
        assert_eq!(rules.judge_trailers(&trailers), Verdict::retry().throttled().exactly_after(wait));
        assert_eq!(rules.judge_trailers(&head(&[("grpc-status", "0")])), Verdict::Accept);
        assert_eq!(rules.judge_trailers(&HeaderMap::new()), Verdict::Accept);
    }

    #[test]
    fn numbers_that_are_no_status_change_no_rule() {
        assert_eq!(GrpcRules::new().retry_status(0).retry_status(17).retry_status(255), GrpcRules::new());
    }
}
