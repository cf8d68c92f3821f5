//! The rule by which a breaker opens: a number or a share of failures, or a share of slow attempts, above chance.

use super::Breaker;

/// Counts what ended in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) attempts: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

impl Breaker {
    /// Returns whether an attempt that failed, or was slow, or both, made too much of it.
    pub(super) fn is_too_much(&self, tally: Tally, failed: bool, slow: bool) -> bool {
        let Tally { attempts, failures, slow: slow_ones } = tally;
        let by_failures = || match self.number {
            Some(number) => failures >= number.into() && attempts >= self.min.unwrap_or(0).into(),
            None => self.is_share(failures, attempts, self.ratio),
        };
        failed && by_failures() || slow && self.is_share(slow_ones, attempts, self.slow_ratio)
    }

    fn is_share(&self, part: u64, attempts: u64, ratio: f64) -> bool {
        self.has_share(part, attempts, ratio) && is_significant(part, attempts, ratio, self.sigmas)
    }

    /// The sum of two times ten slots has 37 bits, and a signed number becomes a float in one instruction.
    #[inline]
    pub(super) fn has_share(&self, part: u64, attempts: u64, ratio: f64) -> bool {
        attempts >= u64::from(self.throughput) && part as i64 as f64 / attempts as i64 as f64 >= ratio
    }
}

/// Returns whether a share lies so many hundredths of a standard error or more above the ratio, which is taken to a
/// millionth. Of none, every share does.
///
/// The lower end of Wilson's interval around part / attempts reaches the ratio r where part - n r = z √(n r (1 - r)). Both
/// sides are squared, and multiplied by what makes them whole; 37 bits of attempts take 126 of the 128 there are.
pub(super) const fn is_significant(part: u64, attempts: u64, ratio: f64, hundredths: u16) -> bool {
    const MILLION: u128 = 1_000_000;
    let ratio = (ratio * 1e6 + 0.5) as u128;
    let variance = attempts as u128 * ratio * MILLION.saturating_sub(ratio);
    match (part as u128 * MILLION).checked_sub(attempts as u128 * ratio) {
        _ if hundredths == 0 => true,
        Some(above) => above * above * 10_000 >= variance * hundredths as u128 * hundredths as u128,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that is significant, by the formula in floats: they are far from a tie here.
    #[test]
    fn the_least_share_above_chance_is_that_of_wilson() {
        for (attempts, ratio, hundredths, least) in [
            (20, 0.5, 200, 15),
            (20, 0.5, 300, 17),
            (1000, 0.5, 300, 548),
            (1000, 0.1, 300, 129),
            (100, 0.1, 233, 17),
            (10, 0.9, 100, 10),
        ] {
            let found = (0..=attempts).find(|part| is_significant(*part, attempts, ratio, hundredths));
            let (n, z) = (attempts as f64, f64::from(hundredths) / 100.0);
            let lower = |part: u64| {
                let p = part as f64 / n;
                let root = (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
                (p + z * z / (2.0 * n) - z * root) / (1.0 + z * z / n)
            };
            assert_eq!(found, Some(least), "{attempts} {ratio} {hundredths}");
            assert!(lower(least) >= ratio - 1e-9, "{attempts} {ratio} {hundredths}");
            assert!(least == 0 || lower(least - 1) < ratio, "{attempts} {ratio} {hundredths}");
        }
    }

    #[test]
    fn nothing_lies_above_a_ratio_of_1_and_so_all_is_enough() {
        assert!(is_significant(5, 5, 1.0, 300));
        assert!(!is_significant(4, 5, 1.0, 300));
    }

    #[test]
    fn a_tie_is_enough_and_is_exact() {
        // 9 of 25 lie two standard errors of 2 above a fifth, which floats make a little more of.
        assert!(is_significant(9, 25, 0.2, 200));
        assert!(!is_significant(9, 25, 0.2, 201));
        assert!(!is_significant(8, 25, 0.2, 200));
    }

    #[test]
    fn the_largest_numbers_there_are_do_not_overflow() {
        let most = 20 * u64::from(u32::MAX);
        assert!(is_significant(most, most, 0.000_001, 1000));
        assert!(is_significant(most, most, 1.0, 1000));
        assert!(!is_significant(0, most, 0.5, 1000));
        assert!(!is_significant(most / 2, most, 0.5, 1000));
    }
}
