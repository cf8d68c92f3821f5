//! A seed for a call that was given none: different for every call, process and machine.
//!
//! A general generator that seeds itself brings std's whole thread handle with it, 5 kB of a small program. This takes
//! the clock and what the process has already.

use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use crate::draw::{GOLDEN, mix};

/// So that no two calls of a process share a seed at one reading of the clock.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// For drivers: a seed that no other call has. The clock tells machines apart, an address (which systems randomise)
/// processes, and a count calls. It is no secret.
#[must_use]
pub fn fresh_seed() -> u64 {
    let count = CALLS.fetch_add(1, Ordering::Relaxed) as u64;
    let mut mixed = Mixed(core::ptr::from_ref(&CALLS).addr() as u64);
    // Hashed as it is: the subtraction that makes a number of it is half a kilobyte.
    SystemTime::now().hash(&mut mixed);
    mix(mixed.finish().wrapping_add(count.wrapping_mul(GOLDEN)))
}

/// All that was hashed, in order.
struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    // What the clock of most systems is made of.
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0.wrapping_add(number));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn no_two_calls_draw_the_same_seed() {
        let seeds: BTreeSet<u64> = (0..10_000).map(|_| fresh_seed()).collect();
        assert_eq!(seeds.len(), 10_000);
    }

    #[test]
    fn every_part_of_what_is_mixed_counts_and_so_does_their_order() {
        fn mixed(parts: impl Hash) -> u64 {
            let mut mixed = Mixed(0);
            parts.hash(&mut mixed);
            mixed.finish()
        }
        let all =
            [mixed((1_u64, 2_u32)), mixed((1_u64, 3_u32)), mixed((2_u64, 1_u32)), mixed([1_u8, 2]), mixed([2_u8, 1])];
        assert_eq!(BTreeSet::from(all).len(), all.len());
    }
}
