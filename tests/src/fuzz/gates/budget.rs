//! The budget a second time: every slot there ever was, by its number, and whole numbers.

use std::collections::BTreeMap;

/// Holds what a slot has, by its number.
type Slots = BTreeMap<u64, u64>;

#[derive(Debug)]
pub(super) struct Budget {
    thousandths: u64,
    reserve: u64,
    slot: u64,
    newest: u64,
    firsts: Slots,
    charges: Slots,
}

impl Budget {
    pub(super) const fn new(thousandths: u64, reserve: u64, window: u64) -> Self {
        let slot = window.div_ceil(10);
        Self { thousandths, reserve, slot, newest: 0, firsts: Slots::new(), charges: Slots::new() }
    }

    /// Time that goes backwards stands still.
    fn advance(&mut self, now: u64) -> u64 {
        self.newest = self.newest.max(now / self.slot);
        self.newest
    }

    pub(super) fn send(&mut self, now: u64) {
        let slot = self.advance(now);
        *self.firsts.entry(slot).or_default() += 1;
    }

    /// A first send that was admitted then was not sent after all: one of that slot or, if time had stood still, the latest
    /// in the window. One that has fallen out of the window counts no more.
    pub(super) fn unsend(&mut self, admitted: u64) {
        let (slot, newest) = (admitted / self.slot, self.newest.max(admitted / self.slot));
        let has_own = self.firsts.get(&slot).is_some_and(|count| *count > 0);
        let slots = match newest - slot {
            10.. => return,
            _ if has_own => slot..=slot,
            _ => newest.saturating_sub(9)..=newest,
        };
        if let Some((_, count)) = self.firsts.range_mut(slots).rev().find(|(_, count)| **count > 0) {
            *count -= 1;
        }
    }

    pub(super) fn charge(&mut self, now: u64) -> bool {
        let slot = self.advance(now);
        let may = self.left(now) > 0;
        if may {
            *self.charges.entry(slot).or_default() += 1;
        }
        may
    }

    /// Takes nothing back that was charged in another's slot because time had stood still.
    pub(super) fn refund(&mut self, reserved: u64) {
        let slot = reserved / self.slot;
        if let Some(count) = self.charges.get_mut(&slot).filter(|count| **count > 0) {
            *count -= 1;
        }
    }

    pub(super) fn counts(&self, now: u64) -> (u64, u64) {
        let newest = self.newest.max(now / self.slot);
        let sum = |slots: &Slots| slots.range(newest.saturating_sub(9)..=newest).map(|(_, count)| count).sum();
        (sum(&self.firsts), sum(&self.charges))
    }

    pub(super) fn left(&self, now: u64) -> u64 {
        let (firsts, charges) = self.counts(now);
        (self.thousandths * firsts / 1000 + self.reserve).saturating_sub(charges)
    }
}
