//! The limit after a window, in whole numbers.

/// As many bits lie below the point.
const POINT: u32 = 32;

/// Returns the least latency with so many thousandths of it on top, in thousandths.
pub(super) const fn with_buffer(least: u64, thousandths: u64) -> u128 {
    least as u128 * (1000 + thousandths) as u128
}

/// Returns the limit after a window of this latency, where the least one and its buffer are told in thousandths.
pub(super) fn next(limit: u32, least: u128, latency: u64) -> u32 {
    let latency = u128::from(latency.max(1)) * 1000;
    // Rounded up, so that a quotient of decimals times the limit is not a little less than the whole number that it is.
    let gradient = (least << POINT).div_ceil(latency).clamp(1 << (POINT - 1), 2 << POINT);
    let room = u128::from(limit) * gradient;
    let bursts = (room << POINT).isqrt();
    u32::try_from((room + bursts) >> POINT).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn limit(limit: u32, least: u64, buffer: u64, latency: u64) -> u32 {
        next(limit, with_buffer(least, buffer), latency)
    }

    #[test]
    fn the_gradient_is_the_least_latency_over_that_of_the_window_from_a_half_to_two() {
        assert_eq!(limit(100, 5 * MS, 0, 5 * MS), 110);
        assert_eq!(limit(100, 5 * MS, 250, 5 * MS), 136, "125 + 11.18");
        assert_eq!(limit(100, 5 * MS, 0, 6 * MS), 92, "83.33 + 9.13");
        assert_eq!(limit(100, 5 * MS, 0, 1), 214, "200 + 14.14");
        assert_eq!(limit(100, 5 * MS, 0, u64::MAX), 57, "50 + 7.07");
        assert_eq!(limit(1, 5 * MS, 0, 5 * MS), 2);
    }

    #[test]
    fn whole_numbers_come_out_whole() {
        assert_eq!(limit(10, 9 * MS, 0, 10 * MS), 12, "9 + 3");
        assert_eq!(limit(30, 25 * MS, 0, 30 * MS), 30, "25 + 5");
        assert_eq!(limit(40, 9 * MS, 0, 10 * MS), 42, "36 + 6");
        assert_eq!(limit(8, u64::MAX, 0, u64::MAX), 10, "8 + 2.83");
    }

    #[test]
    fn no_number_is_too_large() {
        assert_eq!(limit(u32::MAX, u64::MAX, 10_000, 0), u32::MAX);
        assert_eq!(limit(u32::MAX, 0, 0, u64::MAX), (1 << 31) - 1 + 46_341);
        assert_eq!(limit(0, 1, 0, 1), 0);
    }
}
