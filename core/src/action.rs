//! The actions that the machine asks its driver for, and the reasons that they carry.

use core::fmt;
use core::num::{NonZeroU32, NonZeroU64};
use core::time::Duration;

use crate::attempt::Attempt;
use crate::gate::Refusal;
use crate::time::Instant;

/// Tells the driver what to do next. At most 24 bytes; borrows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver that ignored an action would break its call: it must not compile"
)]
#[must_use = "the call goes on only if its driver does what it says"]
pub enum Action {
    /// Start this attempt.
    Send(Attempt),
    /// Stop this attempt; its outcome no longer matters.
    Cancel {
        /// The attempt's id.
        attempt: u32,
        /// The reason to stop it.
        reason: CancelReason,
    },
    /// Do nothing until then, or until an attempt ends, whichever is first.
    Wait {
        /// The instant to poll again at the latest; `None` if only the end of an attempt changes anything.
        until: Option<Instant>,
        /// The thing that is due at the end of the wait.
        reason: WaitReason,
    },
    /// The call is over: the result of the attempt with this id is the call's result.
    Return(u32),
    /// The call is over: no result was accepted.
    GiveUp(GiveUp),
}

/// Says why an attempt in flight is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CancelReason {
    /// It took longer than the attempt timeout. The call goes on, and may send another.
    Timeout,
    /// Another attempt ended the call: it was accepted, or its verdict was stop.
    Lost,
    /// The deadline of the call has passed.
    Deadline,
    /// The user cancelled the call.
    Cancelled,
}

impl CancelReason {
    /// Returns its word: `timeout`, `lost`, `deadline` or `cancelled`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Prints its name.
impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says what is due at the end of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WaitReason {
    /// Nothing: only the end of an attempt in flight changes anything.
    Outcome,
    /// A retry.
    Backoff,
    /// A send that a gate delays.
    Gate,
    /// A hedge.
    Hedge,
    /// The timeout of an attempt.
    AttemptTimeout,
    /// The deadline of the call.
    Deadline,
}

impl WaitReason {
    /// Returns its word: `outcome`, `backoff`, `gate`, `hedge`, `attempt_timeout` or `deadline`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Backoff => "backoff",
            Self::Gate => "gate",
            Self::Hedge => "hedge",
            Self::AttemptTimeout => "attempt_timeout",
            Self::Deadline => "deadline",
        }
    }
}

/// Prints its name.
impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says why a call gave up, and what it can hand back.
// Packed, so that `Action` stays within 24 bytes; in this order and with a gap, so that in an action, whose tag is a
// byte, each number is aligned. Otherwise instants of other actions, in the same place, are read in pieces.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C, packed)]
pub struct GiveUp {
    reason: Reason,
    gap: [u8; 2],
    last: Option<NonZeroU32>,
    hint: Option<NonZeroU64>,
    refusal: Option<Refusal>,
}

impl fmt::Debug for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, last, hint, refusal, .. } = *self;
        let mut give_up = f.debug_struct("GiveUp");
        give_up.field("hint", &hint).field("refusal", &refusal).field("last", &last).field("reason", &reason).finish()
    }
}

impl GiveUp {
    /// Makes a give-up. The refusal counts only if the reason is `Refused`.
    #[inline]
    pub(crate) const fn new(reason: Reason, last: u32, hint: u64, refusal: Option<Refusal>) -> Self {
        let refusal = if matches!(reason, Reason::Refused) { refusal } else { None };
        Self { reason, gap: [0; 2], last: NonZeroU32::new(last), hint: NonZeroU64::new(hint), refusal }
    }

    /// Returns why the call gave up. Where lanes ended for different reasons, that of the last one to end.
    #[inline]
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns what the gate said that refused, where that is the reason.
    ///
    /// A call that was refused, suspended and decoded from bytes or JSON knows only that it was refused.
    #[inline]
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Returns the latest attempt that had a verdict: its result is the one to hand back, if any.
    #[inline]
    #[must_use]
    pub const fn last(&self) -> Option<u32> {
        match self.last {
            Some(id) => Some(id.get()),
            None => None,
        }
    }

    /// Returns the largest hint that was too long for the policy or for the deadline.
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

/// Says why a call gave up.
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
    /// The user cancelled the call.
    Cancelled,
    /// The policy makes no sense, or asks for more lanes than the call has room for.
    Invalid,
}

impl Reason {
    /// Returns its word, as in reports: `attempts`, `not_repeatable` …
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

    /// Returns what happened, as the end of a sentence: `no attempts were left`.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Attempts => "no attempts were left",
            Self::Deadline => "the deadline left no time for another attempt",
            Self::Stopped => "the outcome is not one that another attempt mends",
            Self::Backoff => "the backoff ended",
            Self::NotRepeatable => "it may have reached the server, and it is not safe to repeat",
            Self::RetryAfter => "the server asked for a longer wait than is allowed",
            Self::Refused => "a gate refused another attempt",
            Self::Cancelled => "it was cancelled",
            Self::Invalid => "its policy is invalid",
        }
    }
}

/// Prints what happened, as the end of a sentence: `gave up: no attempts were left`.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
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
            WaitReason::Gate,
            WaitReason::Hedge,
            WaitReason::AttemptTimeout,
            WaitReason::Deadline,
        ];
        let expected = ["outcome", "backoff", "gate", "hedge", "attempt_timeout", "deadline"];
        assert_eq!(waits.map(WaitReason::as_str), expected);
        let cancels = [CancelReason::Timeout, CancelReason::Lost, CancelReason::Deadline, CancelReason::Cancelled];
        assert_eq!(cancels.map(CancelReason::as_str), ["timeout", "lost", "deadline", "cancelled"]);
    }

    #[test]
    fn a_refusal_is_told_where_it_is_the_reason() {
        let refusal = Some(Refusal::new(&"shut"));
        assert_eq!(GiveUp::new(Reason::Refused, 1, 0, refusal).refusal(), refusal);
        assert_eq!(GiveUp::new(Reason::Attempts, 1, 0, refusal).refusal(), None);
    }
}
