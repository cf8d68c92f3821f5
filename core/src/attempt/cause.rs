//! The cause of an attempt. It is small, because it outlives a suspend and is made for every call of a gate.

use core::fmt;
use core::time::Duration;

use super::{AttemptEnd, Kind};
use crate::time::nanos;
use crate::verdict::{Failure, Hint, Sent};

/// Says what an attempt is for, as [gates](crate::Gate) are told. It takes one word.
///
/// ```
/// use insist_core::{AttemptEnd, Cause, Kind, Verdict};
///
/// let cause = Cause::retry(Verdict::retry().throttled().into());
/// assert_eq!(cause.kind, Kind::Retry);
/// assert!(matches!(cause.after(), Some(AttemptEnd::Retry(failure)) if failure.throttled));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Cause {
    /// First send, retry or hedge.
    pub kind: Kind,
    /// `Failed::Nothing` if the attempt is no retry.
    pub(crate) why: Why,
    /// The hint of the failure that it follows, in whole milliseconds; 0 for none.
    pub(crate) hint_ms: u32,
}

impl Cause {
    /// The first send of a call.
    pub const FIRST: Self = Self { kind: Kind::First, why: Why::NOTHING, hint_ms: 0 };
    /// The first send of a further lane.
    pub const HEDGE: Self = Self { kind: Kind::Hedge, why: Why::NOTHING, hint_ms: 0 };

    /// Makes the cause of a retry that follows an attempt which ended so: with a failure, or else with a timeout.
    #[inline(always)]
    #[must_use]
    pub const fn retry(after: AttemptEnd) -> Self {
        let failure = match after {
            AttemptEnd::Retry(failure) => failure,
            _ => return Self { kind: Kind::Retry, why: Why::new(Failed::Timeout, Hinted::No), hint_ms: 0 },
        };
        let (hint_ms, hinted) = match failure.hint {
            None => (0, Hinted::No),
            Some(Hint::AtLeast(span)) => (millis(span), Hinted::AtLeast),
            Some(Hint::Exactly(span)) => (millis(span), Hinted::Exactly),
        };
        let failure = match (failure.sent, failure.throttled) {
            (Sent::No, false) => Failed::Unsent,
            (Sent::Maybe, false) => Failed::Sent,
            (Sent::No, true) => Failed::UnsentThrottled,
            (Sent::Maybe, true) => Failed::SentThrottled,
        };
        let hinted = if hint_ms > 0 { hinted } else { Hinted::No };
        Self { kind: Kind::Retry, why: Why::new(failure, hinted), hint_ms }
    }

    /// Returns, for a retry, how the attempt before it in its lane ended: with a failure, or with a timeout. Its hint is
    /// told in whole milliseconds, rounded up, at most 49 days; one of zero is none.
    #[must_use]
    pub const fn after(&self) -> Option<AttemptEnd> {
        let (sent, throttled) = match self.why.failure() {
            Failed::Nothing => return None,
            Failed::Sent => (Sent::Maybe, false),
            Failed::Unsent => (Sent::No, false),
            Failed::UnsentThrottled => (Sent::No, true),
            Failed::SentThrottled => (Sent::Maybe, true),
            Failed::Timeout => return Some(AttemptEnd::Timeout),
        };
        let wait = Duration::from_millis(self.hint_ms as u64);
        let hint = match self.why.hinted() {
            Hinted::No => None,
            Hinted::AtLeast => Some(Hint::AtLeast(wait)),
            Hinted::Exactly => Some(Hint::Exactly(wait)),
        };
        Some(AttemptEnd::Retry(Failure { sent, throttled, hint }))
    }
}

/// Prints the cause with the failure that it follows.
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cause").field("kind", &self.kind).field("after", &self.after()).finish()
    }
}

/// The failure that a retry follows, and the kind of its hint: in one byte, for a lane has no more room.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Why(u8);

/// The end of the attempt before a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(crate) enum Failed {
    /// The attempt is no retry, and follows nothing.
    Nothing,
    Unsent,
    Sent,
    UnsentThrottled,
    SentThrottled,
    Timeout,
}

/// The kind of a failure's hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hinted {
    No,
    AtLeast,
    Exactly,
}

impl Why {
    pub(crate) const NOTHING: Self = Self::new(Failed::Nothing, Hinted::No);

    #[inline]
    pub(crate) const fn new(failure: Failed, hinted: Hinted) -> Self {
        Self(failure as u8 | ((hinted as u8) << 4))
    }

    #[inline]
    pub(crate) const fn failure(self) -> Failed {
        match self.0 & 0xf {
            0 => Failed::Nothing,
            1 => Failed::Unsent,
            2 => Failed::Sent,
            3 => Failed::UnsentThrottled,
            4 => Failed::SentThrottled,
            _ => Failed::Timeout,
        }
    }

    #[inline]
    pub(crate) const fn hinted(self) -> Hinted {
        match self.0 >> 4 {
            0 => Hinted::No,
            1 => Hinted::AtLeast,
            _ => Hinted::Exactly,
        }
    }

    pub(crate) const fn is_throttled(self) -> bool {
        matches!(self.failure(), Failed::UnsentThrottled | Failed::SentThrottled)
    }
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Why").field("failure", &self.failure()).field("hinted", &self.hinted()).finish()
    }
}

/// Returns whole milliseconds, rounded up, saturating.
pub(crate) const fn millis(span: Duration) -> u32 {
    let millis = nanos(span).div_ceil(1_000_000);
    if millis > u32::MAX as u64 { u32::MAX } else { millis as u32 }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn a_cause_is_one_word() {
        assert_eq!(size_of::<Cause>(), 8);
    }

    #[test]
    fn what_a_retry_follows_is_told_as_it_was_to_the_millisecond() {
        let ms = Duration::from_millis;
        for verdict in [
            Verdict::retry(),
            Verdict::retry().unsent(),
            Verdict::retry().throttled(),
            Verdict::retry().unsent().throttled().after(ms(1)),
            Verdict::retry().exactly_after(ms(u64::from(u32::MAX))),
        ] {
            let end = AttemptEnd::from(verdict);
            assert_eq!(Cause::retry(end).after(), Some(end));
        }
        assert_eq!(Cause::retry(AttemptEnd::Timeout).after(), Some(AttemptEnd::Timeout));
        assert_eq!([Cause::FIRST, Cause::HEDGE].map(|cause| cause.after()), [None; 2]);
        let told = |verdict: Verdict| Cause::retry(verdict.into()).after();
        assert_eq!(told(Verdict::retry().after(Duration::from_nanos(1))), Some(Verdict::retry().after(ms(1)).into()));
        assert_eq!(told(Verdict::retry().exactly_after(Duration::ZERO)), Some(Verdict::retry().into()));
        let most = ms(u64::from(u32::MAX));
        assert_eq!(told(Verdict::retry().after(Duration::MAX)), Some(Verdict::retry().after(most).into()));
    }

    #[test]
    fn a_cause_is_printed_with_what_it_follows() {
        assert_eq!(format!("{:?}", Cause::FIRST), "Cause { kind: First, after: None }");
        let timeout = Cause::retry(AttemptEnd::Timeout);
        assert_eq!(format!("{timeout:?}"), "Cause { kind: Retry, after: Some(Timeout) }");
    }
}
