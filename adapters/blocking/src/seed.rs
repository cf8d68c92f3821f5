//! A seed for a call that was given none: different for every call, process and machine.
//!
//! `fastrand`'s own generator seeds itself from the clock and the thread's id, and brings std's whole thread handle
//! with it, 5 kB of a small program. This takes the clock and what the process has already.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Odd, and its multiples are far apart: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Multiples of [`STEP`], so that no two calls of a process share a seed at one reading of the clock.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// The clock tells machines apart, the address (which systems randomise) processes, and the count calls.
pub(crate) fn fresh_seed() -> u64 {
    let count = CALLS.fetch_add(STEP, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_nanos() as u64);
    let place = std::ptr::from_ref(&CALLS).addr() as u64;
    fastrand::Rng::with_seed((now ^ place.rotate_left(32)).wrapping_add(count)).u64(..)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn no_two_calls_draw_the_same_seed() {
        let seeds: BTreeSet<u64> = (0..10_000).map(|_| super::fresh_seed()).collect();
        assert_eq!(seeds.len(), 10_000);
    }
}
