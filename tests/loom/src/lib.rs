//! The core's gates of 64 bits once more, on loom's atomics, which try every interleaving of their threads.
//!
//! `cargo test --release` in this folder. A window has two slots here where it has ten in the core, and four latencies
//! are kept, so that there are few enough interleavings to try them all.

mod atomic;
mod gate;

pub use gate::{AdaptiveThrottle, AdaptiveThrottleError, AimdLimit, AimdLimitError, AimdLimitState};
pub use gate::{Breaker, BreakerError, BreakerState, Budget, BudgetError, BudgetState, Gate, Settled};
pub use gate::{GradientLimit, GradientLimitError, GradientLimitState, Latencies, LatenciesError, LatenciesState};
pub use gate::{Pause, PauseError, PauseState, RateLimit, RateLimitState, RetryQuota, RetryQuotaState};
pub use gate::{RetryShare, RetryShareError, RetryShareState};

#[path = "../../../core/src/percentile.rs"]
#[allow(dead_code, unreachable_pub)]
mod percentile;

/// Gives the core's files what they ask of their crate.
mod attempt {
    pub(crate) use insist_core::{AttemptEnd, Cause, Kind};
}

mod verdict {
    pub(crate) use insist_core::Sent;
}

/// As the core's, without its generator.
mod draw {
    pub(crate) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

    pub(crate) const fn mix(mut word: u64) -> u64 {
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

mod time {
    pub(crate) use insist_core::Instant;

    pub(crate) const fn nanos(span: core::time::Duration) -> u64 {
        span.as_nanos() as u64
    }
}
