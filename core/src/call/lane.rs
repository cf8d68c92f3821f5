//! One lane of a call: a sequence of attempts, and what it is doing now.

use crate::attempt::{Cause, Hinted, Kind, Why};

/// The status of a lane. Instants and spans are nanoseconds; an attempt of 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// It has not opened, and no failure has promised that it will.
    Unopened {
        /// The instant at which the lane before it opened: the hedge delay counts from there.
        since: u64,
        /// A gate wants it to open no sooner; 0 is no gate.
        not_before: u64,
    },
    /// It opens when it is due, whatever is in flight.
    Opening {
        due: u64,
        /// A gate wants it to open no sooner; 0 is no gate.
        not_before: u64,
    },
    /// Its next send is promised and has a time.
    Waiting {
        due: u64,
        /// The start of the wait.
        began: u64,
        /// The retry that it waits for; 0 is the lane's first send.
        retry: u32,
        /// The attempt that it sent or withdrew last; 0 where it has sent none.
        attempt: u32,
        why: Why,
        /// The hint of what it follows in whole milliseconds; without one, the retry after which the backoff began anew, 0 for
        /// none.
        hint_or_restart: u32,
        /// The number of attempts that no limit counts.
        unsent: u8,
        /// The cause of its due time.
        due_by: DueBy,
    },
    InFlight {
        sent: u64,
        /// The length of the wait before it.
        waited: u64,
        /// The number of sends that the lane made before it.
        retry: u32,
        attempt: u32,
        why: Why,
        /// The hint of what it follows in whole milliseconds; without one, the retry after which the backoff began anew, 0 for
        /// none.
        hint_or_restart: u32,
        /// The number of attempts that no limit counts.
        unsent: u8,
    },
    Ended {
        /// The number of sends that the lane made after its first.
        retry: u32,
        /// The attempt that it sent or withdrew last; 0 where it has sent none.
        attempt: u32,
        /// A hint that it was given holds up the other lanes until then; 0 is none.
        held: u64,
        /// The number of attempts that no limit counts.
        unsent: u8,
    },
}

/// The cause of the due time of a promised send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(super) enum DueBy {
    /// The backoff.
    Backoff,
    /// The backoff after a hint, which other lanes wait for too.
    Hint,
    /// A resume that found it overdue and put it off, which happens once.
    PutOff,
    /// A gate that holds it back.
    Gate,
    /// A gate that holds back what waited for a hint.
    GateAfterHint,
    /// A gate that holds back what was put off.
    GateAfterPutOff,
}

impl DueBy {
    #[inline]
    pub(super) const fn is_gate(self) -> bool {
        matches!(self, Self::Gate | Self::GateAfterHint | Self::GateAfterPutOff)
    }

    #[inline]
    pub(super) const fn was_put_off(self) -> bool {
        matches!(self, Self::PutOff | Self::GateAfterPutOff)
    }

    #[inline]
    pub(super) const fn is_hint(self) -> bool {
        matches!(self, Self::Hint | Self::GateAfterHint)
    }

    /// Returns the cause once a gate holds the send back.
    #[inline]
    pub(super) const fn held(self) -> Self {
        match self {
            Self::Backoff | Self::Gate => Self::Gate,
            Self::Hint | Self::GateAfterHint => Self::GateAfterHint,
            Self::PutOff | Self::GateAfterPutOff => Self::GateAfterPutOff,
        }
    }

    /// Returns the cause once the send is due at once, as an operator wants it.
    #[inline]
    pub(super) const fn hastened(self) -> Self {
        if self.was_put_off() { Self::PutOff } else { Self::Backoff }
    }
}

/// Returns the cause of a send: a retry if its lane sent before, else the call's first send or a hedge.
#[inline]
pub(super) const fn cause(index: usize, retry: u32, why: Why, hint_or_restart: u32) -> Cause {
    if retry > 0 {
        let hint_ms = if matches!(why.hinted(), Hinted::No) { 0 } else { hint_or_restart };
        Cause { kind: Kind::Retry, why, hint_ms }
    } else if index == 0 {
        Cause::FIRST
    } else {
        Cause::HEDGE
    }
}

impl Lane {
    pub(super) const UNOPENED: Self = Self::Unopened { since: 0, not_before: 0 };

    /// The first lane of a call that starts at this instant.
    #[inline]
    pub(super) const fn first(start: u64) -> Self {
        Self::Waiting {
            due: start,
            began: start,
            retry: 0,
            attempt: 0,
            why: Why::NOTHING,
            hint_or_restart: 0,
            unsent: 0,
            due_by: DueBy::Backoff,
        }
    }

    /// The attempt that it sent last, 0 for none.
    #[inline]
    pub(super) const fn attempt(&self) -> u32 {
        match self {
            Self::Unopened { .. } | Self::Opening { .. } => 0,
            Self::Waiting { attempt, .. } | Self::InFlight { attempt, .. } | Self::Ended { attempt, .. } => *attempt,
        }
    }

    /// The retry that is in flight, waiting, or was sent last.
    #[inline]
    pub(super) const fn retry(&self) -> u32 {
        match self {
            Self::Unopened { .. } | Self::Opening { .. } => 0,
            Self::Waiting { retry, .. } | Self::InFlight { retry, .. } | Self::Ended { retry, .. } => *retry,
        }
    }

    /// The attempt in flight, if there is one.
    #[inline]
    pub(super) const fn in_flight(&self) -> Option<u32> {
        match self {
            Self::InFlight { attempt, .. } => Some(*attempt),
            _ => None,
        }
    }

    #[inline]
    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting { .. })
    }

    #[inline]
    pub(super) const fn is_unopened(&self) -> bool {
        matches!(self, Self::Unopened { .. })
    }

    #[inline]
    pub(super) const fn is_opening(&self) -> bool {
        matches!(self, Self::Opening { .. })
    }

    /// The lane with no send to come. A promised retry that will not be sent is none.
    #[inline]
    pub(super) const fn ended(&self) -> Self {
        let retry = if self.is_waiting() { self.retry().saturating_sub(1) } else { self.retry() };
        Self::Ended { retry, attempt: self.attempt(), held: self.held(), unsent: self.unsent() }
    }

    /// The instant until which a hint that it was given holds up the other lanes, to the millisecond above; 0 is none.
    pub(super) const fn held(&self) -> u64 {
        match self {
            Self::Waiting { began, hint_or_restart, due_by, .. } if due_by.is_hint() => {
                began.saturating_add(*hint_or_restart as u64 * 1_000_000)
            }
            Self::Ended { held, .. } => *held,
            _ => 0,
        }
    }

    /// The number of its attempts that no limit counts.
    #[inline]
    pub(super) const fn unsent(&self) -> u8 {
        match self {
            Self::Unopened { .. } | Self::Opening { .. } => 0,
            Self::Waiting { unsent, .. } | Self::InFlight { unsent, .. } | Self::Ended { unsent, .. } => *unsent,
        }
    }

    /// The retry after which its backoff began anew, 0 for none: that before a hint, or the one that waited exactly for it.
    #[inline]
    pub(super) const fn restart(&self) -> u32 {
        match self {
            Self::Waiting { retry, why, hint_or_restart, .. } | Self::InFlight { retry, why, hint_or_restart, .. } => {
                match why.hinted() {
                    Hinted::No => *hint_or_restart,
                    Hinted::AtLeast => retry.saturating_sub(1),
                    Hinted::Exactly => *retry,
                }
            }
            _ => 0,
        }
    }

    /// The lane after the attempt that it has in flight was taken back: as it was before, with no send to come.
    #[inline]
    pub(super) const fn withdrawn(&self) -> Self {
        let unsent = self.unsent();
        match self.retry() {
            0 => Self::Ended { retry: 0, attempt: 0, held: 0, unsent },
            retry => Self::Ended { retry: retry - 1, attempt: self.attempt(), held: 0, unsent },
        }
    }

    /// Returns the cause of the send in flight or of the next one, as gates are told.
    #[inline]
    pub(super) const fn cause(&self, index: usize) -> Cause {
        match self {
            Self::Waiting { retry, why, hint_or_restart, .. } | Self::InFlight { retry, why, hint_or_restart, .. } => {
                cause(index, *retry, *why, *hint_or_restart)
            }
            _ => cause(index, 0, Why::NOTHING, 0),
        }
    }

    /// Returns how many attempts it sent.
    #[inline]
    pub(super) const fn sends(&self) -> u32 {
        match self {
            Self::Waiting { retry, .. } => *retry,
            Self::InFlight { retry, attempt: 1.., .. } | Self::Ended { retry, attempt: 1.., .. } => {
                retry.saturating_add(1)
            }
            _ => 0,
        }
    }

    /// Returns how many attempts it sent or is promised.
    #[inline]
    pub(super) const fn spent(&self) -> u32 {
        match self {
            Self::Opening { .. } => 1,
            Self::Waiting { retry, .. } => retry.saturating_add(1),
            _ => self.sends(),
        }
    }

    /// Returns how many of its sends count before this retry, if so many that were never sent do not.
    #[inline]
    pub(super) fn counted(&self, retry: u32, unsent_attempts: u8) -> u32 {
        retry.saturating_sub(self.unsent().min(unsent_attempts).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_small() {
        assert!(size_of::<Lane>() <= 32, "{}", size_of::<Lane>());
    }
}
