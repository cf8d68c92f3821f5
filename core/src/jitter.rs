//! Jitter: spreads delays, so that clients that failed together do not come back together.

use crate::fixed::Fixed;

/// The spread of a delay.
///
/// A delay is drawn uniformly from the jitter's range, after that range has been cut to lie between the policy's
/// floor and cap: no draw lies above or below them, and none pile up there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jitter {
    /// The delay as it is.
    None,
    /// From 0 to the delay (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    #[default]
    Full,
    /// From half the delay to the delay (same source).
    Equal,
    /// From the delay less a fraction of it to the delay plus that fraction.
    Fraction(Fraction),
}

impl Jitter {
    /// Makes a jitter of ± this fraction of the delay, from 0 to 1: `Jitter::fraction(0.33)` is ± 33 %.
    ///
    /// Anything else, NaN included, makes the policy invalid.
    #[must_use]
    pub const fn fraction(fraction: f64) -> Self {
        Self::Fraction(Fraction::new(fraction))
    }

    /// Returns the lowest and the highest delay, in nanoseconds.
    #[inline]
    pub(crate) const fn range(self, delay: u64) -> (u64, u64) {
        match self {
            Self::None => (delay, delay),
            Self::Full => (0, delay),
            Self::Equal => (delay / 2, delay),
            Self::Fraction(fraction) => {
                let span = fraction.of(delay);
                (delay.saturating_sub(span), delay.saturating_add(span))
            }
        }
    }

    pub(crate) const fn is_valid(self) -> bool {
        match self {
            Self::Fraction(fraction) => fraction.is_valid(),
            Self::None | Self::Full | Self::Equal => true,
        }
    }
}

/// A fraction from 0 to 1, kept in fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fraction(Fixed);

impl Fraction {
    /// Makes the fraction that a float stands for; a policy with one that is not from 0 to 1 is invalid.
    #[must_use]
    pub const fn new(fraction: f64) -> Self {
        match Fixed::from_f64(fraction) {
            Some(fixed) => Self(fixed),
            None => Self(Fixed::MOST),
        }
    }

    /// Returns the nearest float.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0.to_f64()
    }

    pub(crate) const ZERO: Self = Self(Fixed::ZERO);

    /// Returns this fraction of a number, rounded.
    pub(crate) const fn of(self, number: u64) -> u64 {
        self.0.of(number)
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.0.whole() == 0 && self.0.part() == 0
    }

    pub(crate) const fn is_valid(self) -> bool {
        self.0.whole() == 0 || (self.0.whole() == 1 && self.0.part() == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_lies_between_nothing_and_all() {
        for (fraction, is_valid) in
            [(0.0, true), (0.33, true), (1.0, true), (1.000_001, false), (1.5, false), (2.0, false), (f64::NAN, false)]
        {
            assert_eq!(Jitter::fraction(fraction).is_valid(), is_valid, "{fraction}");
        }
        assert!(Jitter::None.is_valid() && Jitter::Full.is_valid() && Jitter::Equal.is_valid());
        assert!((Fraction::new(0.33).get() - 0.33).abs() < 1e-15);
    }

    #[test]
    fn each_jitter_has_its_range() {
        assert_eq!(Jitter::None.range(10), (10, 10));
        assert_eq!(Jitter::Full.range(10), (0, 10));
        assert_eq!(Jitter::Equal.range(10), (5, 10));
        assert_eq!(Jitter::fraction(0.25).range(100), (75, 125));
        assert_eq!(Jitter::fraction(1.0).range(u64::MAX), (0, u64::MAX));
    }
}
