//! Replicas: addresses that can serve the same call, with the health of each.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use crate::attempt::AttemptEnd;
use crate::time::{Instant, nanos};

/// The default time that a replica rests after a failure.
const REST: Duration = Duration::from_secs(30);
/// The number of replicas that a rotation can mark as tried.
const REMEMBERED: usize = 64;

/// The health of several replicas, shared by the calls that use them: one that failed rests for a while.
///
/// It knows replicas by their index; the addresses are the user's. It holds no lock, and is as pure in time as a
/// gate. A call takes a [`Rotation`] and asks it for each attempt.
///
/// ```
/// use insist_core::{Instant, Replicas, Verdict};
///
/// let replicas = Replicas::new(3);
/// let now = Instant::ZERO;
///
/// let rotation = replicas.rotation(7); // 7 is the call's seed
/// let first = rotation.pick(now);
/// replicas.ended(now, first, Verdict::retry().into());
/// let second = rotation.pick(now); // a retry goes elsewhere
/// assert_ne!(first, second);
///
/// let other_call = replicas.rotation(7);
/// assert_ne!(other_call.pick(now), first); // it failed a moment ago
/// ```
#[derive(Debug)]
pub struct Replicas {
    /// The instant until which each rests; 0 if it does not.
    resting: Box<[AtomicU64]>,
    rest: u64,
}

impl Replicas {
    /// Makes the health of this many replicas, all of them well. A replica that fails rests for 30 s.
    ///
    /// None at all count as one.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let resting: Vec<_> = (0..count.max(1)).map(|_| AtomicU64::new(0)).collect();
        Self { resting: resting.into(), rest: nanos(REST) }
    }

    /// Sets how long a replica that failed is passed over. Default: 30 s.
    #[must_use]
    pub fn rest(mut self, rest: Duration) -> Self {
        self.rest = nanos(rest);
        self
    }

    /// Returns how many there are.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.resting.len()
    }

    /// Returns whether a replica failed lately, and since then has not succeeded.
    #[must_use]
    pub fn is_resting(&self, now: Instant, replica: usize) -> bool {
        self.resting.get(replica).is_some_and(|until| until.load(Ordering::Relaxed) > now.as_nanos())
    }

    /// Notes that an attempt at a replica has ended: a failure or a timeout makes it rest, and anything that it answered for
    /// good ends its rest. A cancel says nothing.
    pub fn ended(&self, now: Instant, replica: usize, end: AttemptEnd) {
        let Some(resting) = self.resting.get(replica) else { return };
        match end {
            AttemptEnd::Retry(_) | AttemptEnd::Timeout => {
                resting.fetch_max(now.as_nanos().saturating_add(self.rest), Ordering::Relaxed);
            }
            AttemptEnd::Accept | AttemptEnd::Stop => resting.store(0, Ordering::Relaxed),
            AttemptEnd::Lost | AttemptEnd::Deadline | AttemptEnd::Cancelled | AttemptEnd::Withdrawn => {}
        }
    }

    /// Makes the order in which a call goes over the replicas. Calls with different seeds begin at different ones.
    #[must_use]
    pub fn rotation(&self, seed: u64) -> Rotation<'_> {
        let spread = u128::from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let first = (spread * self.len() as u128) >> 64;
        Rotation { replicas: self, next: AtomicU64::new(first as u64), tried: AtomicU64::new(0) }
    }
}

/// The order in which one call goes over its replicas.
#[derive(Debug)]
pub struct Rotation<'a> {
    replicas: &'a Replicas,
    next: AtomicU64,
    /// One bit for each of the first 64 replicas.
    tried: AtomicU64,
}

impl Rotation<'_> {
    /// Returns the replica of the next attempt, going round.
    ///
    /// Those that do not rest come first, and among them those that this call has not tried. When all rest, all are
    /// tried. Attempts that are picked for in the same order, at the same instants, go to the same replicas.
    pub fn pick(&self, now: Instant) -> usize {
        let count = self.replicas.len();
        let start = self.next.load(Ordering::Relaxed) as usize;
        let tried = self.tried.load(Ordering::Relaxed);
        let rank = |replica: usize| {
            let was_tried = replica < REMEMBERED && tried >> replica & 1 == 1;
            (self.replicas.is_resting(now, replica), was_tried)
        };
        let round = (0..count).map(|step| (start + step) % count);
        let picked = round.min_by_key(|replica| rank(*replica)).unwrap_or(0);
        if picked < REMEMBERED {
            self.tried.fetch_or(1 << picked, Ordering::Relaxed);
        }
        self.next.store(picked as u64 + 1, Ordering::Relaxed);
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Failure;

    const FAILED: AttemptEnd = AttemptEnd::Retry(Failure::new());

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_call_goes_round_and_tries_each_before_it_tries_one_again() {
        let replicas = Replicas::new(5);
        for seed in 0..50 {
            let rotation = replicas.rotation(seed);
            let mut picked: Vec<_> = (0..5).map(|_| rotation.pick(at(0))).collect();
            assert_eq!(rotation.pick(at(0)), picked[0]);
            picked.sort_unstable();
            assert_eq!(picked, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn the_same_seed_begins_at_the_same_replica_and_seeds_are_spread() {
        let replicas = Replicas::new(4);
        let mut begun = [0; 4];
        for seed in 0..1000 {
            let first = replicas.rotation(seed).pick(at(0));
            assert_eq!(first, replicas.rotation(seed).pick(at(0)));
            begun[first] += 1;
        }
        assert!(begun.iter().all(|count| (200..300).contains(count)), "{begun:?}");
    }

    #[test]
    fn one_that_failed_is_passed_over_and_comes_back_after_its_rest() {
        let replicas = Replicas::new(2).rest(Duration::from_secs(10));
        replicas.ended(at(0), 0, FAILED);
        for seed in 0..20 {
            let rotation = replicas.rotation(seed);
            assert_eq!((rotation.pick(at(1)), rotation.pick(at(9))), (1, 1));
        }
        assert!((0..20).any(|seed| replicas.rotation(seed).pick(at(10)) == 0));
    }

    #[test]
    fn a_success_ends_the_rest_and_a_cancel_says_nothing() {
        let replicas = Replicas::new(2);
        replicas.ended(at(0), 0, AttemptEnd::Timeout);
        replicas.ended(at(1), 0, AttemptEnd::Cancelled);
        assert!(replicas.is_resting(at(1), 0));
        replicas.ended(at(1), 0, AttemptEnd::Accept);
        assert!(!replicas.is_resting(at(1), 0));
    }

    #[test]
    fn when_all_have_failed_all_are_tried() {
        let replicas = Replicas::new(3);
        (0..3).for_each(|replica| replicas.ended(at(0), replica, FAILED));
        let rotation = replicas.rotation(9);
        let mut picked: Vec<_> = (0..3).map(|_| rotation.pick(at(1))).collect();
        picked.sort_unstable();
        assert_eq!(picked, [0, 1, 2]);
    }

    #[test]
    fn odd_numbers_are_harmless() {
        let none = Replicas::new(0);
        assert_eq!((none.len(), none.rotation(u64::MAX).pick(at(0))), (1, 0));
        none.ended(Instant::from_nanos(u64::MAX), 99, FAILED);
        let many = Replicas::new(200).rest(Duration::MAX);
        let rotation = many.rotation(u64::MAX);
        for _ in 0..1000 {
            many.ended(Instant::from_nanos(u64::MAX), rotation.pick(at(0)), FAILED);
        }
    }
}
