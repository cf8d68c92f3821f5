//! Replicas: addresses that can serve the same call, with the health of each.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Deref;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use crate::attempt::AttemptEnd;
use crate::time::{Instant, nanos};
use crate::verdict::{Failure, Hint, Verdict};

/// The default time that a replica rests after a failure.
const REST: Duration = Duration::from_secs(30);
/// The number of replicas that a rotation can mark as tried.
const REMEMBERED: usize = 64;

/// The health of several replicas, shared by the calls that use them: one that failed rests for a while, and one that asked
/// for a wait is left alone until then.
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
    /// The instant until which a hint asks to leave it alone; 0 if none does.
    held: Box<[AtomicU64]>,
    rest: u64,
}

impl Replicas {
    /// Makes the health of this many replicas, all of them well. A replica that fails rests for 30 s.
    ///
    /// None at all count as one.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let none = || (0..count.max(1)).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().into();
        Self { resting: none(), held: none(), rest: nanos(REST) }
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

    /// Returns whether a replica asked, with a hint, to be left alone until later.
    #[must_use]
    pub fn is_held(&self, now: Instant, replica: usize) -> bool {
        self.held_until(now, replica) > 0
    }

    /// The instant until which it asked to be left alone; 0 if that has passed.
    fn held_until(&self, now: Instant, replica: usize) -> u64 {
        let until = self.held.get(replica).map_or(0, |until| until.load(Ordering::Relaxed));
        if until > now.as_nanos() { until } else { 0 }
    }

    /// Returns the verdict for a call that may go to any of the replicas, once [`ended`](Self::ended) knows of it: without its
    /// hint while another replica asked for no wait, and else with the time until the first of them may be asked again.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Instant, Replicas, Verdict};
    ///
    /// let (replicas, now) = (Replicas::new(2), Instant::ZERO);
    /// let busy = |seconds| Verdict::retry().after(Duration::from_secs(seconds));
    /// replicas.ended(now, 0, busy(60).into());
    /// assert_eq!(replicas.elsewhere(now, busy(60)), Verdict::retry());
    /// replicas.ended(now, 1, busy(90).into());
    /// assert_eq!(replicas.elsewhere(now, busy(90)), busy(60));
    /// ```
    #[must_use]
    pub fn elsewhere(&self, now: Instant, verdict: Verdict) -> Verdict {
        let Verdict::Retry(Failure { hint: Some(hint), .. }) = verdict else { return verdict };
        let until = (0..self.len()).map(|replica| self.held_until(now, replica)).min().unwrap_or(0);
        let wait = Duration::from_nanos(until.saturating_sub(now.as_nanos()));
        match (verdict, hint) {
            (Verdict::Retry(failure), _) if until == 0 => Verdict::Retry(Failure { hint: None, ..failure }),
            (_, Hint::AtLeast(_)) => verdict.after(wait),
            (_, Hint::Exactly(_)) => verdict.exactly_after(wait),
        }
    }

    /// Notes that an attempt at a replica has ended: a failure or a timeout makes it rest, a hint holds it, and anything that
    /// it answered for good ends both. A cancel says nothing.
    pub fn ended(&self, now: Instant, replica: usize, end: AttemptEnd) {
        let (Some(resting), Some(held)) = (self.resting.get(replica), self.held.get(replica)) else { return };
        if let AttemptEnd::Retry(Failure { hint: Some(hint), .. }) = end {
            held.fetch_max(now.as_nanos().saturating_add(nanos(hint.span())), Ordering::Relaxed);
        }
        match end {
            AttemptEnd::Retry(_) | AttemptEnd::Timeout => {
                resting.fetch_max(now.as_nanos().saturating_add(self.rest), Ordering::Relaxed);
            }
            AttemptEnd::Accept | AttemptEnd::Stop => {
                resting.store(0, Ordering::Relaxed);
                held.store(0, Ordering::Relaxed);
            }
            AttemptEnd::Lost | AttemptEnd::Deadline | AttemptEnd::Cancelled | AttemptEnd::Withdrawn => {}
        }
    }

    /// Makes the order in which a call goes over the replicas. Calls with different seeds begin at different ones.
    #[must_use]
    pub fn rotation(&self, seed: u64) -> Rotation<&Self> {
        Rotation::new(self, seed)
    }
}

/// The order in which one call goes over its replicas: a reference to them, or an `Arc`.
#[derive(Debug)]
pub struct Rotation<R> {
    replicas: R,
    next: AtomicU64,
    /// One bit for each of the first 64 replicas.
    tried: AtomicU64,
}

impl<R: Deref<Target = Replicas>> Rotation<R> {
    /// Makes the order in which a call with this seed goes over replicas.
    #[must_use]
    pub fn new(replicas: R, seed: u64) -> Self {
        let spread = u128::from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let first = (spread * replicas.len() as u128) >> 64;
        Self { replicas, next: AtomicU64::new(first as u64), tried: AtomicU64::new(0) }
    }

    /// Returns the replicas.
    pub fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// Returns the replica of the next attempt, going round.
    ///
    /// Those that asked for no wait come first, then those that do not rest, and among them those that this call has not
    /// tried. When all rest, all are tried. Attempts that are picked for in the same order, at the same instants, go to the same replicas.
    pub fn pick(&self, now: Instant) -> usize {
        let count = self.replicas.len();
        let start = self.next.load(Ordering::Relaxed) as usize;
        let tried = self.tried.load(Ordering::Relaxed);
        let rank = |replica: usize| {
            let was_tried = replica < REMEMBERED && tried >> replica & 1 == 1;
            (self.replicas.held_until(now, replica), self.replicas.is_resting(now, replica), was_tried)
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
    fn one_that_asks_for_a_wait_is_passed_over_and_when_all_do_the_first_is_waited_for() {
        let replicas = Replicas::new(2).rest(Duration::ZERO);
        let busy = |seconds| Verdict::retry().exactly_after(Duration::from_secs(seconds));
        replicas.ended(at(0), 0, busy(60).into());
        assert!(replicas.is_held(at(59), 0) && !replicas.is_held(at(60), 0));
        assert_eq!(replicas.elsewhere(at(0), busy(60)), Verdict::retry());
        assert!((0..20).all(|seed| replicas.rotation(seed).pick(at(59)) == 1));
        replicas.ended(at(10), 1, busy(90).into());
        assert_eq!(replicas.elsewhere(at(10), busy(90)), busy(50));
        assert!((0..20).all(|seed| replicas.rotation(seed).pick(at(10)) == 0));
        replicas.ended(at(11), 1, AttemptEnd::Accept);
        assert!(!replicas.is_held(at(11), 1));
        assert_eq!(replicas.elsewhere(at(11), Verdict::Stop), Verdict::Stop);
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
