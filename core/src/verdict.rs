//! What is concluded from an attempt's outcome.

use core::time::Duration;

/// What is concluded from an attempt's outcome.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Sent, Verdict};
///
/// let refused_connection = Verdict::retry().sent(Sent::No);
/// let told_to_wait = Verdict::retry().after(Duration::from_secs(2));
/// assert_ne!(refused_connection, told_to_wait);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// This is the result: the call returns it.
    Accept,
    /// It failed in a way that another attempt may mend.
    Retry {
        /// Whether the request may have reached the server.
        sent: Sent,
        /// How long to wait at least, or exactly, if anyone said so.
        hint: Option<Hint>,
    },
    /// It failed and no attempt will mend it: the call gives up at once.
    Stop,
}

impl Verdict {
    /// A failure worth another attempt, possibly sent, without a hint.
    #[inline]
    #[must_use]
    pub const fn retry() -> Self {
        Self::Retry { sent: Sent::Maybe, hint: None }
    }

    /// The same, knowing whether the request may have reached the server.
    ///
    /// No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    #[inline]
    #[must_use]
    pub const fn sent(self, sent: Sent) -> Self {
        match self {
            Self::Retry { hint, .. } => Self::Retry { sent, hint },
            other => other,
        }
    }

    /// The same, to be repeated no sooner than after this span; the backoff comes on top.
    ///
    /// No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    #[inline]
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        self.hint(Hint::AtLeast(wait))
    }

    /// The same, to be repeated after exactly this span, whatever the backoff says.
    ///
    /// No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    #[inline]
    #[must_use]
    pub const fn exactly_after(self, wait: Duration) -> Self {
        self.hint(Hint::Exactly(wait))
    }

    const fn hint(self, hint: Hint) -> Self {
        match self {
            Self::Retry { sent, .. } => Self::Retry { sent, hint: Some(hint) },
            other => other,
        }
    }

    /// The word for it: `accept`, `retry` or `stop`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Retry { .. } => "retry",
            Self::Stop => "stop",
        }
    }
}

/// A wait that was asked for: Retry-After, pushback, or the user's own judgement.
///
/// The policy's limit for hints binds both kinds, and so does the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// The backoff starts after this span, so the wait is the hint plus the jittered delay.
    AtLeast(Duration),
    /// The wait is this span. A backoff that stops still stops.
    Exactly(Duration),
}

/// How far a failed attempt got: whether it may have reached the server, and whether the server turned it away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Sent {
    /// Nothing of the request left this machine.
    No,
    /// It may have been received, and even acted upon.
    #[default]
    Maybe,
    /// It was received, and turned away because there is too much to do: 429, gRPC's `RESOURCE_EXHAUSTED`, a throttling
    /// error of AWS. Gates that hold a client back go by it. It is the server's word only, so a call that may be
    /// repeated [`IfUnsent`](Repeat::IfUnsent) is not repeated after it.
    ///
    /// ```
    /// use insist_core::{Sent, Verdict};
    ///
    /// let judge = |status: u16| match status {
    ///     429 => Verdict::retry().sent(Sent::Throttled),
    ///     500.. => Verdict::retry(),
    ///     _ => Verdict::Accept,
    /// };
    /// assert_ne!(judge(429), judge(503));
    /// ```
    Throttled,
}

/// Which failures of a call may be followed by another attempt.
///
/// Only [`Repeat::Always`] may be raced or hedged; the others use one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Repeat {
    /// Any: the operation may be carried out more than once.
    #[default]
    Always,
    /// Only an attempt that certainly was not sent.
    IfUnsent,
    /// None, not even one that was not sent (its body is used up, for example).
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_its_word() {
        assert_eq!(
            [Verdict::Accept, Verdict::retry(), Verdict::Stop].map(Verdict::as_str),
            ["accept", "retry", "stop"]
        );
    }
}
