//! A set of HTTP statuses, 100 to 999, one bit each: no allocation, and usable in constants.

use std::fmt;

/// The lowest and the highest status that an HTTP message can carry (RFC 9110, section 15).
const LOWEST: u16 = 100;
const HIGHEST: u16 = 999;

const WORD: u16 = u64::BITS as u16;
const WORDS: usize = (HIGHEST - LOWEST + 1).div_ceil(WORD) as usize;

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Statuses([u64; WORDS]);

impl Statuses {
    pub(crate) const NONE: Self = Self([0; WORDS]);

    /// Returns the word and the bit of a status; `None` if no message can carry it.
    const fn place(status: u16) -> Option<(usize, u64)> {
        if status < LOWEST || status > HIGHEST {
            return None;
        }
        let bit = status - LOWEST;
        Some(((bit / WORD) as usize, 1 << (bit % WORD)))
    }

    /// Adds a status or removes it. Returns false, and changes nothing, if no message can carry it.
    pub(crate) const fn set(&mut self, status: u16, is_in: bool) -> bool {
        match Self::place(status) {
            None => false,
            Some((word, mask)) => {
                if is_in {
                    self.0[word] |= mask;
                } else {
                    self.0[word] &= !mask;
                }
                true
            }
        }
    }

    pub(crate) const fn contains(&self, status: u16) -> bool {
        match Self::place(status) {
            None => false,
            Some((word, mask)) => self.0[word] & mask != 0,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> {
        (LOWEST..=HIGHEST).filter(|&status| self.contains(status))
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_status_has_a_bit_of_its_own() {
        for status in LOWEST..=HIGHEST {
            let mut set = Statuses::NONE;
            assert!(set.set(status, true));
            assert_eq!(set.iter().collect::<Vec<_>>(), [status]);
            assert!(set.set(status, false));
            assert_eq!(set, Statuses::NONE);
        }
    }

    #[test]
    fn what_no_message_can_carry_is_refused_and_changes_nothing() {
        for status in [0, 1, 99, 1000, 1100, u16::MAX] {
            let mut set = Statuses::NONE;
            assert!(!set.set(status, true), "{status}");
            assert!(!set.contains(status), "{status}");
            assert_eq!(set, Statuses::NONE);
        }
    }

    #[test]
    fn it_prints_as_a_set() {
        let mut set = Statuses::NONE;
        set.set(503, true);
        set.set(404, true);
        assert_eq!(format!("{set:?}"), "{404, 503}");
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set_of_numbers(changes in prop::collection::vec((0_u16..1100, any::<bool>()), 0..200)) {
            let mut set = Statuses::NONE;
            let mut model = BTreeSet::new();
            for (status, is_in) in changes {
                let can_be = (100..=999).contains(&status);
                prop_assert_eq!(set.set(status, is_in), can_be);
                if can_be && is_in {
                    model.insert(status);
                } else {
                    model.remove(&status);
                }
            }
            prop_assert!(set.iter().eq(model));
        }
    }
}
