//! Retries, backoff, hedging and deadlines as a pure state machine.
//!
//! A [`Call`] is told what happened and when, and answers with the next [`Action`]: send attempt N, wait until T,
//! cancel attempt K, return, give up. It never reads a clock, opens a socket, starts a thread, allocates, or rolls
//! a die that it was not given. A driver does what the actions say: `insist-blocking` on the caller's thread,
//! `insist-ureq` for HTTP, or a loop of your own:
//!
//! ```
//! use core::time::Duration;
//! use insist_core::{Action, Call, Instant, Policy, Verdict};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! fn fetch(attempt: u32) -> Result<&'static str, &'static str> {
//!     if attempt < 3 { Err("busy") } else { Ok("hello") }
//! }
//!
//! let mut now = Instant::ZERO; // a virtual clock
//! let mut result = Err("not sent");
//! let mut call = Call::new(&POLICY, &(), now, 42);
//! let result = loop {
//!     match call.poll(now) {
//!         Action::Send(attempt) => {
//!             result = fetch(attempt.id);
//!             let verdict = if result.is_ok() { Verdict::Accept } else { Verdict::retry() };
//!             call.handle(now, attempt.id, verdict);
//!         }
//!         Action::Wait { until, .. } => now = until.expect("nothing is in flight"),
//!         Action::Cancel { .. } => unreachable!("nothing is in flight"),
//!         Action::Return(_) | Action::GiveUp(_) => break result,
//!     }
//! };
//! assert_eq!(result, Ok("hello"));
//! ```
//!
//! # Features
//!
//! - `alloc`: `Log`, `Report`, `Replicas`, `play`, and the module `testing`.
//! - `std`: `alloc`, and `Instant::now` on one origin for the whole process.
//! - `serde`: `alloc`, and policies, states, logs and reports through serde.
//! - `arbitrary`, `proptest`: `std`, and policies, scripts and gates for fuzzers and property tests.

#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::std_instead_of_core, clippy::std_instead_of_alloc, clippy::alloc_instead_of_core)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod action;
mod attempt;
mod backoff;
mod call;
mod draw;
mod driver;
pub mod duration;
mod event;
mod fixed;
mod gate;
mod jitter;
#[cfg(feature = "alloc")]
mod log;
mod percentile;
#[cfg(feature = "alloc")]
mod play;
mod play_call;
mod policy;
#[cfg(all(feature = "alloc", target_has_atomic = "64"))]
mod replicas;
#[cfg(feature = "alloc")]
mod report;
#[cfg(feature = "alloc")]
pub mod testing;
mod time;
mod verdict;
#[cfg(feature = "serde")]
mod written;

pub use action::{Action, CancelReason, GiveUp, Reason, WaitReason};
pub use attempt::{Attempt, AttemptEnd, Cause, Kind};
pub use backoff::{AtEnd, Backoff, Factor, List, RetryContext, Shape};
pub use call::{Call, Handled, ResumeError, State, StateError};
#[cfg(feature = "alloc")]
pub use driver::Recorder;
#[cfg(feature = "std")]
pub use driver::fresh_seed;
pub use driver::{
    CallEnd, GaveUp, Hook, IntoTerms, Judge, NoOutcome, Numbered, OnRetry, Retrying, SaysNoOutcome, Terms, TermsOf,
    When, during,
};
pub use event::{Decision, Event, Judged, Withdrawn};
#[cfg(target_has_atomic = "32")]
pub use gate::Bulkhead;
#[cfg(feature = "std")]
pub use gate::{AdaptiveRate, AdaptiveRateError, AdaptiveRateState};
#[cfg(target_has_atomic = "64")]
pub use gate::{
    AdaptiveThrottle, AdaptiveThrottleError, AimdLimit, AimdLimitError, AimdLimitState, Breaker, BreakerError,
    BreakerState, Budget, BudgetError, BudgetState, GradientLimit, GradientLimitError, GradientLimitState, Latencies,
    LatenciesError, LatenciesState, Pause, PauseError, PauseState, RateLimit, RateLimitState, RetryQuota,
    RetryQuotaState, RetryShare, RetryShareError, RetryShareState,
};
pub use gate::{Admission, Gate, HedgeAfter, Refusal, Settled};
pub use jitter::{Fraction, Jitter};
#[cfg(feature = "alloc")]
pub use log::{Entry, Log, NoDetail};
pub use percentile::Percentile;
#[cfg(feature = "alloc")]
pub use play::{Script, Step, Timeline, play, play_with};
pub use play_call::Played;
pub use policy::{AsPolicy, Delays, Policy, PolicyError, Ranges};
pub use rand_core::Rng;
#[cfg(all(feature = "alloc", target_has_atomic = "64"))]
pub use replicas::{Replicas, Rotation};
#[cfg(feature = "alloc")]
pub use report::{Report, Winner};
pub use time::Instant;
pub use verdict::{Failure, Hint, Repeat, Sent, Verdict};
#[cfg(feature = "serde")]
pub use written::{FailedAt, Told, WrittenAttempt, WrittenReport};
