//! Dice that threads share: the same seed and the same throws in the same order give the same numbers.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::slots::AtomicU64;
use crate::draw::{GOLDEN, mix};

#[derive(Debug)]
pub(super) struct Dice {
    seed: u64,
    /// Counts how often they were thrown.
    thrown: AtomicU64,
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, thrown: AtomicU64::new(0) }
    }

    /// Throws them: any word.
    pub(super) fn throw(&self) -> u64 {
        let number =
            self.thrown.fetch_update(AcqRel, Acquire, |thrown| Some(thrown.wrapping_add(1))).unwrap_or_default();
        mix(self.seed.wrapping_add(number.wrapping_add(1).wrapping_mul(GOLDEN)))
    }
}

/// Returns a number from 0 to `high`, in proportion to the word.
pub(super) const fn up_to(high: u64, word: u64) -> u64 {
    ((word as u128 * (high as u128 + 1)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_picks_each_number_of_a_range_and_none_beyond() {
        assert_eq!([0, 1 << 62, 1 << 63, 3 << 62, u64::MAX].map(|word| up_to(3, word)), [0, 1, 2, 3, 3]);
        assert_eq!((up_to(0, u64::MAX), up_to(u64::MAX, u64::MAX), up_to(u64::MAX, 7)), (0, u64::MAX, 7));
    }

    #[test]
    fn throws_differ_and_another_seed_throws_others() {
        let (one, same, other) = (Dice::new(7), Dice::new(7), Dice::new(8));
        let throws = [(); 3].map(|()| one.throw());
        assert!(throws[0] != throws[1] && throws[1] != throws[2]);
        assert_eq!([(); 3].map(|()| same.throw()), throws);
        assert_ne!(other.throw(), throws[0]);
    }
}
