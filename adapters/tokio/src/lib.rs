//! Drives insist calls on tokio.
//!
//! [`retry()`] and [`race()`] are those of `insist-futures` with tokio's timer: one future, which is dropped to cancel,
//! with no spawn, no box and no allocation. In a test with paused time they wait in virtual time.
//!
//! ```
//! use std::time::Duration;
//! use insist_tokio::{Policy, retry};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # async fn fetch() -> std::io::Result<&'static str> { Ok("hello") }
//! # fn is_transient(error: &std::io::Error) -> bool { error.kind() != std::io::ErrorKind::NotFound }
//! let value = retry(POLICY, |_| fetch()).when(is_transient).call().await?;
//! # assert_eq!(value, "hello");
//! let (result, report) = retry(POLICY, |_| fetch()).report().await; // why, how often, when
//! # assert!(result.is_ok() && report.attempts == 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Limits are kept
//!
//! Attempt timeouts, deadlines and hedges are on time as long as every poll of an attempt returns. An attempt that is
//! always ready yields when it has used up tokio's cooperative budget, and the call looks at the clock then.
//!
//! # Features
//!
//! - `tower`: the module `tower`, a layer that retries or hedges the calls of any service.
//! - `metrics`: the method `metrics`, which counts and times a call through the `metrics` crate.
//! - `tracing`: the method `trace`, which shows a call as spans and events of the `tracing` crate.

#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod race;
mod retry;
mod timer;
#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "metrics")]
pub use insist_futures::Metrics;
#[cfg(feature = "tracing")]
pub use insist_futures::Tracing;
pub use insist_futures::{
    AtEnd, Attempt, AttemptEnd, Breaker, BreakerState, Budget, BudgetState, Bulkhead, Calling, Decision, Driver, Entry,
    Event, Fallback, FallingBack, GaveUp, Hint, Hook, Instant, IntoTerms, Jitter, Judge, Kind, LANES, Lanes, Latencies,
    List, Local, Log, NoDetail, NoOutcome, Numbered, Percentile, Policy, PolicyError, Reason, Refusal, Repeat, Report,
    Reporting, Retrying, Room, Sent, Terms, TermsOf, Timer, TryCalling, Verdict, When, Winner,
};
pub use race::race;
pub use retry::{retry, retry_local};
pub use timer::{TokioSleep, TokioTimer};
