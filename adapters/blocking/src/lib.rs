//! Retries and races on the caller's thread, for code without async.
//!
//! [`retry()`] runs an operation until it succeeds or the policy gives up; [`race()`] runs several attempts at once and
//! takes the first success. Both have the same builder and run the same loop.
//!
//! ```
//! use std::time::Duration;
//! use insist_blocking::{Policy, retry};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! # fn fetch() -> std::io::Result<&'static str> { Ok("hello") }
//! # fn is_transient(error: &std::io::Error) -> bool { error.kind() != std::io::ErrorKind::NotFound }
//! let value = retry(&POLICY, |_| fetch()).when(is_transient).call()?;
//! # assert_eq!(value, "hello");
//! let (result, report) = retry(&POLICY, |_| fetch()).report(); // why, how often, when
//! # assert!(result.is_ok() && report.attempts == 1);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How a call ends
//!
//! - [`call`](Driver::call): the operation's own `Result`, for `?` in a function that returns the same error;
//! - [`try_call`](Driver::try_call): the value, or [`GaveUp`], which says why and holds the last error;
//! - [`report`](Driver::report): the same, and a [`Report`] with every attempt;
//! - [`fallback`](Driver::fallback), then `call`: a value in any case.
//!
//! # Features
//!
//! - `metrics`: the methods `metrics` and `metrics_as`, which count and time a call through the `metrics` crate.
//! - `tracing`: the methods `trace` and `trace_as`, which show a call as spans and events of the `tracing` crate.
//!
//! The root has the names that a caller needs; [`insist_core`] has those for drivers and gates of your own.

#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod attempt;
mod caller;
mod canceller;
mod clock;
mod drive;
mod driver;
mod fallback;
mod fast_path;
mod finish;
mod first_on_caller;
mod panic;
mod race;
mod retry;
mod threads;
mod timer;
mod way;

pub use attempt::LiveAttempt;
pub use canceller::Canceller;
pub use clock::{Clock, SystemClock, VirtualClock};
pub use driver::Driver;
pub use fallback::Fallback;
pub use insist_core::{
    Action, AsPolicy, AtEnd, Attempt, AttemptEnd, Breaker, BreakerState, Budget, BudgetState, Bulkhead, CancelReason,
    Decision, Entry, Event, Factor, Failure, Fraction, Gate, GaveUp, Handled, Hint, Hook, Instant, IntoTerms, Jitter,
    Judge, Judged, Kind, Latencies, List, Log, NoDetail, NoOutcome, Numbered, Percentile, Policy, PolicyError, Reason,
    Refusal, Repeat, Replicas, Report, Retrying, SaysNoOutcome, Sent, Shape, Terms, TermsOf, Verdict, WaitReason, When,
    Winner,
};
#[cfg(feature = "metrics")]
pub use insist_metrics::Metrics;
#[cfg(feature = "tracing")]
pub use insist_tracing::Tracing;
pub use race::{LANES, race};
pub use retry::retry;
pub use way::{FirstOnCaller, OnCaller, OnThreads, Run, Way};
