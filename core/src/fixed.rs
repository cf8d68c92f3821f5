//! Non-negative fixed-point numbers with 64 bits before the point and 64 behind it.
//!
//! Time is counted in integers, and a factor that is multiplied with itself many times must come out the same on
//! every platform: so factors and fractions are fixed-point, converted exactly from what the user wrote.

/// A number from 0 up to 2^64, in steps of 2^-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fixed {
    whole: u64,
    part: u64,
}

impl Fixed {
    pub(crate) const ZERO: Self = Self { whole: 0, part: 0 };
    pub(crate) const ONE: Self = Self { whole: 1, part: 0 };
    pub(crate) const MOST: Self = Self { whole: u64::MAX, part: u64::MAX };

    /// Converts a float, exact down to 2^-64; `None` for NaN, infinities, negative numbers and numbers from 2^64.
    pub(crate) const fn from_f64(number: f64) -> Option<Self> {
        if !(number >= 0.0 && number < 18_446_744_073_709_551_616.0) {
            return None;
        }
        let bits = number.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let mantissa = (if exponent == 0 { fraction } else { fraction | (1 << 52) }) as u128;
        // The value is mantissa × 2^(exponent - 1075), so in steps of 2^-64 it is shifted by exponent - 1011.
        let shift = (if exponent == 0 { 1 } else { exponent }) - 1011;
        let steps = if shift >= 0 {
            mantissa << shift
        } else if shift > -64 {
            mantissa >> -shift
        } else {
            0
        };
        Some(Self { whole: (steps >> 64) as u64, part: steps as u64 })
    }

    #[inline]
    pub(crate) const fn whole(self) -> u64 {
        self.whole
    }

    pub(crate) const fn part(self) -> u64 {
        self.part
    }

    /// Returns the nearest float.
    pub(crate) const fn to_f64(self) -> f64 {
        self.whole as f64 + self.part as f64 / 18_446_744_073_709_551_616.0
    }

    /// Returns an integer times this, rounded to the nearest, saturating.
    #[inline]
    pub(crate) const fn of(self, integer: u64) -> u64 {
        // The product with the fraction is at most the integer itself.
        let part = (self.part as u128 * integer as u128 + (1 << 63)) >> 64;
        self.whole.saturating_mul(integer).saturating_add(part as u64)
    }

    /// Returns a power by at most 32 squarings, saturating.
    pub(crate) const fn power(self, mut exponent: u32) -> Self {
        let mut result = Self::ONE;
        let mut square = self;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = result.times(square);
            }
            exponent >>= 1;
            if exponent > 0 {
                square = square.times(square);
            }
        }
        result
    }

    /// Returns the powers from 0, each equal to that of [`power`](Self::power).
    pub(crate) const fn powers<const N: usize>(self) -> [Self; N] {
        let mut powers = [Self::ONE; N];
        let mut exponent = 1;
        while exponent < N {
            let top = 1 << exponent.ilog2();
            powers[exponent] = if exponent == 1 {
                self
            } else if exponent == top {
                powers[top / 2].times(powers[top / 2])
            } else {
                powers[exponent - top].times(powers[top])
            };
            exponent += 1;
        }
        powers
    }

    /// Returns n if this is 2^n, with n from 0.
    #[inline]
    pub(crate) const fn log2(self) -> Option<u32> {
        if self.part == 0 && self.whole.is_power_of_two() { Some(self.whole.trailing_zeros()) } else { None }
    }

    const fn times(self, other: Self) -> Self {
        let whole = self.whole as u128 * other.whole as u128;
        let cross = (self.whole as u128 * other.part as u128, self.part as u128 * other.whole as u128);
        let part = (self.part as u128 * other.part as u128 + (1 << 63)) >> 64;
        let low = (cross.0 as u64 as u128) + (cross.1 as u64 as u128) + part;
        let high = whole + (cross.0 >> 64) + (cross.1 >> 64) + (low >> 64);
        if high > u64::MAX as u128 {
            return Self::MOST;
        }
        Self { whole: high as u64, part: low as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::Fixed;

    #[test]
    fn a_float_comes_back_as_it_was() {
        for number in [0.0, 1.0, 1.5, 1.1, 0.33, 2.0, 1e9, 0.1, 123_456.789] {
            assert_eq!(Fixed::from_f64(number).map(Fixed::to_f64), Some(number));
        }
    }

    #[test]
    fn what_is_no_factor_is_refused() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE, 1.9e19] {
            assert_eq!(Fixed::from_f64(number), None);
        }
        assert_eq!(Fixed::from_f64(f64::MIN_POSITIVE), Some(Fixed::ZERO));
    }

    #[test]
    fn powers_are_right_to_the_nanosecond() {
        let factor = Fixed::from_f64(1.5).unwrap();
        let mut expected = 500_000_000_f64;
        for exponent in 0..25 {
            assert_eq!(factor.power(exponent).of(500_000_000), (expected + 0.5) as u64);
            expected *= 1.5;
        }
        assert_eq!(Fixed::from_f64(1.1).unwrap().power(2).of(100_000_000), 121_000_000);
        assert_eq!(Fixed::from_f64(0.5).unwrap().power(3).of(1000), 125);
    }

    #[test]
    fn powers_in_a_row_are_the_powers_one_by_one() {
        for factor in [0.0, 0.3, 0.999, 1.0, 1.000_000_1, 1.1, 1.5, 1.6, 2.0, 2.7, 1e9, 1e19] {
            let factor = Fixed::from_f64(factor).unwrap();
            let powers: [Fixed; 40] = factor.powers();
            assert!((0..40).all(|exponent| powers[exponent as usize] == factor.power(exponent)), "{factor:?}");
        }
    }

    #[test]
    fn powers_saturate() {
        let factor = Fixed::from_f64(1e18).unwrap();
        assert_eq!(factor.power(2).of(1), u64::MAX);
        assert_eq!(factor.power(u32::MAX).of(u64::MAX), u64::MAX);
        assert_eq!(Fixed::from_f64(1.000_001).unwrap().power(u32::MAX).of(1), u64::MAX);
    }

    #[test]
    fn what_is_small_is_exact_down_to_a_step_and_nothing_below_it() {
        let power = |exponent: i32| 2_f64.powi(exponent);
        for exponent in [-11, -12, -13, -40, -63, -64] {
            assert_eq!(Fixed::from_f64(power(exponent)).map(Fixed::to_f64), Some(power(exponent)), "{exponent}");
        }
        for exponent in [-65, -75, -76, -77, -200] {
            assert_eq!(Fixed::from_f64(power(exponent)), Some(Fixed::ZERO), "{exponent}");
        }
        assert_eq!(Fixed::from_f64(power(63)).map(Fixed::whole), Some(1 << 63));
        assert_eq!(Fixed::from_f64(power(64)), None);
    }

    #[test]
    fn a_product_is_rounded_to_the_nearest_step_and_saturates_beyond_the_last() {
        let part = |part| Fixed { whole: 0, part };
        // 5² / 4² is 1.5625, and 9² / 8² is 1.265625.
        assert_eq!(part(5 << 30).power(2), part(2));
        assert_eq!(part(9 << 29).power(2), part(1));
        let whole = |whole| Fixed { whole, part: 0 };
        assert_eq!(whole(u64::MAX).power(1), whole(u64::MAX));
        assert_eq!(whole(1 << 32).power(2), Fixed::MOST);
        assert_eq!([whole(3).of(u64::MAX / 3), whole(3).of(u64::MAX)], [u64::MAX, u64::MAX]);
        assert_eq!((Fixed::MOST.of(1), part(1 << 63).of(3), part(1 << 62).of(3)), (u64::MAX, 2, 1));
    }
}
