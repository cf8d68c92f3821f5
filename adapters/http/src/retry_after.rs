//! Reads Retry-After: how long the server asks to wait, in seconds or as a date.

use std::time::{Duration, SystemTime};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName};

use crate::date;

/// Returns how long an answer asks to wait before the next attempt (RFC 9110, section 10.2.3); `None` if it gives no
/// hint.
///
/// Seconds are one digit or more; a number beyond 64 bits is `u64::MAX` seconds. A date may have any of the three forms
/// of RFC 9110, section 5.6.7. It is measured against the answer's own `Date`, so that the two clocks need not agree,
/// or against `now` if there is no valid one, and rounded up to a whole second. A date in the past is a hint of zero.
/// Of several Retry-After lines the first valid one counts; one that is empty, signed, fractional or not a real date is
/// skipped.
///
/// A huge number is a huge hint, and is not shortened: the policy's [limit](insist_core::Policy::hint_limit) refuses
/// it. Some registries send the current Unix time in place of a span, which reads as half a century.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use insist_http::http::header::{DATE, HeaderMap, RETRY_AFTER};
/// use insist_http::retry_after;
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(retry_after(&headers, SystemTime::now()), None);
///
/// headers.insert(DATE, "Fri, 31 Dec 1999 23:59:57 GMT".parse()?);
/// headers.insert(RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT".parse()?);
/// assert_eq!(retry_after(&headers, SystemTime::now()), Some(Duration::from_secs(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    lines(headers, RETRY_AFTER).find_map(|asked| seconds(asked).or_else(|| until(asked, headers, now)))
}

/// Returns the lines of a field, without the whitespace around them (OWS: spaces and tabs).
fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let text = headers.get_all(name).into_iter().filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
    text.map(|line| line.trim_matches([' ', '\t']))
}

fn seconds(asked: &str) -> Option<Duration> {
    if asked.is_empty() || !asked.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // All digits, so parsing fails only on overflow.
    Some(Duration::from_secs(asked.parse().unwrap_or(u64::MAX)))
}

fn until(asked: &str, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let sent_at = lines(headers, DATE).find_map(|line| date::read(line, now)).unwrap_or(now);
    let wait = date::read(asked, sent_at)?.duration_since(sent_at).unwrap_or_default();
    let begun = u64::from(wait.subsec_nanos() > 0);
    Some(Duration::from_secs(wait.as_secs().saturating_add(begun)))
}

#[cfg(test)]
mod tests;
