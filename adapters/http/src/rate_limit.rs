//! Reads when a limit of requests resets, from the headers that servers send beside a 429.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName};

use crate::retry_after::{lines, whole};

/// The fields that name the reset alone. `ratelimit-reset` is that of draft-ietf-httpapi-ratelimit-headers up to version
/// 07.
const RESETS: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-reset"),
    HeaderName::from_static("x-ratelimit-reset"),
    HeaderName::from_static("x-rate-limit-reset"),
];

/// The field of the same draft from version 08 on: `"name";r=0;t=30` for each limit.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A reset from this number on is an instant: seconds since 1970. As a span it would be 31 years.
const FIRST_INSTANT: u64 = 1_000_000_000;

/// Returns how long an answer says that it takes until a limit of requests resets; `None` if it does not say.
///
/// Read are `RateLimit` (the greatest `t` of limits of which nothing remains, `r=0` or without `r`), `RateLimit-Reset`,
/// `X-RateLimit-Reset` and `X-Rate-Limit-Reset`, the first that is valid. A number up to a billion is seconds from now, a
/// greater one seconds since 1970, measured against `now`. Decimals are rounded up.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
///
/// use insist_http::http::HeaderMap;
/// use insist_http::rate_limit_reset;
///
/// let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// let reset = |name: &'static str, value: &'static str| {
///     let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
///     rate_limit_reset(&headers, now).map(|wait| wait.as_secs())
/// };
/// assert_eq!(reset("ratelimit", "\"day\";r=9;t=3600, \"minute\";r=0;t=30"), Some(30));
/// assert_eq!(reset("ratelimit-reset", "30"), Some(30));
/// assert_eq!(reset("x-ratelimit-reset", "1700000030"), Some(30));
/// ```
#[must_use]
pub fn rate_limit_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let in_list = lines(headers, RATE_LIMIT).flat_map(|line| line.split(',')).filter_map(used_up).max();
    let alone = || RESETS.into_iter().find_map(|name| lines(headers, name).find_map(|line| reset(line, now)));
    in_list.map(Duration::from_secs).or_else(alone)
}

/// Returns the seconds until a limit resets of which nothing remains.
fn used_up(limit: &str) -> Option<u64> {
    let parameter =
        |name: &str| limit.split(';').skip(1).find_map(|part| part.trim().strip_prefix(name)).map(str::trim);
    match parameter("r=") {
        None | Some("0") => whole(parameter("t=")?),
        Some(_) => None,
    }
}

fn reset(line: &str, now: SystemTime) -> Option<Duration> {
    let number = whole(line)?;
    if number < FIRST_INSTANT {
        return Some(Duration::from_secs(number));
    }
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let wait = Duration::from_secs(number).saturating_sub(since_epoch);
    Some(Duration::from_secs(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn at(name: &'static str, value: &str) -> Option<u64> {
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())]);
        rate_limit_reset(&headers, UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_small_number_is_a_span_and_a_great_one_an_instant() {
        assert_eq!(at("x-ratelimit-reset", "1"), Some(1));
        assert_eq!(at("x-ratelimit-reset", "0.2"), Some(1));
        assert_eq!(at("x-ratelimit-reset", "1700000002"), Some(2));
        assert_eq!(at("x-rate-limit-reset", "1600000000"), Some(0), "it has passed");
    }

    #[test]
    fn of_several_limits_the_one_that_is_used_up_counts() {
        assert_eq!(at("ratelimit", "\"a\";r=0;t=1"), Some(1));
        assert_eq!(at("ratelimit", "\"a\";r=5;t=100"), None);
        assert_eq!(at("ratelimit", "\"a\";t=7 , \"b\"; r=0; t=9"), Some(9));
    }

    #[test]
    fn what_is_malformed_is_no_hint() {
        for line in ["", "soon", "-1", "\"a\"", "\"a\";t=", "\"a\";t=x"] {
            assert_eq!(at("ratelimit", line), None, "{line}");
            assert_eq!(at("ratelimit-reset", line), None, "{line}");
        }
    }
}
