//! The latest latencies, which are forgotten after a silence, and a percentile of them that is worked out now and then.

use core::sync::atomic::Ordering::Acquire;

use crate::gate::ring::{Ring, set};
use crate::gate::slots::{AtomicU64, LATENCIES};

/// The number of latencies that are held.
pub(super) const ROOM: usize = LATENCIES;
/// Up to so many latencies the percentile is worked out at each, and then at every 16th.
const FEW: u64 = 32;

#[derive(Debug)]
pub(super) struct Samples {
    /// Counts how many were added since it started anew.
    added: AtomicU64,
    /// The instant of the latest.
    latest: AtomicU64,
    /// The percentile that was asked for last, in thousandths; 0 for none.
    asked: AtomicU64,
    /// That percentile, as it was worked out last.
    estimate: AtomicU64,
    ring: Ring<ROOM>,
}

impl Samples {
    pub(super) const fn new() -> Self {
        let [added, latest, asked, estimate] = [const { AtomicU64::new(0) }; 4];
        Self { added, latest, asked, estimate, ring: Ring::new() }
    }

    /// Adds one, and works out anew what was asked for last.
    ///
    /// Threads that meet each get a place of their own. One that is late to fill it leaves an older latency there meanwhile.
    pub(super) fn add(&self, now: u64, window: u64, latency: u64) {
        if self.is_stale(now, window) {
            set(&self.added, |_| 0);
        }
        set(&self.latest, |latest| latest.max(now));
        let place = set(&self.added, |added| added.saturating_add(1));
        self.ring.put(place, latency);
        let added = place.saturating_add(1);
        let asked = self.asked.load(Acquire) as u32;
        if asked > 0 && (added <= FEW || added % 16 == 0) {
            let estimate = self.ring.rank(added, asked);
            set(&self.estimate, |_| estimate);
        }
    }

    /// Returns how many there are.
    pub(super) fn len(&self, now: u64, window: u64) -> u32 {
        if self.is_stale(now, window) { 0 } else { self.added.load(Acquire).min(ROOM as u64) as u32 }
    }

    /// Returns a percentile, in thousandths of a percent, as it was worked out last.
    pub(super) fn estimate(&self, thousandths: u32) -> u64 {
        if self.asked.load(Acquire) == u64::from(thousandths) {
            return self.estimate.load(Acquire);
        }
        let estimate = self.ring.rank(self.added.load(Acquire), thousandths);
        set(&self.estimate, |_| estimate);
        set(&self.asked, |_| thousandths.into());
        estimate
    }

    /// Returns a percentile, in thousandths of a percent.
    pub(super) fn quantile(&self, now: u64, window: u64, thousandths: u32) -> Option<u64> {
        match self.len(now, window) {
            0 => None,
            len => Some(self.ring.rank(len.into(), thousandths)),
        }
    }

    /// Returns whether the latest is so old that all are forgotten.
    fn is_stale(&self, now: u64, window: u64) -> bool {
        now.saturating_sub(self.latest.load(Acquire)) > window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 1000;
    const P95: u32 = 95_000;

    fn quantiles(samples: &Samples, now: u64) -> [Option<u64>; 3] {
        [50_000, P95, 99_000].map(|thousandths| samples.quantile(now, WINDOW, thousandths))
    }

    #[test]
    fn the_first_latency_is_every_percentile_and_so_is_a_constant_one() {
        let samples = Samples::new();
        assert_eq!(quantiles(&samples, 0), [None; 3]);
        for now in 0..2000 {
            samples.add(now, WINDOW, 42);
            assert_eq!(quantiles(&samples, now), [Some(42); 3]);
            assert_eq!(samples.estimate(P95), 42);
        }
    }

    #[test]
    fn only_the_latest_count_and_after_a_silence_none() {
        let samples = Samples::new();
        (0..ROOM as u64).for_each(|_| samples.add(0, WINDOW, 1000));
        assert_eq!(samples.estimate(P95), 1000);
        (0..ROOM as u64).for_each(|_| samples.add(0, WINDOW, 7));
        assert_eq!(samples.quantile(0, WINDOW, 100_000), Some(7));
        assert_eq!(samples.len(1000, WINDOW), 512);
        assert_eq!(samples.len(1001, WINDOW), 0);
        samples.add(1001, WINDOW, 9);
        assert_eq!(samples.len(1001, WINDOW), 1);
        assert_eq!(samples.estimate(P95), 9);
    }

    #[test]
    fn the_estimate_follows_at_each_of_the_first_and_then_at_every_sixteenth() {
        let samples = Samples::new();
        for latency in 1..=100 {
            samples.add(0, WINDOW, latency);
            let known = if latency <= FEW { latency } else { latency - latency % 16 };
            assert_eq!(samples.estimate(50_000), known.div_ceil(2), "{latency}");
        }
        assert_eq!(samples.estimate(P95), 95, "another percentile is worked out when it is asked for");
    }
}
