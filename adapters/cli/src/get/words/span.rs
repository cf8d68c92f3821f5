//! Spans as curl takes them: a number alone is seconds.

use std::time::Duration;

/// Reads a span above zero: `2.5` as seconds, or with a unit, as in `300ms`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match seconds_or_zero(text)? {
        Duration::ZERO => Err("more than 0 is needed; leave the option out for no limit".into()),
        span => Ok(span),
    }
}

/// Does the same, and takes zero too.
pub(super) fn seconds_or_zero(text: &str) -> Result<Duration, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let full = if is_number { format!("{text}s") } else { text.into() };
    insist_core::duration::parse(&full).map_err(|problem| problem.to_string())
}

/// A limit of time that may be switched off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit(pub(super) Option<Duration>);

/// Reads a span above zero, or `none`.
pub(super) fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" { Ok(Limit(None)) } else { seconds(text).map(|span| Limit(Some(span))) }
}

/// Reads a number of bytes: `500`, or with curl's suffixes, as in `10M`.
pub(in crate::get) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, suffix)) if suffix.is_ascii_alphabetic() => (&text[..at], suffix.to_ascii_lowercase()),
        _ => (text, 'b'),
    };
    let shift = match unit {
        'b' => 0,
        'k' => 10,
        'm' => 20,
        'g' => 30,
        't' => 40,
        _ => return Err("a number of bytes is needed, as in 5000, 10k, 10M or 2G".into()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or("a number of bytes is needed, as in 5000, 10k, 10M or 2G".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_seconds() {
        assert_eq!(seconds("2.5"), Ok(Duration::from_millis(2500)));
        assert_eq!(seconds("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(seconds_or_zero("0"), Ok(Duration::ZERO));
        assert_eq!(limit("none"), Ok(Limit(None)));
        for bad in ["", "0", "-1", "x", "1.2.3"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_have_suffixes() {
        assert_eq!([bytes("7"), bytes("2k"), bytes("3M"), bytes("1G")], [Ok(7), Ok(2048), Ok(3 << 20), Ok(1 << 30)]);
        for bad in ["", "k", "-1", "1.5M", "99999999999T", "5x"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
