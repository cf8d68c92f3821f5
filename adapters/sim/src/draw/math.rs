//! Logarithm and exponential of basic operations only, because those of the platform's library differ in the last bits.

const LN_2: f64 = std::f64::consts::LN_2;
const SQRT_2: f64 = std::f64::consts::SQRT_2;

/// Returns the natural logarithm of a positive, normal number.
pub(crate) fn ln(number: f64) -> f64 {
    let bits = number.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), whose argument is at most 0.1716.
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let mut series = 0.0;
    for odd in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series * square + 1.0 / odd;
    }
    2.0 * ratio * series + f64::from(exponent) * LN_2
}

/// Returns e to this power, from 0 (below e^-700) up to the largest number (above e^700).
pub(crate) fn exp(power: f64) -> f64 {
    if power < -700.0 {
        return 0.0;
    }
    if power > 700.0 {
        return f64::MAX;
    }
    let doublings = (power / LN_2).round();
    let rest = power - doublings * LN_2;
    let (mut series, mut divisor) = (1.0, 18.0);
    while divisor >= 1.0 {
        series = 1.0 + rest / divisor * series;
        divisor -= 1.0;
    }
    series * f64::from_bits(((doublings as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_agree_with_the_library_to_twelve_digits() {
        for number in [1e-16, 0.001, 0.5, 0.7, 0.9999, 1.0, 1.4, 1.5, 2.0, 10.0, 1e9, 1e300] {
            assert!((ln(number) - f64::ln(number)).abs() <= 1e-13 * f64::ln(number).abs().max(1.0), "{number}");
        }
        for power in [-700.0, -30.0, -1.0, 0.0, 1e-9, 0.3466, 1.0, 21.4, 300.0] {
            assert!((exp(power) / f64::exp(power) - 1.0).abs() < 1e-12, "{power}");
        }
        assert_eq!((exp(-1e9), exp(1e9)), (0.0, f64::MAX));
    }
}
