//! The throttles of other systems, each written on insist's `Gate` as one of its users would write it.
//!
//! They show that the trait is enough for what others do; `tests/conformance_services` holds them to the numbers of the
//! systems that they come from. They lock a mutex where insist's own gates use atomics.

mod adaptive;
mod aws_quota;
mod cubic;
mod envoy_concurrency;
mod grpc_throttle;

pub use adaptive::AdaptiveThrottle;
pub use aws_quota::{Costs, RetryQuota};
pub use cubic::{Curve, RateClock, RateLimiter};
pub use envoy_concurrency::RetryConcurrency;
pub use grpc_throttle::{Pushback, RetryThrottle, RetryThrottleError};

use std::sync::{Mutex, MutexGuard, PoisonError};

use insist_core::Instant;

/// Seconds since the origin.
fn seconds(now: Instant) -> f64 {
    now.as_nanos() as f64 / 1e9
}

/// Nothing panics while it holds a lock here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
