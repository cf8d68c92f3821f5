//! The core's gates of 64 bits once more, on loom's atomics, which try every interleaving of their threads.
//!
//! `cargo test --release` in this folder. A window has two slots here where it has ten in the core, so that there are
//! few enough interleavings to try them all.

mod atomic;
mod gate;

pub use gate::{Breaker, BreakerError, BreakerState, Budget, BudgetError, BudgetState, Gate, Settled};
pub use gate::{RateLimit, RateLimitState, RetryQuota, RetryQuotaState};

/// What the core's files ask of their crate.
mod attempt {
    pub(crate) use insist_core::{AttemptEnd, Cause, Kind};
}

mod time {
    pub(crate) use insist_core::Instant;

    pub(crate) const fn nanos(span: core::time::Duration) -> u64 {
        span.as_nanos() as u64
    }
}
