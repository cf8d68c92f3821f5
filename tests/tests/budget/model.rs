//! The budget a second time: a list of everything that happened, and whole numbers.

/// What a budget should let through, for a ratio in thousandths.
#[derive(Clone, Debug)]
pub(super) struct Model {
    thousandths: u64,
    reserve: u64,
    slot: u64,
    firsts: Vec<u64>,
    charges: Vec<u64>,
}

impl Model {
    pub(super) const fn new(thousandths: u64, reserve: u64, slot: u64) -> Self {
        Self { thousandths, reserve, slot, firsts: Vec::new(), charges: Vec::new() }
    }

    /// How many of these lie in the ten slots that end with now's.
    fn in_window(&self, nanos: &[u64], now: u64) -> u64 {
        let newest = now / self.slot;
        nanos.iter().map(|at| at / self.slot).filter(|slot| *slot <= newest && newest - slot < 10).count() as u64
    }

    pub(super) fn send(&mut self, now: u64) {
        self.firsts.push(now);
    }

    /// A first send that was not sent after all.
    pub(super) fn unsend(&mut self) {
        self.firsts.pop();
    }

    pub(super) fn charge(&mut self, now: u64) -> bool {
        let may = self.left(now) > 0;
        if may {
            self.charges.push(now);
        }
        may
    }

    pub(super) fn refund(&mut self, reserved: u64) {
        let same = |at: &u64| at / self.slot == reserved / self.slot;
        if let Some(place) = self.charges.iter().position(same) {
            self.charges.swap_remove(place);
        }
    }

    pub(super) fn left(&self, now: u64) -> u64 {
        let (firsts, charges) = (self.in_window(&self.firsts, now), self.in_window(&self.charges, now));
        (self.thousandths * firsts / 1000 + self.reserve).saturating_sub(charges)
    }

    pub(super) fn counts(&self, now: u64) -> (u64, u64) {
        (self.in_window(&self.firsts, now), self.in_window(&self.charges, now))
    }
}
