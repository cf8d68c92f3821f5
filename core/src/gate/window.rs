//! A few counts over a sliding window of slots, shared between threads without a lock.
//!
//! Slots are numbered, and a higher number lets the lowest ones fall out of the window. The word of a slot holds the
//! low half of its number beside its count, so what is old counts for nothing and nobody has to clear it.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::slots::{AtomicU64, SLOTS};

/// On cache lines of its own, so that a count does not take the gate's settings away from other threads.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Window<const COUNTS: usize = 2> {
    newest: AtomicU64,
    counts: [[AtomicU64; SLOTS]; COUNTS],
}

/// One of the counts. A window of two has no third.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    One,
    Other,
    Third,
}

/// The effect of counting one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It was counted in this slot.
    Yes(u64),
    /// This slot has 2^32 - 1 already.
    Full(u64),
    /// Whoever wanted it does so no longer.
    No,
}

/// Slots in a row, of one length: where each lies in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The number of the first one.
    pub(super) first: u64,
    /// The instant at which the first one begins.
    pub(super) start: u64,
    /// At least 1.
    pub(super) length: u64,
}

impl Row {
    /// The slot that an instant lies in.
    #[inline]
    pub(super) fn slot(self, now: u64) -> u64 {
        self.first.saturating_add(now.saturating_sub(self.start) / self.length.max(1))
    }

    /// Returns whether the instant lies in this slot, without a division.
    ///
    /// A number that is much too high may wrap around to a yes. It is no harm: the newest slot would be that one anyway.
    #[inline]
    const fn is_in(self, slot: u64, now: u64) -> bool {
        let start = slot.wrapping_sub(self.first).wrapping_mul(self.length).wrapping_add(self.start);
        slot >= self.first && now.wrapping_sub(start) < self.length
    }
}

impl<const COUNTS: usize> Window<COUNTS> {
    /// Its words, but for the number of the newest slot.
    pub(super) const WORDS: usize = COUNTS * SLOTS;

    pub(super) const fn new() -> Self {
        Self { newest: AtomicU64::new(0), counts: [const { [const { AtomicU64::new(0) }; SLOTS] }; COUNTS] }
    }

    /// For whoever has another use for the memory: the word that has the number of the newest slot.
    pub(super) const fn head(&self) -> &AtomicU64 {
        &self.newest
    }

    /// For whoever has another use for the memory: one of the other words.
    pub(super) fn place(&self, number: usize) -> &AtomicU64 {
        &self.counts[number / SLOTS % COUNTS][number % SLOTS]
    }

    /// Moves the window on to now's slot, and returns the newest. An older slot leaves it unchanged: time never goes back.
    pub(super) fn advance(&self, row: Row, now: u64) -> u64 {
        let (newest, slot) = (self.newest.load(Acquire), row.slot(now));
        if slot <= newest { newest } else { self.newest.fetch_max(slot, AcqRel).max(slot) }
    }

    /// Returns the later of this slot and the newest.
    pub(super) fn peek(&self, slot: u64) -> u64 {
        self.newest.load(Acquire).max(slot)
    }

    /// Returns whether the window has not moved on from this slot.
    ///
    /// It writes on purpose: a thread that moves the window on afterwards sees all that was counted before.
    #[inline]
    pub(super) fn is_newest(&self, slot: u64) -> bool {
        self.newest.fetch_max(slot, AcqRel) <= slot
    }

    /// Counts one more in the newest slot, if that is now's, was begun before, has room, and nobody else is at its word
    /// meanwhile; and if that is still wanted once the slot is known. Gives the slot.
    ///
    /// The fast path of the gates: no loop, no division and no call. What it is not for, [`add`](Self::add) is.
    #[inline]
    pub(super) fn add_fast(&self, count: Count, row: Row, now: u64, is_wanted: impl Fn() -> bool) -> Option<u64> {
        let slot = self.newest.load(Acquire);
        if !row.is_in(slot, now) || !is_wanted() {
            return None;
        }
        let word = self.word(count, slot);
        let seen = word.load(Acquire);
        // The difference to an empty word of this slot is the count.
        let has_room = seen.wrapping_sub(slot << 32) < u64::from(u32::MAX);
        (has_room && word.compare_exchange(seen, seen + 1, AcqRel, Acquire).is_ok()).then_some(slot)
    }

    /// Counts one more in the newest slot, now's or a later one, if that is still wanted once the slot is known.
    pub(super) fn add(&self, count: Count, row: Row, now: u64, is_wanted: impl Fn() -> bool) -> Added {
        loop {
            let slot = self.advance(row, now);
            if !is_wanted() {
                return Added::No;
            }
            let word = self.word(count, slot);
            let mut seen = word.load(Acquire);
            // The word may be of another slot, and only an older one may be written over; else the window has moved on
            // to a later slot, and the next round looks which.
            while is_of(seen, slot) || self.newest.load(Acquire) == slot {
                let next = match seen as u32 {
                    _ if !is_of(seen, slot) => (slot << 32) | 1,
                    u32::MAX => return Added::Full(slot),
                    _ => seen + 1,
                };
                match word.compare_exchange(seen, next, AcqRel, Acquire) {
                    Ok(_) => return Added::Yes(slot),
                    Err(other) => seen = other,
                }
            }
        }
    }

    /// Counts one more of something in a slot that was the newest a moment ago, unless that has fallen out of the window.
    pub(super) fn add_to(&self, count: Count, slot: u64) {
        let word = self.word(count, slot);
        let mut seen = word.load(Acquire);
        // As long as the slot is in the window, the word is of no later one.
        while self.newest.load(Acquire).saturating_sub(slot) < SLOTS as u64 {
            let next = match seen as u32 {
                _ if !is_of(seen, slot) => (slot << 32) | 1,
                u32::MAX => return,
                _ => seen + 1,
            };
            match word.compare_exchange(seen, next, AcqRel, Acquire) {
                Ok(_) => return,
                Err(other) => seen = other,
            }
        }
    }

    /// Takes one back out of a slot, if there is one in it.
    pub(super) fn take(&self, count: Count, slot: u64) -> bool {
        let less = |seen| if is_of(seen, slot) && seen as u32 > 0 { Some(seen - 1) } else { None };
        self.word(count, slot).fetch_update(AcqRel, Acquire, less).is_ok()
    }

    /// Takes one back out of the latest slot of the window up to this one that has any.
    pub(super) fn take_latest(&self, count: Count, slot: u64) {
        let mut window = (0..SLOTS as u64).filter_map(|back| slot.checked_sub(back));
        let _ = window.any(|slot| self.take(count, slot));
    }

    /// Returns the count of the window that ends with this slot.
    ///
    /// The words are walked in their order; the age of each tells by one comparison whether it is in the window.
    #[inline]
    pub(super) fn sum(&self, count: Count, slot: u64) -> u64 {
        let oldest = (slot << 32).wrapping_sub(((SLOTS as u64) - 1) << 32);
        let counted = |word: &AtomicU64| {
            let seen = word.load(Acquire);
            // The number's half becomes how far it lies above the oldest's; the count's stays as it is.
            if seen.wrapping_sub(oldest) < (SLOTS as u64) << 32 { u64::from(seen as u32) } else { 0 }
        };
        self.counts[count as usize].iter().map(counted).sum()
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

    /// Slots of one nanosecond.
    const EACH: Row = Row { first: 0, start: 0, length: 1 };

    #[test]
    fn a_slot_is_the_newest_until_a_later_one_was_seen() {
        let window = <Window>::new();
        assert!(window.is_newest(4) && window.is_newest(4));
        assert_eq!(window.advance(EACH, 5), 5);
        assert!(!window.is_newest(4) && window.is_newest(5));
    }

    #[test]
    fn a_count_of_zero_has_nothing_to_take() {
        let window = <Window>::new();
        assert!(!window.take(Count::One, 0) && !window.take(Count::One, 7));
        assert_eq!(window.add(Count::One, EACH, 7, || true), Added::Yes(7));
        assert!(window.take(Count::One, 7) && !window.take(Count::One, 7));
        assert_eq!(window.add(Count::One, EACH, 7, || true), Added::Yes(7));
        assert_eq!(window.sum(Count::One, 7), 1);
    }

    #[test]
    fn the_newest_slot_is_known_without_a_division_as_with_one() {
        for row in [EACH, Row { first: 30, start: 1000, length: 7 }, Row { first: 0, start: 0, length: u64::MAX }] {
            for now in (0..1200).chain([u64::MAX - 1, u64::MAX]) {
                let slot = row.slot(now);
                for other in slot.saturating_sub(40)..=slot {
                    let is_in = row.is_in(other, now);
                    assert_eq!(is_in, other == slot && now >= row.start, "{row:?} {now} {other}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_wanted_and_what_has_no_room_is_not_counted() {
        let window = <Window>::new();
        assert_eq!(window.add(Count::One, EACH, 3, || false), Added::No);
        assert_eq!(window.add_fast(Count::One, EACH, 3, || true), None, "it has not begun");
        assert_eq!(window.add(Count::One, EACH, 3, || true), Added::Yes(3));
        assert_eq!(window.add(Count::One, EACH, 3, || false), Added::No);
        assert_eq!(window.add_fast(Count::One, EACH, 3, || false), None);
        assert_eq!(window.sum(Count::One, 3), 1);
        assert_eq!(window.add_fast(Count::One, EACH, 3, || true), Some(3));
        assert_eq!(window.add_fast(Count::One, EACH, 2, || true), None, "time has gone backwards");
        assert_eq!(window.add(Count::One, EACH, 2, || true), Added::Yes(3));
        let most = (3 << 32) | u64::from(u32::MAX);
        let _ = window.word(Count::One, 3).compare_exchange((3 << 32) | 3, most, AcqRel, Acquire);
        assert_eq!(window.add(Count::One, EACH, 3, || true), Added::Full(3));
        assert_eq!(window.add_fast(Count::One, EACH, 3, || true), None);
        assert_eq!(window.sum(Count::One, 3), u64::from(u32::MAX));
    }

    #[test]
    fn what_is_added_to_a_slot_counts_with_it() {
        let window = Window::<3>::new();
        assert_eq!(window.add(Count::One, EACH, 3, || true), Added::Yes(3));
        window.add_to(Count::Third, 3);
        window.add_to(Count::Third, 3);
        assert_eq!(window.sum(Count::Third, 3), 2);
        assert_eq!(window.add(Count::One, EACH, 12, || true), Added::Yes(12));
        window.add_to(Count::Third, 3);
        assert_eq!(window.sum(Count::Third, 12), 3, "it is in the window yet");
        assert_eq!(window.add(Count::One, EACH, 13, || true), Added::Yes(13));
        window.add_to(Count::Third, 13);
        window.add_to(Count::Third, 3);
        assert_eq!(window.sum(Count::Third, 13), 1, "nothing is written over what is later");
        let _ = window.word(Count::Third, 13).compare_exchange((13 << 32) | 1, (14 << 32) - 1, AcqRel, Acquire);
        window.add_to(Count::Third, 13);
        assert_eq!(window.sum(Count::Third, 13), u64::from(u32::MAX), "it is full");
    }

    /// A slot is in the window for as long as there are others, wherever in the words the window begins.
    #[test]
    fn each_slot_counts_for_a_window_and_no_longer() {
        for slot in (0..40).chain([u64::from(u32::MAX) - 4, u64::from(u32::MAX) + 3, u64::MAX >> 1]) {
            let window = <Window>::new();
            assert_eq!(window.add(Count::Other, EACH, slot, || true), Added::Yes(slot));
            for later in 0..30 {
                assert_eq!(window.sum(Count::Other, slot + later), u64::from(later < SLOTS as u64), "{slot} + {later}");
            }
            assert_eq!((window.sum(Count::Other, slot.wrapping_sub(1)), window.sum(Count::One, slot)), (0, 0));
        }
    }
}
