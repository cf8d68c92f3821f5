//! Verdicts: the conclusions from outcomes of attempts.

use core::time::Duration;

/// Says what is concluded from an attempt's outcome.
///
/// ```
/// use core::time::Duration;
/// use insist_core::Verdict;
///
/// let refused_connection = Verdict::retry().unsent();
/// let told_to_wait = Verdict::retry().throttled().after(Duration::from_secs(2));
/// assert_ne!(refused_connection, told_to_wait);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Accept the outcome as the call's result.
    Accept,
    /// The attempt failed in a way that another may mend.
    Retry(Failure),
    /// The attempt failed and no other will mend it: the call gives up at once.
    Stop,
}

impl Verdict {
    /// Concludes that it failed and that another attempt may mend it. The attempt may have been sent, was not
    /// throttled, and came with no hint; the words below say otherwise.
    #[inline]
    #[must_use]
    pub const fn retry() -> Self {
        Self::Retry(Failure::new())
    }

    /// Says that nothing of the request left this machine.
    ///
    /// No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    #[inline]
    #[must_use]
    pub const fn unsent(self) -> Self {
        self.sent(Sent::No)
    }

    /// Says whether the request may have reached the server.
    ///
    /// No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    #[inline]
    #[must_use]
    pub const fn sent(self, sent: Sent) -> Self {
        match self {
            Self::Retry(failure) => Self::Retry(Failure { sent, ..failure }),
            other => other,
        }
    }

    /// Says that the server turned it away because it has too much to do: a 429, gRPC's `RESOURCE_EXHAUSTED`, a
    /// throttling error of AWS. Gates that hold a client back go by it.
    ///
    /// It is the server's word only, so a call that may be repeated [`IfUnsent`](Repeat::IfUnsent) is not repeated
    /// after it. No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    ///
    /// ```
    /// use insist_core::Verdict;
    ///
    /// let judge = |status: u16| match status {
    ///     429 => Verdict::retry().throttled(),
    ///     500.. => Verdict::retry(),
    ///     _ => Verdict::Accept,
    /// };
    /// assert_ne!(judge(429), judge(503));
    /// ```
    #[inline]
    #[must_use]
    pub const fn throttled(self) -> Self {
        match self {
            Self::Retry(failure) => Self::Retry(Failure { throttled: true, ..failure }),
            other => other,
        }
    }

    /// Asks for the next attempt no sooner than after this span; the backoff comes on top.
    ///
    /// No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    #[inline]
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        self.hint(Hint::AtLeast(wait))
    }

    /// Asks for the next attempt after exactly this span, whatever the backoff says.
    ///
    /// No effect on [`Verdict::Accept`] and [`Verdict::Stop`].
    #[inline]
    #[must_use]
    pub const fn exactly_after(self, wait: Duration) -> Self {
        self.hint(Hint::Exactly(wait))
    }

    const fn hint(self, hint: Hint) -> Self {
        match self {
            Self::Retry(failure) => Self::Retry(Failure { hint: Some(hint), ..failure }),
            other => other,
        }
    }

    /// Returns its word: `accept`, `retry` or `stop`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Retry(_) => "retry",
            Self::Stop => "stop",
        }
    }
}

/// A failure that another attempt may mend: how far the attempt got, and what the server asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Failure {
    /// Says whether the request may have reached the server. Default: it may.
    pub sent: Sent,
    /// Says whether the server turned it away because it has too much to do. Default: no.
    pub throttled: bool,
    /// The time to wait at least, or exactly, if anyone said so. Default: nobody did.
    pub hint: Option<Hint>,
}

impl Failure {
    /// Makes one that may have been sent, was not throttled, and came with no hint.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self { sent: Sent::Maybe, throttled: false, hint: None }
    }
}

/// A wait that was asked for: Retry-After, pushback, or the user's own judgement.
///
/// The policy's limit for hints binds both kinds, and so does the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hint {
    /// The backoff starts after this span, so the wait is the hint plus the jittered delay.
    AtLeast(Duration),
    /// The wait is this span. A backoff that stops still stops.
    Exactly(Duration),
}

impl Hint {
    /// Returns the span that was asked for.
    #[inline]
    #[must_use]
    pub const fn span(self) -> Duration {
        match self {
            Self::AtLeast(wait) | Self::Exactly(wait) => wait,
        }
    }
}

/// Says whether a failed attempt may have reached the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "there is no third between surely not and maybe")]
pub enum Sent {
    /// Nothing of the request left this machine.
    No,
    /// It may have been received, and even acted upon.
    #[default]
    Maybe,
}

/// Says which failures of a call may be followed by another attempt.
///
/// Only [`Repeat::Always`] may be raced or hedged; the others use one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Repeat {
    /// Any failure: the operation may be carried out more than once.
    #[default]
    Always,
    /// Only an attempt that certainly was not sent.
    IfUnsent,
    /// No failure, not even of an attempt that was not sent (its body is used up, for example).
    Never,
}

impl Repeat {
    /// Returns its word: `always`, `if_unsent` or `never`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::IfUnsent => "if_unsent",
            Self::Never => "never",
        }
    }
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
        assert_eq!(
            [Repeat::Always, Repeat::IfUnsent, Repeat::Never].map(Repeat::as_str),
            ["always", "if_unsent", "never"]
        );
    }

    #[test]
    fn words_change_a_retry_and_nothing_else() {
        let wait = Duration::from_secs(3);
        let all = Failure { sent: Sent::No, throttled: true, hint: Some(Hint::Exactly(wait)) };
        let said = |verdict: Verdict| verdict.unsent().throttled().after(wait * 2).exactly_after(wait);
        assert_eq!(said(Verdict::retry()), Verdict::Retry(all));
        assert_eq!([Verdict::Accept, Verdict::Stop].map(said), [Verdict::Accept, Verdict::Stop]);
        assert_eq!([Hint::AtLeast(wait), Hint::Exactly(wait)].map(Hint::span), [wait; 2]);
    }
}
