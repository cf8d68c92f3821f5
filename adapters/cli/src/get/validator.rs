//! What tells whether a resource is still the one whose bytes are there (RFC 9110, sections 8.8 and 13.1.5).

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_RANGE, DATE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderName};

/// The least age of a date, at the time of the answer, for it to tell one version from the next.
const AGE: Duration = Duration::from_secs(1);

/// Returns the validator for If-Range: a strong ETag, or a date that is old enough to be one.
pub(super) fn validator(headers: &HeaderMap) -> Option<String> {
    strong_etag(headers).or_else(|| {
        let modified = text(headers, &LAST_MODIFIED)?;
        let at = |name| httpdate::parse_http_date(text(headers, name)?).ok();
        let age: Duration = at(&DATE)?.duration_since(at(&LAST_MODIFIED)?).unwrap_or_default();
        (age >= AGE && at(&LAST_MODIFIED)? > SystemTime::UNIX_EPOCH).then(|| modified.into())
    })
}

/// Returns the ETag, if it is a strong one.
pub(super) fn strong_etag(headers: &HeaderMap) -> Option<String> {
    text(headers, &ETAG).filter(|tag| tag.starts_with('"') && tag.ends_with('"') && tag.len() > 1).map(str::to_owned)
}

/// The range of an answer: where it starts, if it is one, and the length of the whole, if it is known.
pub(super) fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text(headers, &CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-').and_then(|(start, _)| start.trim().parse().ok());
    Some((start, total.trim().parse().ok()))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_strong_validators_count() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let later = "Sun, 06 Nov 1994 08:49:38 GMT";
        assert_eq!(validator(&of(&[("etag", "\"x\"")])).as_deref(), Some("\"x\""));
        assert_eq!(validator(&of(&[("etag", "W/\"x\"")])), None);
        assert_eq!(validator(&of(&[("etag", "x")])), None);
        assert_eq!(validator(&of(&[("last-modified", date), ("date", later)])).as_deref(), Some(date));
        assert_eq!(validator(&of(&[("last-modified", date), ("date", date)])), None);
        assert_eq!(validator(&of(&[("last-modified", date)])), None);
        assert_eq!(validator(&of(&[("last-modified", "yesterday"), ("date", later)])), None);
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range(&of(&[("content-range", "bytes 5-9/10")])), Some((Some(5), Some(10))));
        assert_eq!(content_range(&of(&[("content-range", "bytes 5-9/*")])), Some((Some(5), None)));
        assert_eq!(content_range(&of(&[("content-range", "bytes */10")])), Some((None, Some(10))));
        assert_eq!(content_range(&of(&[("content-range", "items 1-2/3")])), None);
    }
}
