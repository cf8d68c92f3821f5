//! The latest latencies in a ring that threads share without a lock, and a percentile of them.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::Settled;
use super::slots::AtomicU64;
use crate::attempt::{AttemptEnd, Cause, Kind};
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct Ring<const ROOM: usize>([AtomicU64; ROOM]);

impl<const ROOM: usize> Ring<ROOM> {
    pub(super) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; ROOM])
    }

    /// Puts one in the place of the number that its thread was given.
    pub(super) fn put(&self, number: u64, latency: u64) {
        set(&self.0[(number % ROOM as u64) as usize], |_| latency);
    }

    /// Returns the latency of the nearest rank: the smallest that is no shorter than so many of the first ones, in thousandths
    /// of a percent.
    pub(super) fn rank(&self, added: u64, thousandths: u32) -> u64 {
        let len = added.min(ROOM as u64) as usize;
        let mut copy = [0; ROOM];
        for (copy, latency) in copy.iter_mut().zip(&self.0).take(len) {
            *copy = latency.load(Acquire);
        }
        nearest_rank(&mut copy[..len.max(1)], 0, thousandths)
    }

    /// Takes all out, and returns the latency of the nearest rank among them. A place that holds 0 is empty.
    pub(super) fn drain(&self, thousandths: u32) -> Option<u64> {
        let mut copy = [0; ROOM];
        for (copy, latency) in copy.iter_mut().zip(&self.0) {
            *copy = set(latency, |_| 0);
        }
        let empty = copy.iter().filter(|latency| **latency == 0).count();
        (empty < ROOM).then(|| nearest_rank(&mut copy, empty, thousandths))
    }
}

/// Returns the latency of the nearest rank among those after so many of the shortest.
fn nearest_rank(latencies: &mut [u64], skipped: usize, thousandths: u32) -> u64 {
    let len = latencies.len() - skipped;
    let rank = (len as u64 * u64::from(thousandths)).div_ceil(100_000).clamp(1, len as u64);
    let (_, latency, _) = latencies.select_nth_unstable(skipped + rank as usize - 1);
    *latency
}

/// Changes a word, and returns what it was.
pub(super) fn set(word: &AtomicU64, change: impl Fn(u64) -> u64) -> u64 {
    word.fetch_update(AcqRel, Acquire, |seen| Some(change(seen))).unwrap_or_default()
}

/// Returns how long a first send or a retry took that was answered, or how long one was in flight at least that lost to its
/// hedge or timed out. Hedges, failures that a retry may mend and what its caller cancelled tell nothing.
pub(super) fn latency(now: Instant, cause: &Cause, settled: &Settled) -> Option<u64> {
    let Settled::Ended(end, sent) = settled else { return None };
    let tells = matches!(end, AttemptEnd::Accept | AttemptEnd::Stop | AttemptEnd::Lost | AttemptEnd::Timeout);
    (tells && cause.kind != Kind::Hedge).then(|| now.as_nanos().saturating_sub(sent.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_is_gone_and_empty_places_count_for_nothing() {
        let ring = Ring::<8>::new();
        assert_eq!(ring.drain(50_000), None);
        (1..=5).for_each(|latency| ring.put(latency, latency * 10));
        assert_eq!(ring.drain(50_000), Some(30));
        assert_eq!(ring.drain(50_000), None);
        ring.put(7, 9);
        assert_eq!(ring.drain(1000), Some(9));
    }

    #[test]
    fn the_latest_are_kept() {
        let ring = Ring::<8>::new();
        (0..20).for_each(|latency| ring.put(latency, latency + 1));
        assert_eq!((ring.rank(20, 1000), ring.rank(20, 100_000)), (13, 20));
        assert_eq!(ring.drain(1000), Some(13));
    }
}
