//! Two counts over a sliding window of slots, shared between threads without a lock.
//!
//! Slots are numbered, and a higher number lets the lowest ones fall out of the window. The word of a slot holds the
//! low half of its number beside its count, so what is old counts for nothing and nobody has to clear it.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::slots::{AtomicU64, SLOTS};

#[derive(Debug)]
pub(super) struct Window {
    newest: AtomicU64,
    counts: [[AtomicU64; SLOTS]; 2],
}

/// One of the two counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    One,
    Other,
}

/// What became of one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    Yes,
    /// The slot has 2^32 - 1 already.
    Full,
    /// The window has moved on to a later slot: look again which one it is.
    Moved,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { newest: AtomicU64::new(0), counts: [const { [const { AtomicU64::new(0) }; SLOTS] }; 2] }
    }

    /// Moves the window on to this slot, and gives its newest one: a slot before it is of a time that stands still.
    #[inline]
    pub(super) fn advance(&self, slot: u64) -> u64 {
        let newest = self.newest.load(Acquire);
        if slot <= newest { newest } else { self.newest.fetch_max(slot, AcqRel).max(slot) }
    }

    /// The newest slot, were it this one or later.
    pub(super) fn peek(&self, slot: u64) -> u64 {
        self.newest.load(Acquire).max(slot)
    }

    /// Whether the window has not moved on from this slot.
    ///
    /// It writes, on purpose: whoever moves the window on afterwards sees all that was counted before.
    pub(super) fn is_newest(&self, slot: u64) -> bool {
        self.newest.fetch_max(slot, AcqRel) <= slot
    }

    /// Counts one more in a slot that [`advance`](Self::advance) gave.
    #[inline]
    pub(super) fn add(&self, count: Count, slot: u64) -> Added {
        let word = self.word(count, slot);
        let mut seen = word.load(Acquire);
        loop {
            let next = if !is_of(seen, slot) {
                // The word is of another slot, and only an older one may be written over.
                if self.newest.load(Acquire) != slot {
                    return Added::Moved;
                }
                (slot << 32) | 1
            } else if seen as u32 == u32::MAX {
                return Added::Full;
            } else {
                seen + 1
            };
            match word.compare_exchange(seen, next, AcqRel, Acquire) {
                Ok(_) => return Added::Yes,
                Err(other) => seen = other,
            }
        }
    }

    /// Takes one back out of a slot, if there is one in it.
    pub(super) fn take(&self, count: Count, slot: u64) -> bool {
        let less = |seen| if is_of(seen, slot) && seen as u32 > 0 { Some(seen - 1) } else { None };
        self.word(count, slot).fetch_update(AcqRel, Acquire, less).is_ok()
    }

    /// Takes back the latest one that the window up to this slot has.
    pub(super) fn take_latest(&self, count: Count, slot: u64) {
        let _ = Self::up_to(slot).any(|slot| self.take(count, slot));
    }

    /// How many there are in the window that ends with this slot.
    pub(super) fn sum(&self, count: Count, slot: u64) -> u64 {
        Self::up_to(slot).map(|slot| self.get(count, slot)).sum()
    }

    fn get(&self, count: Count, slot: u64) -> u64 {
        let seen = self.word(count, slot).load(Acquire);
        if is_of(seen, slot) { u64::from(seen as u32) } else { 0 }
    }

    /// The slots of a window, newest first.
    fn up_to(slot: u64) -> impl Iterator<Item = u64> {
        (0..SLOTS as u64).filter_map(move |back| slot.checked_sub(back))
    }

    #[inline]
    fn word(&self, count: Count, slot: u64) -> &AtomicU64 {
        &self.counts[count as usize][(slot % SLOTS as u64) as usize]
    }
}

#[inline]
const fn is_of(word: u64, slot: u64) -> bool {
    word >> 32 == slot & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_the_newest_until_a_later_one_was_seen() {
        let window = Window::new();
        assert!(window.is_newest(4) && window.is_newest(4));
        assert_eq!(window.advance(5), 5);
        assert!(!window.is_newest(4) && window.is_newest(5));
    }

    #[test]
    fn a_count_of_zero_has_nothing_to_take() {
        let window = Window::new();
        assert!(!window.take(Count::One, 0) && !window.take(Count::One, 7));
        assert_eq!(window.add(Count::One, window.advance(7)), Added::Yes);
        assert!(window.take(Count::One, 7) && !window.take(Count::One, 7));
        assert_eq!(window.add(Count::One, 7), Added::Yes);
        assert_eq!(window.sum(Count::One, 7), 1);
    }
}
