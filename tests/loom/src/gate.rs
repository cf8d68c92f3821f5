//! The core's files, with loom's atomics in the place of their own.

pub(crate) use insist_core::{Admission, Refusal};
use insist_core::{AttemptEnd, Cause, Instant};

/// The core's trait once more: its files match every [`Settled`] there is, which only the crate that has it may do.
pub trait Gate {
    /// As the core's.
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        Ok(())
    }
    /// As the core's.
    fn refund(&self, _: Instant, _: &Cause, _: Instant) {}
    /// As the core's.
    fn admit(&self, _: Instant, _: &Cause) -> Admission {
        Admission::Yes
    }
    /// As the core's.
    fn settle(&self, _: Instant, _: &Cause, _: &Settled) {}
    /// As the core's.
    fn is_timeless(&self) -> bool {
        false
    }
}

/// As the core's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was sent at this instant, and ended like this.
    Ended(AttemptEnd, Instant),
    /// It was not sent after all, and was admitted at this instant.
    Unsent(Instant),
}

#[path = "../../../core/src/gate/breaker/mod.rs"]
#[allow(unreachable_pub)]
mod breaker;
#[path = "../../../core/src/gate/budget.rs"]
#[allow(unreachable_pub)]
mod budget;
#[path = "../../../core/src/gate/rate_limit.rs"]
#[allow(unreachable_pub)]
mod rate_limit;
#[path = "../../../core/src/gate/retry_quota.rs"]
#[allow(unreachable_pub)]
mod retry_quota;
#[path = "../../../core/src/gate/window.rs"]
mod window;

mod slots {
    pub(super) use crate::atomic::AtomicU64;

    pub(super) const SLOTS: usize = 2;
}

pub use breaker::{Breaker, BreakerError, BreakerState};
pub use budget::{Budget, BudgetError, BudgetState};
pub use rate_limit::{RateLimit, RateLimitState};
pub use retry_quota::{RetryQuota, RetryQuotaState};
