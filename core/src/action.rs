//! What the machine asks its driver to do.

use core::num::{NonZeroU32, NonZeroU64};
use core::time::Duration;

use crate::attempt::Attempt;
use crate::time::Instant;

/// What the driver is to do next. At most 24 bytes, and it borrows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the call goes on only if its driver does what it says"]
pub enum Action {
    /// Start this attempt.
    Send(Attempt),
    /// Stop the attempt with this id; its outcome no longer matters.
    Cancel(u32),
    /// Nothing to do until then, or until an attempt ends, whichever is first.
    Wait {
        /// When to poll again at the latest; `None` is when an attempt has ended.
        until: Option<Instant>,
        /// What happens then.
        reason: WaitReason,
    },
    /// Done: the result of the attempt with this id is the call's result.
    Return(u32),
    /// Done: no result was accepted.
    GiveUp(Stop),
}

/// What a wait is for: what will be due at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum WaitReason {
    /// Only the end of an attempt that is in flight.
    Outcome,
    /// A retry, or a first send that a gate held back.
    Backoff,
    /// A hedge.
    Hedge,
    /// The timeout of an attempt.
    AttemptTimeout,
    /// The deadline of the call.
    Deadline,
}

impl WaitReason {
    /// The word for it: `outcome`, `backoff`, `hedge`, `attempt_timeout` or `deadline`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Backoff => "backoff",
            Self::Hedge => "hedge",
            Self::AttemptTimeout => "attempt_timeout",
            Self::Deadline => "deadline",
        }
    }
}

/// Why a call gave up, and what it can hand back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stop {
    hint: Option<NonZeroU64>,
    last: Option<NonZeroU32>,
    reason: Reason,
}

impl Stop {
    #[inline]
    pub(crate) const fn new(reason: Reason, last: u32, hint: u64) -> Self {
        Self { reason, last: NonZeroU32::new(last), hint: NonZeroU64::new(hint) }
    }

    /// Why the call gave up. Where lanes ended for different reasons, that of the last one to end.
    #[inline]
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The latest attempt that had a verdict: its result is the one to hand back, if any.
    #[inline]
    #[must_use]
    pub const fn last(&self) -> Option<u32> {
        match self.last {
            Some(id) => Some(id.get()),
            None => None,
        }
    }

    /// The largest hint that was too long for the policy or for the deadline.
    ///
    /// A scheduler that can wait longer than this call does can try again after it.
    #[inline]
    #[must_use]
    pub const fn hint(&self) -> Option<Duration> {
        match self.hint {
            Some(nanos) => Some(Duration::from_nanos(nanos.get())),
            None => None,
        }
    }
}

/// Why a call gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reason {
    /// No attempts were left, in the lane or in the call.
    Attempts,
    /// The deadline has passed, or the next send would not have come before it.
    Deadline,
    /// A verdict said that no attempt will mend it.
    Stopped,
    /// The backoff ended.
    Backoff,
    /// The attempt may have reached the server, and the call may not be repeated.
    NotRepeatable,
    /// The server asked for a wait beyond the policy's limit, or beyond the deadline.
    RetryAfter,
    /// A gate refused.
    Refused,
    /// The user gave up.
    Cancelled,
    /// The policy makes no sense, or asks for more lanes than the call has room for.
    Invalid,
}

impl Reason {
    /// The word for it, as in reports: `attempts`, `not_repeatable` …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Deadline => "deadline",
            Self::Stopped => "stopped",
            Self::Backoff => "backoff",
            Self::NotRepeatable => "not_repeatable",
            Self::RetryAfter => "retry_after",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Invalid => "invalid",
        }
    }
}

/// What happened, as the end of a sentence: `gave up: no attempts were left`.
impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Attempts => "no attempts were left",
            Self::Deadline => "the deadline left no time for another attempt",
            Self::Stopped => "the outcome is not one that another attempt mends",
            Self::Backoff => "the backoff ended",
            Self::NotRepeatable => "it may have reached the server, and it is not safe to repeat",
            Self::RetryAfter => "the server asked for a longer wait than is allowed",
            Self::Refused => "a gate refused another attempt",
            Self::Cancelled => "it was cancelled",
            Self::Invalid => "its policy is invalid",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_its_own() {
        let words = [
            Reason::Attempts,
            Reason::Deadline,
            Reason::Stopped,
            Reason::Backoff,
            Reason::NotRepeatable,
            Reason::RetryAfter,
            Reason::Refused,
            Reason::Cancelled,
            Reason::Invalid,
        ]
        .map(Reason::as_str);
        let expected = [
            "attempts",
            "deadline",
            "stopped",
            "backoff",
            "not_repeatable",
            "retry_after",
            "refused",
            "cancelled",
            "invalid",
        ];
        assert_eq!(words, expected);
        let waits = [
            WaitReason::Outcome,
            WaitReason::Backoff,
            WaitReason::Hedge,
            WaitReason::AttemptTimeout,
            WaitReason::Deadline,
        ];
        assert_eq!(waits.map(WaitReason::as_str), ["outcome", "backoff", "hedge", "attempt_timeout", "deadline"]);
    }
}
