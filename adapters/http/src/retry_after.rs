//! Reads Retry-After: how long the server asks to wait, in seconds or as a date.

use std::time::{Duration, SystemTime};

use http::header::{AGE, DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName};

use crate::date;

/// The header `retry-after-ms`, a wait in milliseconds, as some services send it beside Retry-After.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Returns how long an answer asks to wait before the next attempt (RFC 9110, section 10.2.3); `None` if it gives no
/// hint.
///
/// `retry-after-ms` counts first, for it is the finer of the two: milliseconds, rounded up if they are decimals.
/// Retry-After is seconds or a date. Seconds are digits, or decimals, which are rounded up; a number beyond 64 bits is
/// `u64::MAX` seconds. A date may have any of the three forms of RFC 9110, section 5.6.7. It is measured against the
/// answer's own `Date`, so that the two clocks need not agree, or against `now` if there is no valid one, and rounded up
/// to a whole second; the `Age` that an answer has spent in caches (RFC 9111, section 4.2.3) has passed already. A date
/// in the past is a hint of zero. Of several lines the first valid one counts; one that is empty, signed or not a real
/// date is skipped.
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
    let in_millis = lines(headers, RETRY_AFTER_MS).find_map(|asked| whole(asked).map(Duration::from_millis));
    let after = |asked| whole(asked).map(Duration::from_secs).or_else(|| until(asked, headers, now));
    in_millis.or_else(|| lines(headers, RETRY_AFTER).find_map(after))
}

/// Returns the lines of a field, without the whitespace around them (OWS: spaces and tabs).
pub(crate) fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let text = headers.get_all(name).into_iter().filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
    text.map(|line| line.trim_matches([' ', '\t']))
}

/// Reads digits, or decimals, which are rounded up; more than 64 bits are `u64::MAX`.
pub(crate) fn whole(asked: &str) -> Option<u64> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, decimals) = asked.split_once('.').unwrap_or((asked, "0"));
    if !is_digits(number) || !is_digits(decimals) {
        return None;
    }
    // All digits, so parsing fails only on overflow.
    let begun = u64::from(decimals.bytes().any(|digit| digit != b'0'));
    Some(number.parse().unwrap_or(u64::MAX).saturating_add(begun))
}

fn until(asked: &str, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let date = lines(headers, DATE).find_map(|line| date::read(line, now));
    let sent_at = date.unwrap_or(now);
    // What is measured from now has no age.
    let age = if date.is_some() { lines(headers, AGE).find_map(digits).unwrap_or(0) } else { 0 };
    let wait = date::read(asked, sent_at)?.duration_since(sent_at).unwrap_or_default();
    let begun = u64::from(wait.subsec_nanos() > 0);
    Some(Duration::from_secs(wait.as_secs().saturating_add(begun).saturating_sub(age)))
}

fn digits(asked: &str) -> Option<u64> {
    if asked.contains('.') { None } else { whole(asked) }
}

#[cfg(test)]
mod tests;
