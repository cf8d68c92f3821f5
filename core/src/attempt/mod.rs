//! Attempts: the data of one that a driver is to send, its end, and its cause for gates.

mod cause;

pub use cause::Cause;
pub(crate) use cause::{Failed, Hinted, Why, millis};

use core::fmt;
use core::time::Duration;

use crate::action::CancelReason;
use crate::policy::Policy;
use crate::verdict::{Failure, Verdict};

/// One send of a call: number, place, and the time it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Attempt {
    /// Its number in the call: 1, 2, 3 … over all lanes. The number is its id.
    pub id: u32,
    /// The number of sends that its lane made before it: 0 for the first.
    pub retry: u32,
    /// Its lane, from 0.
    pub lane: u8,
    /// The occasion: the call itself, a failure before it, or slowness.
    pub kind: Kind,
    /// The timeout in nanoseconds, high half first; all ones mean none. Halves keep [`Action`](crate::Action) in 24
    /// bytes.
    timeout: [u32; 2],
}

impl Attempt {
    /// The first attempt of a call that has no limit of time.
    pub const FIRST: Self = Self::new(1, 0, 0, Kind::First, u64::MAX);

    /// For drivers: makes the first attempt of a call with this policy, as the machine does: what a driver may send before
    /// it makes the call.
    #[inline]
    #[must_use]
    pub const fn first<B>(policy: &Policy<B>) -> Self {
        let limits = policy.limits();
        let timeout = if limits.attempt_timeout < limits.deadline { limits.attempt_timeout } else { limits.deadline };
        Self::new(1, 0, 0, Kind::First, timeout)
    }

    #[inline]
    pub(crate) const fn new(id: u32, retry: u32, lane: u8, kind: Kind, timeout: u64) -> Self {
        Self { id, retry, lane, kind, timeout: [(timeout >> 32) as u32, timeout as u32] }
    }

    /// Returns how long it may take: the attempt timeout, or what is left of the deadline if that is less.
    ///
    /// `None` is as long as it likes.
    #[inline]
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        let nanos = ((self.timeout[0] as u64) << 32) | self.timeout[1] as u64;
        if nanos == u64::MAX { None } else { Some(Duration::from_nanos(nanos)) }
    }
}

/// Says on what occasion an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Kind {
    /// The first send of the call.
    First,
    /// A send after a failure in the same lane.
    Retry,
    /// The first send of a further lane, in a race or because attempts in flight were slow.
    Hedge,
}

impl Kind {
    /// Returns its word: `first`, `retry` or `hedge`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Hedge => "hedge",
        }
    }
}

/// Prints its name.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says how a sent attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptEnd {
    /// Its outcome was accepted.
    Accept,
    /// Its outcome was a failure that another attempt may mend.
    Retry(Failure),
    /// Its outcome was a failure that ended the call.
    Stop,
    /// It took too long and was cancelled.
    Timeout,
    /// It was cancelled because another attempt ended the call.
    Lost,
    /// It was cancelled because the deadline of the call had passed.
    Deadline,
    /// It was cancelled because its call was cancelled, dropped or suspended.
    Cancelled,
    /// It was [withdrawn](crate::Call::withdraw): it was never sent, and counts for nothing.
    Withdrawn,
}

impl AttemptEnd {
    /// Returns its word: `accept`, `retry`, `stop`, `timeout`, `lost`, `deadline`, `cancelled` or `withdrawn`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Retry(_) => "retry",
            Self::Stop => "stop",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Returns whether it was stopped before it had an outcome, for no fault of its own: lost, deadline, cancelled or
    /// withdrawn.
    ///
    /// Such an end says nothing about the server.
    #[must_use]
    pub const fn is_cancelled(self) -> bool {
        matches!(self, Self::Lost | Self::Deadline | Self::Cancelled | Self::Withdrawn)
    }
}

impl From<Verdict> for AttemptEnd {
    #[inline]
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Retry(failure) => Self::Retry(failure),
            Verdict::Stop => Self::Stop,
        }
    }
}

impl From<CancelReason> for AttemptEnd {
    #[inline]
    fn from(reason: CancelReason) -> Self {
        match reason {
            CancelReason::Timeout => Self::Timeout,
            CancelReason::Lost => Self::Lost,
            CancelReason::Deadline => Self::Deadline,
            CancelReason::Cancelled => Self::Cancelled,
        }
    }
}

/// Prints its name.
impl fmt::Display for AttemptEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes its name.
#[cfg(feature = "serde")]
impl serde::Serialize for AttemptEnd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::call::Call;
    use crate::time::Instant;

    #[test]
    fn the_first_attempt_is_the_one_that_the_machine_sends() {
        let second = Duration::from_secs(1);
        let policy = Policy::zero();
        for policy in [policy, policy.deadline(second), policy.attempt_timeout(second).deadline(second * 2)] {
            let sent = Call::new(&policy, (), Instant::from_nanos(7), 1).poll(Instant::from_nanos(7));
            assert_eq!(sent, Action::Send(Attempt::first(&policy)));
        }
        assert_eq!(Attempt::first(&policy), Attempt::FIRST);
    }

    #[test]
    fn each_end_has_its_word_and_verdicts_and_cancels_become_ends() {
        let ends = [Verdict::Accept, Verdict::retry(), Verdict::Stop].map(AttemptEnd::from);
        assert_eq!(ends.map(AttemptEnd::as_str), ["accept", "retry", "stop"]);
        assert!(!ends.into_iter().any(AttemptEnd::is_cancelled));
        let reasons = [CancelReason::Timeout, CancelReason::Lost, CancelReason::Deadline, CancelReason::Cancelled];
        let ends = reasons.map(AttemptEnd::from);
        assert_eq!(ends.map(AttemptEnd::as_str), reasons.map(CancelReason::as_str));
        assert_eq!(ends.map(AttemptEnd::is_cancelled), [false, true, true, true]);
    }
}
