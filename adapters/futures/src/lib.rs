//! Drives an insist call as one future, on any runtime that can give it a [`Timer`].
//!
//! No spawn, no box, no allocation, no unsafe: attempts in flight live in the call's own future, and dropping it
//! cancels them, gives back what a gate had reserved and settles what it had admitted. [`retry`] has room for one
//! attempt at a time, [`race`] for several; both have the methods of `insist-blocking`. `insist-tokio` and
//! `insist-smol` add their timers to this crate.
//!
//! ```
//! use core::time::Duration;
//! use insist_futures::{Policy, VirtualTimer, retry};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! let timer = VirtualTimer::new(); // tests do not wait
//! let value = timer.block_on(async {
//!     retry(timer.clone(), POLICY, |attempt| async move { if attempt.id < 3 { Err("busy") } else { Ok("hello") } })
//!         .when(|error| *error == "busy")
//!         .call()
//!         .await
//! });
//! assert_eq!(value, Ok("hello"));
//! ```
//!
//! End a call with one of these; none of them panics, whatever the policy is:
//!
//! - `.call().await`: the operation's own result;
//! - `.await`, or `.try_call().await`: the value, or a typed [`GaveUp`] that says why;
//! - `.report().await`: the same, with every attempt, when and how it ended;
//! - `.fallback(|gave_up| …).await`: a value in any case.
//!
//! # Features
//!
//! - `alloc`: the method `report`, and reports.
//! - `std`: `alloc`, a virtual timer, seeded timers, and a test suite for timers of your own (module `testing`).
//! - `tower`: the module `tower`, a layer that retries or hedges the calls of any service, with any timer.
//! - `metrics`: `std`, and the method `metrics`, which counts and times a call through the `metrics` crate.
//! - `tracing`: `alloc`, and the method `trace`, which shows a call as spans and events of the `tracing` crate.

#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![allow(clippy::type_complexity, reason = "the types of calls are written out, so that users can name them")]

#[cfg(any(feature = "std", test))]
extern crate std;

mod call;
mod driver;
mod fallback;
mod fast_path;
mod go_on;
mod lent;
mod local;
mod machine;
mod operation;
mod race;
#[cfg(feature = "alloc")]
mod report;
mod retry;
mod room;
mod run;
#[cfg(feature = "std")]
mod seeded;
mod slots;
mod terms;
#[cfg(feature = "std")]
pub mod testing;
mod timer;
#[cfg(feature = "tower")]
pub mod tower;
mod unsent;
#[cfg(feature = "std")]
mod virtual_timer;

pub use call::{Calling, Keeping, TryCalling};
pub use driver::Driver;
pub use fallback::{Fallback, FallingBack};
#[cfg(target_has_atomic = "32")]
pub use insist_core::Bulkhead;
#[cfg(feature = "std")]
pub use insist_core::fresh_seed;
pub use insist_core::{
    AtEnd, Attempt, AttemptEnd, Decision, Event, GaveUp, Hint, Hook, Instant, IntoTerms, Jitter, Judge, Kind, List,
    NoOutcome, Numbered, Percentile, Policy, PolicyError, Reason, Refusal, Repeat, Retrying, Sent, Terms, TermsOf,
    Verdict, When,
};
#[cfg(target_has_atomic = "64")]
pub use insist_core::{Breaker, BreakerState, Budget, BudgetState, Latencies};
#[cfg(feature = "alloc")]
pub use insist_core::{Entry, Log, NoDetail, Report, Winner};
#[cfg(feature = "metrics")]
pub use insist_metrics::Metrics;
#[cfg(feature = "tracing")]
pub use insist_tracing::Tracing;
pub use local::{EndWithCallOrTryCallOrReport, Local, retry_local};
pub use operation::{Operation, Outcome, Outcomes};
pub use race::{LANES, race};
#[cfg(feature = "alloc")]
pub use report::Reporting;
pub use retry::retry;
pub use room::{Lanes, Room};
#[cfg(feature = "std")]
pub use seeded::Seeded;
pub use timer::Timer;
#[cfg(feature = "std")]
pub use virtual_timer::{VirtualSleep, VirtualTimer};
