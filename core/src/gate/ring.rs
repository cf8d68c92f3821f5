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

    /// Returns the latency of the nearest rank: the smallest that is no shorter than so many of those that are there, in
    /// thousandths of a percent, of which `added` were put in.
    pub(super) fn rank(&self, added: u64, thousandths: u32) -> u64 {
        let len = added.min(ROOM as u64);
        let mut copy = [0; ROOM];
        for (copy, latency) in copy.iter_mut().zip(&self.0).take(len as usize) {
            *copy = latency.load(Acquire);
        }
        let rank = (len * u64::from(thousandths)).div_ceil(100_000).clamp(1, len.max(1));
        let (_, latency, _) = copy[..len.max(1) as usize].select_nth_unstable(rank as usize - 1);
        *latency
    }
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
