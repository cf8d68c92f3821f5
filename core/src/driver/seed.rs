//! A seed for a call that was given none: different for every call, process and machine.
//!
//! A general generator that seeds itself brings std's whole thread handle with it, 5 kB of a small program. This takes
//! the clock and what the process has already.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::draw::{GOLDEN, mix};

/// So that no two calls of a process share a seed at one reading of the clock.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// For drivers: a seed that no other call has. The clock tells machines apart, an address (which systems randomise)
/// processes, and a count calls. It is no secret.
#[must_use]
pub fn fresh_seed() -> u64 {
    let count = CALLS.fetch_add(1, Ordering::Relaxed) as u64;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_nanos() as u64);
    let place = core::ptr::from_ref(&CALLS).addr() as u64;
    mix((now ^ place.rotate_left(32)).wrapping_add(count.wrapping_mul(GOLDEN)))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    #[test]
    fn no_two_calls_draw_the_same_seed() {
        let seeds: BTreeSet<u64> = (0..10_000).map(|_| super::fresh_seed()).collect();
        assert_eq!(seeds.len(), 10_000);
    }
}
