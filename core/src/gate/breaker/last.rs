//! The last attempts, in the memory of a window and shared between threads without a lock.
//!
//! An attempt takes two bits: failed, and slow. A word takes 21, each shifted in from below, with a one above the
//! oldest that tells how many there are. Words are taken in turn: each is named by a number and by whether it is the first
//! of its phase, the head has the name of the newest beside the phase's tag, and a word keeps its own name, so that what
//! is of a phase or a lap before counts for nothing and nobody has to clear it. To count one more is one exchange.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::super::slots::AtomicU64;
use super::super::window::Window;
use super::rule::Tally;

/// The bits of a name: 20 of its number, and one for the first of a phase.
const NAME: u32 = 21;
/// Attempts in a word: two bits each and one above them fill the 43 that its name leaves.
const EACH: u32 = 21;
const WORDS: u64 = Window::<3>::WORDS as u64;
/// Numbers begin anew after 22 million attempts, at a multiple of the words, so that they stay in turn.
const LAP: u64 = (1 << (NAME - 1)) / WORDS * WORDS;

/// The most attempts that can be counted. The newest word may have only one; all others are full.
pub(super) const MOST: u32 = {
    let room = EACH * (WORDS as u32 - 1) + 1;
    if room > 500 { 500 } else { room }
};

const EMPTY: u64 = 1;
const FAILED: u64 = 1;
const SLOW: u64 = 2;
/// The bit of each attempt that says whether it failed.
const EVERY: u64 = 0x5555_5555_5555_5555;

#[derive(Clone, Copy, Debug)]
pub(super) struct Last<'a>(pub(super) &'a Window<3>);

impl Last<'_> {
    /// Counts an attempt of the closed phase that began at this instant, if that is still wanted once its word is known.
    /// Gives the name of the word.
    pub(super) fn add(&self, since: u64, failed: bool, slow: bool, is_wanted: impl Fn() -> bool) -> Option<u64> {
        let attempt = if failed { FAILED } else { 0 } | if slow { SLOW } else { 0 };
        loop {
            let head = self.0.head().load(Acquire);
            if !is_wanted() {
                return None;
            }
            let name = name(head);
            let word = self.word(name);
            let seen = word.load(Acquire);
            let held = if word_name(seen) == name { held(seen) } else { EMPTY };
            let is_of_phase = head >> NAME == tag(since);
            if !is_of_phase || held >> (2 * EACH) != 0 {
                // Another round only when another thread has changed something, or for the word that is begun here.
                let _ = self.0.head().compare_exchange(head, after(head, since, !is_of_phase), AcqRel, Acquire);
                continue;
            }
            let next = name << (64 - NAME) | held << 2 | attempt;
            // If the head has not moved on since the word was seen, the word is of no later name.
            if self.0.head().load(Acquire) == head && word.compare_exchange(seen, next, AcqRel, Acquire).is_ok() {
                return Some(name);
            }
        }
    }

    /// The name of the newest word of the phase that began at this instant, if it has any.
    pub(super) fn newest(&self, since: u64) -> Option<u64> {
        let head = self.0.head().load(Acquire);
        (head >> NAME == tag(since)).then_some(name(head))
    }

    /// Counts this many of the last attempts, up to and including those in the word of this name.
    pub(super) fn tally(&self, newest: u64, most: u32) -> Tally {
        let mut tally = Tally::default();
        let (mut name, mut left) = (newest, most);
        for _ in 0..WORDS {
            let word = self.word(name).load(Acquire);
            if word_name(word) >> 1 == name >> 1 {
                name = word_name(word);
                let held = held(word);
                let taken = left.min(held.ilog2() / 2);
                let attempts = held & ((1 << (2 * taken)) - 1);
                tally.attempts += u64::from(taken);
                tally.failures += u64::from((attempts & EVERY).count_ones());
                tally.slow += u64::from((attempts >> 1 & EVERY).count_ones());
                left -= taken;
            } else if name != newest {
                // Other threads have gone round meanwhile, and count what there is now.
                break;
            }
            if left == 0 || name & 1 == 1 {
                break;
            }
            // Whether it is the first of its phase, it says itself.
            name = ((name >> 1).checked_sub(1).unwrap_or(LAP - 1)) << 1;
        }
        tally
    }

    fn word(&self, name: u64) -> &AtomicU64 {
        self.0.place(((name >> 1) % WORDS) as usize)
    }
}

/// Closed phases begin a millisecond apart at least, and no two share a tag: half a millisecond each, it has room for the
/// 146 years that a phase has. Not zero, as that of a new head is.
const fn tag(since: u64) -> u64 {
    (since >> 19) + 1
}

/// The head that follows, in this phase.
const fn after(head: u64, since: u64, is_first: bool) -> u64 {
    tag(since) << NAME | (((name(head) >> 1) + 1) % LAP) << 1 | is_first as u64
}

const fn name(head: u64) -> u64 {
    head & ((1 << NAME) - 1)
}

const fn word_name(word: u64) -> u64 {
    word >> (64 - NAME)
}

/// The attempts in a word, below a one. A new word has none, and the name of number 0.
fn held(word: u64) -> u64 {
    (word & ((1 << (64 - NAME)) - 1)).max(EMPTY)
}

#[cfg(test)]
mod tests {
    use alloc::collections::VecDeque;
    use core::cell::Cell;

    use super::*;

    fn add(window: &Window<3>, since: u64, number: u64) -> Option<u64> {
        Last(window).add(since, number % 3 == 0, number % 5 == 0, || true)
    }

    /// Adds up the last so many of these numbers.
    fn expected(numbers: impl DoubleEndedIterator<Item = u64>, most: u32) -> Tally {
        let last: VecDeque<_> = numbers.rev().take(most as usize).collect();
        let count = |by: u64| last.iter().filter(|number| *number % by == 0).count() as u64;
        Tally { attempts: last.len() as u64, failures: count(3), slow: count(5) }
    }

    #[test]
    fn the_last_are_counted_however_many_went_before() {
        let window = Window::new();
        for number in 0..3000 {
            let name = add(&window, 0, number).unwrap();
            for most in [1, 2, 20, 21, 22, 42, 43, 100, MOST - 1, MOST] {
                assert_eq!(Last(&window).tally(name, most), expected(0..=number, most), "{number} {most}");
            }
        }
    }

    #[test]
    fn a_phase_sees_nothing_of_the_one_before() {
        let window = Window::new();
        let mut since = 0;
        for length in (0..200).chain([600, 1200, 1]) {
            assert_eq!(Last(&window).newest(since), None);
            for number in 0..length {
                let name = add(&window, since, number).unwrap();
                assert_eq!(Last(&window).newest(since), Some(name));
                assert_eq!(Last(&window).tally(name, MOST), expected(0..=number, MOST), "{number} since {since}");
            }
            since += 1_000_000;
        }
    }

    #[test]
    fn numbers_that_begin_anew_stay_in_turn() {
        let window = Window::new();
        let before = tag(0) << NAME | (LAP - 3) << 1;
        assert!(window.head().compare_exchange(0, before, AcqRel, Acquire).is_ok());
        for number in 0..1000 {
            let name = add(&window, 1 << 20, number).unwrap();
            assert_eq!(Last(&window).tally(name, MOST), expected(0..=number, MOST), "{number}");
        }
    }

    /// Between the head and its word, another thread goes round and on into that word.
    #[test]
    fn whoever_sleeps_for_a_lap_writes_over_nothing() {
        for lap in 1..=2 * WORDS * u64::from(EACH) {
            let (window, slept) = (Window::new(), Cell::new(false));
            let _ = add(&window, 0, 0);
            let sleep = || {
                if !slept.replace(true) {
                    (1..=lap).for_each(|number| _ = add(&window, 0, number));
                }
                true
            };
            let name = Last(&window).add(0, (lap + 1) % 3 == 0, (lap + 1) % 5 == 0, sleep).unwrap();
            assert_eq!(Last(&window).tally(name, MOST), expected(0..=lap + 1, MOST), "{lap}");
        }
    }

    #[test]
    fn what_is_not_wanted_is_not_counted() {
        let window = Window::new();
        assert_eq!(Last(&window).add(0, true, true, || false), None);
        assert_eq!(Last(&window).newest(0), None);
        let name = add(&window, 0, 1).unwrap();
        assert_eq!(Last(&window).add(0, true, true, || false), None);
        assert_eq!(Last(&window).tally(name, MOST), Tally { attempts: 1, failures: 0, slow: 0 });
    }

    /// Whoever has begun a word may not have filled it yet.
    #[test]
    fn a_word_that_was_begun_and_not_filled_counts_with_those_before() {
        let window = Window::new();
        for number in 0..u64::from(EACH) {
            let _ = add(&window, 0, number);
        }
        let head = window.head().load(Acquire);
        assert!(window.head().compare_exchange(head, after(head, 0, false), AcqRel, Acquire).is_ok());
        let newest = Last(&window).newest(0).unwrap();
        assert_eq!(Last(&window).tally(newest, 5), expected(0..u64::from(EACH), 5));
        let head = window.head().load(Acquire);
        assert!(window.head().compare_exchange(head, after(head, 1 << 20, true), AcqRel, Acquire).is_ok());
        let newest = Last(&window).newest(1 << 20).unwrap();
        assert_eq!(Last(&window).tally(newest, 5), Tally::default(), "the first of its phase");
    }
}
