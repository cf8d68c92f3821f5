//! Instants for people and scripts: in UTC, as RFC 3339 writes them.

use std::time::Duration;

use insist_core::Instant;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads an instant, for clap: `2026-12-24T18:00:00Z`, or a date alone, which is its midnight.
pub(super) fn instant(text: &str) -> Result<Instant, String> {
    let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    let time = text
        .parse()
        .or_else(|_| text.parse().and_then(in_utc))
        .map_err(|_| "a time in UTC is needed, as in 2026-12-24T18:00:00Z".to_string())?;
    let since = Duration::try_from(Timestamp::duration_since(time, Timestamp::UNIX_EPOCH))
        .map_err(|_| "a time after 1970 is needed".to_string())?;
    Instant::ZERO.checked_add(since).ok_or_else(|| "a time before 2262 is needed".into())
}

/// Reads a duration, for clap.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    insist_core::duration::parse(text).map_err(|problem| problem.to_string())
}

/// Writes an instant with milliseconds.
pub(super) fn written(instant: Instant) -> String {
    let nanos = instant.as_nanos();
    let time = Timestamp::new((nanos / 1_000_000_000) as i64, (nanos % 1_000_000_000) as i32);
    format!("{:.3}", time.expect("584 years are in the calendar"))
}

/// Writes how far an instant lies from now: `in 5m`, `3s ago`.
pub(super) fn from_now(instant: Instant, now: Instant) -> String {
    let rounded = |span: Duration| {
        let seconds = match span.as_secs() {
            0..60 => span.as_secs(),
            60..3600 => span.as_secs() / 60 * 60,
            3600..86_400 => span.as_secs() / 900 * 900,
            _ => span.as_secs() / 3600 * 3600,
        };
        insist_core::duration::Text(Duration::from_secs(seconds)).to_string()
    };
    if instant > now {
        match instant.saturating_since(now) {
            span if span < Duration::from_secs(1) => "now".into(),
            span => format!("in {}", rounded(span)),
        }
    } else {
        match now.saturating_since(instant) {
            span if span < Duration::from_secs(1) => "now".into(),
            span => format!("{} ago", rounded(span)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_they_are_read() {
        let text = "2026-12-24T18:00:00.500Z";
        assert_eq!(written(instant(text).unwrap()), text);
        assert_eq!(written(instant("2026-12-24T18:00:00").unwrap()), "2026-12-24T18:00:00.000Z");
        assert_eq!(written(instant("2026-12-24").unwrap()), "2026-12-24T00:00:00.000Z");
        for bad in ["tomorrow", "18:00", "1969-12-31T00:00:00Z", ""] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_distance_is_rounded_down() {
        let at = |seconds: u64| Instant::from_nanos(seconds * 1_000_000_000);
        assert_eq!(from_now(at(100), at(100)), "now");
        assert_eq!(from_now(at(159), at(100)), "in 59s");
        assert_eq!(from_now(at(100), at(225)), "2m ago");
        assert_eq!(from_now(at(100 + 7_300), at(100)), "in 2h");
        assert_eq!(from_now(at(100 + 200_000), at(100)), "in 55h");
    }
}
