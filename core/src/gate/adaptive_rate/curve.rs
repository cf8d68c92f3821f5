//! The cubic curve: what the rate is after the last throttling.

/// Sets the part of the rate that a throttling leaves.
pub(super) const BETA: f64 = 0.7;
/// Sets how steep the curve is.
const SCALE: f64 = 0.4;

/// The curve since a throttling, which comes back to the rate before it, stays near it for a while, and goes beyond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    /// The rate before the throttling.
    before: f64,
    /// When that was, in nanoseconds.
    since: u64,
    /// After how many seconds the curve is back.
    back_after: f64,
}

impl Curve {
    /// Nothing was throttled yet, and nothing measured.
    pub(super) const NONE: Self = Self { before: 0.0, since: 0, back_after: 0.0 };

    /// The curve of a throttling now, at this rate.
    pub(super) fn new(now: u64, before: f64) -> Self {
        Self { before, since: now, back_after: (before * (1.0 - BETA) / SCALE).cbrt() }
    }

    /// The rate now.
    pub(super) fn rate(&self, now: u64) -> f64 {
        let from_back = seconds(self.since, now) - self.back_after;
        SCALE * from_back * from_back * from_back + self.before
    }
}

/// Returns how many seconds lie between two instants. Instants themselves are too large for a floating point number: some
/// nanoseconds of them would be lost, and what is due would not be there.
pub(super) fn seconds(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[track_caller]
    fn assert_near(value: f64, expected: f64) {
        assert!((value - expected).abs() <= 1e-9, "{value} is not {expected}");
    }

    /// smithy-rs, `test_calculated_rate_with_successes`.
    #[test]
    fn successes_raise_the_rate_along_the_curve() {
        let curve = Curve::new(5 * S, 10.0);
        let rates = [
            7.0,
            9.648_936_009_66,
            10.000_030_849_917_364,
            10.453_284_520_772_092,
            13.408_697_022_224_185,
            21.266_268_354_273_64,
            36.425_998_516_920_465,
        ];
        for (second, rate) in (5..).zip(rates) {
            assert_near(curve.rate(second * S), rate);
        }
    }

    /// smithy-rs, `test_calculated_rate_with_throttles`. Its curve goes back to the rate after a throttling, not to that before.
    #[test]
    fn throttlings_lower_the_rate_and_begin_a_new_curve() {
        let mut curve = Curve::new(5 * S, 10.0);
        let mut rate = 0.0;
        for (second, is_throttled, expected) in [
            (5, false, 7.0),
            (6, false, 9.648_936_009_66),
            (7, true, 6.754_255_206_761_999),
            (8, true, 4.727_978_644_733_399),
            (9, false, 4.670_125_557_970_046),
            (10, false, 4.770_870_456_867_401),
            (11, false, 6.011_819_748_005_445),
            (12, false, 10.792_973_431_384_178),
        ] {
            if is_throttled {
                rate *= BETA;
                curve = Curve::new(second * S, rate);
            } else {
                rate = curve.rate(second * S);
            }
            assert_near(rate, expected);
        }
    }

    /// botocore: K of 10 and of 8.
    #[test]
    fn the_curve_is_back_after_the_seconds_of_botocore() {
        assert_near(Curve::new(S, 10.0).back_after, 1.957_433_820_584_431_7);
        assert_near(Curve::new(S, 8.0).back_after, 1.817_120_592_832_139_7);
    }

    #[test]
    fn the_curve_begins_at_seven_tenths_and_crosses_the_rate_before_when_it_is_back() {
        let curve = Curve::new(S, 8.0);
        let at = |after: f64| curve.rate(S + (after * 1e9) as u64);
        assert_near(curve.rate(S), 5.6);
        assert_near(at(curve.back_after), 8.0);
        assert!(at(curve.back_after / 1.1) < 8.0);
        assert!(at(curve.back_after * 1.1) > 8.0);
    }
}
