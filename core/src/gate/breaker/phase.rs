//! The phase of a breaker in one atomic word: closed, open or half-open, and since or until when.

/// The instants a word has room for: 2^62 nanoseconds are 146 years.
pub(super) const LAST: u64 = (1 << 62) - 1;

/// No two phases of a breaker are equal: each holds an instant that is later than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Closed { since: u64 },
    Open { until: u64 },
    HalfOpen { since: u64 },
}

impl Phase {
    #[inline]
    pub(super) const fn decode(word: u64) -> Self {
        let at = word >> 2;
        match word & 3 {
            0 => Self::Closed { since: at },
            1 => Self::Open { until: at },
            _ => Self::HalfOpen { since: at },
        }
    }

    pub(super) const fn encode(self) -> u64 {
        let (at, mode) = match self {
            Self::Closed { since } => (since, 0),
            Self::Open { until } => (until, 1),
            Self::HalfOpen { since } => (since, 2),
        };
        (if at > LAST { LAST } else { at }) << 2 | mode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_the_last_instant_that_has() {
        for (until, kept) in [(5, 5), (LAST, LAST), (LAST + 6, LAST), (u64::MAX, LAST)] {
            assert_eq!(Phase::decode(Phase::Open { until }.encode()), Phase::Open { until: kept });
        }
    }
}
