//! Prints spans of time for people: with three digits.

use std::fmt;
use std::time::Duration;

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
