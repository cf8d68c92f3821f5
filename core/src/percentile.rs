//! A percentile of latencies, as `p95`.

use core::fmt;

/// A percentile of latencies, from 50 to 99.9: `p95` is no shorter than 95 % of them. It is kept in thousandths.
///
/// ```
/// use insist_core::Percentile;
///
/// assert_eq!(Percentile::P95, Percentile::new(95.0));
/// assert_eq!(Percentile::new(99.9).to_string(), "p99.9");
/// assert_eq!(Percentile::parse("p98.5").map(Percentile::get), Some(98.5));
/// assert_eq!(Percentile::parse("95"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentile(u32);

impl Percentile {
    /// `p50`, the median.
    pub const P50: Self = Self(50_000);
    /// `p90`.
    pub const P90: Self = Self(90_000);
    /// `p95`.
    pub const P95: Self = Self(95_000);
    /// `p99`.
    pub const P99: Self = Self(99_000);

    /// Makes a percentile. What is not a number from 50 to 99.9 makes one that is not valid.
    #[must_use]
    pub const fn new(percentile: f64) -> Self {
        Self((percentile * 1000.0 + 0.5) as u32)
    }

    /// Reads `p95` or `p99.9`; `None` if it is none, or not valid.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let percentile = Self::new(text.strip_prefix('p')?.parse().ok()?);
        percentile.is_valid().then_some(percentile)
    }

    /// Returns the number: 95.0 of `p95`.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Returns whether it is from 50 to 99.9.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.0 >= 50_000 && self.0 <= 99_900
    }

    pub(crate) const fn thousandths(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_thousandths(thousandths: u32) -> Self {
        Self(thousandths)
    }
}

/// Prints it as `p95`.
impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.get())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_is_printed_is_read_again_and_what_is_no_percentile_is_not() {
        for (number, text) in [(50.0, "p50"), (95.0, "p95"), (98.5, "p98.5"), (99.9, "p99.9"), (99.123, "p99.123")] {
            let percentile = Percentile::new(number);
            assert_eq!(percentile.to_string(), text);
            assert_eq!(Percentile::parse(text), Some(percentile));
            assert_eq!(percentile.get(), number);
        }
        for text in ["", "p", "95", "P95", "p 95", "p49.999", "p99.901", "p-95", "pNaN", "pinf", "p95%"] {
            assert_eq!(Percentile::parse(text), None, "{text}");
        }
    }
}
