//! Spans of time as people write and read them: `"150ms"` in files, and three digits in what is printed.

use std::fmt;
use std::time::Duration;

use insist_core::duration::parse;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A span in a file, written as people write it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

/// A limit in a file: a span, or `"none"`, which is the default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit(pub(crate) Duration);

impl Default for Limit {
    fn default() -> Self {
        Self(Duration::MAX)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written { or_none: false }).map(Self)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written { or_none: true }).map(Self)
    }
}

struct Written {
    or_none: bool,
}

impl Visitor<'_> for Written {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = if self.or_none { ", or \"none\"" } else { "" };
        write!(f, "a duration, as \"150ms\", \"1.5s\" or \"2m\"{or_none}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        if self.or_none && text == "none" { Ok(Duration::MAX) } else { parse(text).map_err(E::custom) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Duration, E> {
        self.visit_str(&number.to_string())
    }
}

/// A span with three significant digits: `43.2ms` for 43,218,339 ns.
pub(crate) struct Rounded(pub(crate) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let (unit, name) = match nanos {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let number = nanos as f64 / unit as f64;
        let digits = match number {
            100.0.. => 0,
            10.0.. => 1,
            _ => 2,
        };
        let text = format!("{number:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        let text = if nanos == 0 { "0".into() } else { format!("{text}{name}") };
        f.pad(&text)
    }
}

/// Returns a span in nanoseconds, at most `u64::MAX` (584 years).
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_three_digits_at_most() {
        let text = |nanos| Rounded(Duration::from_nanos(nanos)).to_string();
        assert_eq!(text(0), "0");
        assert_eq!(text(43_218_339), "43.2ms");
        assert_eq!(text(100_000_000), "100ms");
        assert_eq!(text(1_500), "1.5µs");
        assert_eq!(text(10_000_000_000), "10s");
        assert_eq!(text(1_234_567_890), "1.23s");
        assert_eq!(text(300_000_000_000), "300s");
    }
}
