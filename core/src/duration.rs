//! Reads and prints durations as people write them: `150ms`, `1.5s`, `2m`.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// The units, largest first, with their nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("ms", 1_000_000),
    ("m", 60_000_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
];

/// Reads a duration: a number and a unit (`ns`, `us`, `ms`, `s`, `m`, `h`, `d`), or several as in `1m30s`.
///
/// `0` needs no unit. A fraction is exact or refused: nothing is finer than a nanosecond.
///
/// # Errors
///
/// A sentence that names the text and says what a duration looks like.
///
/// ```
/// use core::time::Duration;
/// use insist_core::duration::parse;
///
/// assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
/// assert_eq!(parse("0"), Ok(Duration::ZERO));
/// assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
/// assert!(parse("5").is_err());
/// ```
pub fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut sum = 0_u128;
    while !rest.is_empty() || text.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(ParseDurationError::Unit)?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let found = UNITS.iter().find(|(name, _)| *name == unit).ok_or(ParseDurationError::Unit)?;
        sum = sum.saturating_add(nanos_of(number, found.1)?);
        rest = tail;
    }
    let nanos = u64::try_from(sum).map_err(|_| ParseDurationError::TooLong)?;
    Ok(Duration::from_nanos(nanos))
}

fn nanos_of(number: &str, unit: u64) -> Result<u128, ParseDurationError> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || part.is_empty() || part.contains('.') {
        return Err(ParseDurationError::Number);
    }
    let whole = u64::from_str(whole).map_err(|_| ParseDurationError::TooLong)?;
    let part = part.trim_end_matches('0');
    let steps = 10_u128.pow(part.len().min(30) as u32);
    let part = if part.is_empty() { 0 } else { u64::from_str(part).map_err(|_| ParseDurationError::TooFine)? };
    let scaled = u128::from(part) * u128::from(unit);
    if scaled % steps != 0 {
        return Err(ParseDurationError::TooFine);
    }
    Ok(u128::from(whole) * u128::from(unit) + scaled / steps)
}

/// Says what is wrong with the text of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseDurationError {
    /// A number is missing.
    Number,
    /// The unit is missing or unknown.
    Unit,
    /// Finer than a nanosecond.
    TooFine,
    /// Longer than 584 years.
    TooLong,
}

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "a duration needs a number, as in 150ms, 1.5s or 2m",
            Self::Unit => "a duration needs a unit (ns, us, ms, s, m, h, d), as in 150ms, 1.5s or 2m",
            Self::TooFine => "a duration is no finer than a nanosecond",
            Self::TooLong => "a duration is no longer than 584 years",
        })
    }
}

impl core::error::Error for ParseDurationError {}

/// A duration as [`parse`] reads it, exact and short: `150ms`, `1.5s`, `2m`.
///
/// ```
/// use core::time::Duration;
/// use insist_core::duration::Text;
///
/// assert_eq!(Text(Duration::from_millis(1500)).to_string(), "1.5s");
/// assert_eq!(Text(Duration::from_secs(120)).to_string(), "2m");
/// assert_eq!(Text(Duration::ZERO).to_string(), "0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that is to be made by its name")]
pub struct Text(pub Duration);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let whole = |unit: u128| nanos % unit == 0;
        match nanos {
            0 => f.write_str("0"),
            _ if whole(86_400_000_000_000) => write!(f, "{}d", nanos / 86_400_000_000_000),
            _ if whole(3_600_000_000_000) => write!(f, "{}h", nanos / 3_600_000_000_000),
            _ if whole(60_000_000_000) => write!(f, "{}m", nanos / 60_000_000_000),
            1_000_000_000.. => decimal(f, nanos, 9, "s"),
            1_000_000.. => decimal(f, nanos, 6, "ms"),
            1_000.. => decimal(f, nanos, 3, "us"),
            _ => write!(f, "{nanos}ns"),
        }
    }
}

/// Writes nanoseconds in a unit of 10^`digits` ns, without trailing zeros.
fn decimal(f: &mut fmt::Formatter<'_>, nanos: u128, digits: u32, unit: &str) -> fmt::Result {
    let step = 10_u128.pow(digits);
    write!(f, "{}", nanos / step)?;
    let (mut part, mut width) = (nanos % step, digits as usize);
    if part > 0 {
        while part % 10 == 0 {
            part /= 10;
            width -= 1;
        }
        write!(f, ".{part:0width$}")?;
    }
    f.write_str(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn what_is_written_is_read_back() {
        for nanos in [0, 1, 999, 1_000, 1_500, 1_000_001, 150_000_000, 1_500_000_000, 90_000_000_000, u64::MAX] {
            let duration = Duration::from_nanos(nanos);
            assert_eq!(parse(&Text(duration).to_string()), Ok(duration));
        }
    }

    #[test]
    fn a_sum_that_no_integer_holds_is_too_long() {
        let text = "18446744073709551615d".repeat(220_000);
        assert_eq!(parse(&text), Err(ParseDurationError::TooLong));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        use ParseDurationError::{Number, TooFine, TooLong, Unit};
        for (text, error) in [
            ("", Unit),
            ("5", Unit),
            ("5 s", Unit),
            ("5x", Unit),
            ("s", Number),
            ("-1s", Unit),
            ("1.s", Number),
            (".5s", Number),
            ("1..5s", Number),
            ("1.5.5s", Number),
            ("0.5ns", TooFine),
            ("0.00000000000000000000001s", TooFine),
            ("600y", Unit),
            ("300000d", TooLong),
            ("99999999999999999999s", TooLong),
            ("1s2", Unit),
            ("NaN", Unit),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn each_is_written_in_the_unit_that_makes_it_shortest() {
        let (us, ms, s) = (1_000, 1_000_000, 1_000_000_000);
        for (nanos, text) in [
            (0, "0"),
            (999, "999ns"),
            (us, "1us"),
            (1_500, "1.5us"),
            (20_030, "20.03us"),
            (ms, "1ms"),
            (ms + 1, "1.000001ms"),
            (s, "1s"),
            (s + 50 * ms, "1.05s"),
            (90 * s, "90s"),
            (60 * s, "1m"),
            (3_600 * s, "1h"),
            (90 * 60 * s, "90m"),
            (24 * 3_600 * s, "1d"),
            (25 * 3_600 * s, "25h"),
        ] {
            assert_eq!(Text(Duration::from_nanos(nanos)).to_string(), text);
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)));
        }
        assert_eq!(parse("1h1m30.5s"), Ok(Duration::from_millis(3_690_500)));
        assert_eq!(ParseDurationError::TooFine.to_string(), "a duration is no finer than a nanosecond");
    }
}
