//! Which calls are listed.

use insist_core::Instant;

use crate::shown::QueueCounts;
use crate::status::Status;

/// Says which calls are listed.
///
/// ```
/// use insist_store::{Filter, Status};
///
/// let dead = Filter::new().status(Status::Failed).target("shop.example").limit(20);
/// # let _ = dead;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a filter does nothing until calls are listed by it"]
pub struct Filter {
    pub(crate) status: Option<Status>,
    pub(crate) target: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) below: Option<i64>,
    pub(crate) limit: usize,
}

impl Filter {
    /// Makes a filter that lets all calls through, and lists the 100 newest.
    pub const fn new() -> Self {
        Self { status: None, target: None, policy: None, below: None, limit: 100 }
    }

    /// Lists calls with this status only. Default: all.
    pub const fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Lists calls to this target only. Default: all.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Lists calls by this policy only. Default: all.
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// Lists calls that are older than one whose number is known: the next page. Default: from the newest.
    pub const fn below(mut self, id: i64) -> Self {
        self.below = Some(id);
        self
    }

    /// Sets how many are listed at most. Default: 100.
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the status that calls have to have.
    #[must_use]
    pub const fn get_status(&self) -> Option<Status> {
        self.status
    }

    /// Returns the number that calls have to be below.
    #[must_use]
    pub const fn get_below(&self) -> Option<i64> {
        self.below
    }

    /// Returns how many are listed at most.
    #[must_use]
    pub const fn get_limit(&self) -> usize {
        self.limit
    }

    /// Returns whether calls of a queue may fit, by its names and by what its pending calls are shown as.
    #[must_use]
    pub fn fits(&self, queue: &QueueCounts, now: Instant) -> bool {
        self.target.as_ref().is_none_or(|target| *target == queue.target)
            && self.policy.as_ref().is_none_or(|policy| *policy == queue.policy)
            && match self.status {
                Some(Status::Paused) => queue.is_paused(now),
                Some(Status::Pending) => !queue.is_paused(now) && !queue.is_unserved,
                _ => true,
            }
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}
