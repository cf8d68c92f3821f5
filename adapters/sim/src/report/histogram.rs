//! Counts of spans, in buckets that are less than 0.4 % wide.

use std::time::Duration;

/// The buckets of each doubling.
const PARTS: u64 = 256;

/// Counts how often spans of which length occurred. Its memory goes by their range, not by their number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    most: u64,
}

const fn bucket(nanos: u64) -> usize {
    if nanos < PARTS {
        return nanos as usize;
    }
    let doublings = nanos.ilog2() as u64 - PARTS.ilog2() as u64;
    ((doublings + 1) * PARTS + (nanos >> doublings) - PARTS) as usize
}

/// Returns the middle of a bucket.
const fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PARTS {
        return bucket;
    }
    let doublings = bucket / PARTS - 1;
    ((bucket % PARTS + PARTS) << doublings) + ((1 << doublings) >> 1)
}

impl Histogram {
    pub(crate) fn add(&mut self, nanos: u64) {
        let bucket = bucket(nanos);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.sum += u128::from(nanos);
        self.most = self.most.max(nanos);
    }

    /// Returns how many spans there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the mean, exactly; `None` if there are none.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos((self.sum / u128::from(self.count)) as u64))
    }

    /// Returns the longest, exactly; `None` if there are none.
    #[must_use]
    pub fn most(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.most))
    }

    /// Returns the span that this share, from 0 to 1, is within; `None` if there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut below = 0;
        let found = self.buckets.iter().position(|count| {
            below += count;
            below >= rank
        });
        found.map(|bucket| Duration::from_nanos(middle(bucket).min(self.most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_right_to_half_a_percent() {
        let mut histogram = Histogram::default();
        (1..=100_000_u64).for_each(|number| histogram.add(number * 1_000));
        for share in [0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let found = histogram.quantile(share).unwrap().as_nanos() as f64;
            assert!((found / (share * 1e8) - 1.0).abs() < 0.005, "{share}: {found}");
        }
        assert_eq!(histogram.mean(), Some(Duration::from_nanos(50_000_500)));
        assert_eq!(histogram.most(), Some(Duration::from_millis(100)));
    }

    #[test]
    fn an_empty_one_has_no_quantile() {
        let empty = Histogram::default();
        assert_eq!((empty.quantile(0.5), empty.mean(), empty.most()), (None, None, None));
    }

    #[test]
    fn every_number_lies_in_its_bucket() {
        for nanos in [0, 1, 255, 256, 257, 511, 512, 1023, 1_000_000, u64::MAX / 3, u64::MAX] {
            let (low, high) = (bucket(nanos).saturating_sub(1), bucket(nanos) + 1);
            assert!(middle(low) <= nanos && (nanos <= 256 || middle(bucket(nanos)).abs_diff(nanos) <= nanos / 256));
            assert!(high > low);
        }
    }
}
