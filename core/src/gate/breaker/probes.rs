//! The probes of a half-open breaker in one atomic word: admitted, succeeded, failed.
//!
//! A turn is one open time since the breaker became half-open. Each turn has its own room for probes: those of the
//! turn before that have not reported hold up nobody, but still count when they do.

/// The last turn a word has room for; after that, the breaker becomes half-open anew.
pub(super) const TURNS: u64 = 254;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probes {
    /// The half-open phase that they belong to.
    tag: u32,
    turn: u8,
    /// Let through in this turn, and all that have reported before it.
    pub(super) admitted: u8,
    pub(super) succeeded: u8,
    pub(super) failed: u8,
}

impl Probes {
    /// Those of the phase that began at this instant. Whoever began it is its first probe.
    pub(super) const fn decode(word: u64, since: u64) -> Self {
        let [a, b, c, d, turn, admitted, succeeded, failed] = word.to_le_bytes();
        let tag = tag(since);
        if u32::from_le_bytes([a, b, c, d]) == tag {
            Self { tag, turn, admitted, succeeded, failed }
        } else {
            Self { tag, turn: 0, admitted: 1, succeeded: 0, failed: 0 }
        }
    }

    pub(super) const fn encode(self) -> u64 {
        let [a, b, c, d] = self.tag.to_le_bytes();
        u64::from_le_bytes([a, b, c, d, self.turn, self.admitted, self.succeeded, self.failed])
    }

    /// In a later turn, probes that have not reported are given up. Time that goes backwards stands still.
    pub(super) const fn in_turn(mut self, turn: u64) -> Self {
        if turn > self.turn as u64 && turn <= TURNS {
            self.turn = turn as u8;
            self.admitted = self.succeeded.saturating_add(self.failed);
        }
        self
    }

    pub(super) const fn turn(self) -> u64 {
        self.turn as u64
    }

    /// Those that have not reported.
    pub(super) const fn in_flight(self) -> u8 {
        self.admitted.saturating_sub(self.succeeded).saturating_sub(self.failed)
    }
}

/// Phases begin a millisecond apart at least. Two that begin 13 days apart, to half a millisecond, share a tag; then the
/// probes of the one before count too, once. Never zero, as a new word is.
const fn tag(since: u64) -> u32 {
    (since >> 19) as u32 | 1 << 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_another_round_is_that_of_one_that_has_sent_one_probe() {
        for since in [0, 1 << 50] {
            let fresh = Probes::decode(0, since);
            assert_eq!((fresh.turn(), fresh.admitted, fresh.in_flight()), (0, 1, 1));
            let two = Probes { admitted: 2, ..fresh };
            assert_eq!(Probes::decode(two.encode(), since), two);
            assert_eq!(Probes::decode(two.encode(), since + (1 << 19)).admitted, 1);
        }
    }
}
