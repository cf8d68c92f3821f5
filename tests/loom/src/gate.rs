//! The core's files, with loom's atomics in the place of their own.

pub(crate) use insist_core::{Admission, Refusal};
use insist_core::{AttemptEnd, Cause, Instant};

pub(crate) use insist_core::HedgeAfter;

use crate::percentile::Percentile;

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
    fn hedge_after(&self, _: Instant, _: Option<Percentile>) -> HedgeAfter {
        HedgeAfter::Policy
    }
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

#[path = "../../../core/src/gate/adaptive_throttle.rs"]
#[allow(unreachable_pub)]
mod adaptive_throttle;
#[path = "../../../core/src/gate/aimd_limit.rs"]
#[allow(unreachable_pub)]
mod aimd_limit;
#[path = "../../../core/src/gate/breaker/mod.rs"]
#[allow(unreachable_pub)]
mod breaker;
#[path = "../../../core/src/gate/budget.rs"]
#[allow(unreachable_pub)]
mod budget;
#[path = "../../../core/src/gate/dice.rs"]
mod dice;
#[path = "../../../core/src/gate/flight.rs"]
mod flight;
#[path = "../../../core/src/gate/gradient_limit/mod.rs"]
#[allow(unreachable_pub)]
mod gradient_limit;
#[path = "../../../core/src/gate/latencies/mod.rs"]
#[allow(unreachable_pub)]
mod latencies;
#[path = "../../../core/src/gate/pause.rs"]
#[allow(unreachable_pub)]
mod pause;
#[path = "../../../core/src/gate/rate_limit.rs"]
#[allow(unreachable_pub)]
mod rate_limit;
#[path = "../../../core/src/gate/retry_quota.rs"]
#[allow(unreachable_pub)]
mod retry_quota;
#[path = "../../../core/src/gate/retry_share.rs"]
#[allow(unreachable_pub)]
mod retry_share;
#[path = "../../../core/src/gate/ring.rs"]
mod ring;
#[path = "../../../core/src/gate/window.rs"]
mod window;

mod slots {
    pub(super) use crate::atomic::AtomicU64;

    pub(super) const SLOTS: usize = 2;
    pub(super) const LATENCIES: usize = 4;
    pub(super) const ANSWERS: usize = 4;
}

pub use adaptive_throttle::{AdaptiveThrottle, AdaptiveThrottleError};
pub use aimd_limit::{AimdLimit, AimdLimitError, AimdLimitState};
pub use breaker::{Breaker, BreakerError, BreakerState};
pub use budget::{Budget, BudgetError, BudgetState};
pub use gradient_limit::{GradientLimit, GradientLimitError, GradientLimitState};
pub use latencies::{Latencies, LatenciesError, LatenciesState};
pub use pause::{Pause, PauseError, PauseState};
pub use rate_limit::{RateLimit, RateLimitState};
pub use retry_quota::{RetryQuota, RetryQuotaState};
pub use retry_share::{RetryShare, RetryShareError, RetryShareState};
