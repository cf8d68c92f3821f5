//! A limit and what is in flight under it, in one word: no thread sees one without the other.

use core::sync::atomic::Ordering::{AcqRel, Acquire};
use core::time::Duration;

use super::slots::AtomicU64;
use super::{Admission, Refusal};
use crate::time::Instant;

/// The limit in the high half, what is in flight in the low one.
#[derive(Debug)]
pub(super) struct Flight(AtomicU64);

impl Flight {
    pub(super) const fn new(limit: u32) -> Self {
        Self(AtomicU64::new((limit as u64) << 32))
    }

    /// Returns the limit, and what is in flight.
    pub(super) fn read(&self) -> (u32, u32) {
        halves(self.0.load(Acquire))
    }

    /// Lets one more in, or says when to ask again: after this span, if there is one.
    pub(super) fn admit(&self, now: Instant, ask_again: Option<Duration>) -> Admission {
        let enter = |word: u64| {
            let (limit, in_flight) = halves(word);
            (in_flight < limit).then(|| word + 1)
        };
        if self.0.fetch_update(AcqRel, Acquire, enter).is_ok() {
            return Admission::Yes;
        }
        match ask_again.and_then(|span| now.checked_add(span)) {
            Some(at) => Admission::NotBefore(at),
            None => Admission::No(Refusal::new(&"concurrency limit is reached")),
        }
    }

    /// One has ended: the limit becomes what is made of it and of what was in flight, this one included.
    pub(super) fn leave(&self, adapt: impl Fn(u32, u32) -> u32) {
        let leave = |word: u64| {
            let (limit, in_flight) = halves(word);
            Some((u64::from(adapt(limit, in_flight)) << 32) | u64::from(in_flight.saturating_sub(1)))
        };
        let _ = self.0.fetch_update(AcqRel, Acquire, leave);
    }

    /// Sets the limit. What is in flight beyond it stays.
    pub(super) fn set(&self, limit: u32) {
        let limited = |word: u64| Some((u64::from(limit) << 32) | u64::from(word as u32));
        let _ = self.0.fetch_update(AcqRel, Acquire, limited);
    }
}

const fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}
