//! The status of a call in a store.

use std::fmt;

/// Says how far a call in a store has come.
///
/// [`Pending`](Self::Pending) and [`Parked`](Self::Parked) go on; the others are over, and can be
/// [pruned](crate::Calls::prune). A pending call whose target or policy is paused is shown as [`Paused`](Self::Paused).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// It is to be sent, now or later, or is in flight.
    Pending,
    /// It is pending, and its target or its policy is paused.
    Paused,
    /// It waits for its policy: no worker that is alive has that policy, or its state does not fit it. It never dies of
    /// a deploy.
    Parked,
    /// An attempt was accepted.
    Delivered,
    /// It gave up, and no attempt was accepted.
    Failed,
    /// It gave up, and an attempt may have been carried out: its answer never came, and it must not be repeated.
    Unknown,
    /// An operator cancelled it.
    Cancelled,
}

impl Status {
    /// Every status, in the order of their variants.
    pub const ALL: [Self; 7] =
        [Self::Pending, Self::Paused, Self::Parked, Self::Delivered, Self::Failed, Self::Unknown, Self::Cancelled];

    /// Returns its word: `pending`, `paused`, `parked`, `delivered`, `failed`, `unknown` or `cancelled`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paused => "paused",
            Self::Parked => "parked",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads its word.
    ///
    /// ```
    /// use insist_store::Status;
    ///
    /// assert_eq!(Status::parse("failed"), Some(Status::Failed));
    /// assert_eq!(Status::parse("dead"), None);
    /// ```
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Returns whether the call is over: nothing is sent any more, unless an operator revives it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Unknown | Self::Cancelled)
    }
}

/// Prints its word.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_a_word_that_reads_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        let over = Status::ALL.map(Status::is_over);
        assert_eq!(over, [false, false, false, true, true, true, true]);
    }
}
