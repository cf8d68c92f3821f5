//! Retries, backoff, hedging and deadlines, decided by a pure state machine and done by thin drivers.
//!
//! On the caller's thread (feature `blocking`, on by default):
//!
//! ```
//! # #[cfg(feature = "blocking")] {
//! use insist::Policy;
//! use insist::blocking::retry;
//!
//! let text = retry(Policy::default(), |_| std::fs::read_to_string("Cargo.toml")).call()?;
//! # assert!(!text.is_empty());
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! On tokio (feature `tokio`), with the same methods:
//!
//! ```
//! # #[cfg(feature = "tokio")] mod example {
//! use insist::Policy;
//! use insist::tokio::retry;
//!
//! # async fn fetch() -> std::io::Result<String> { Ok("hello".into()) }
//! async fn greeting() -> std::io::Result<String> {
//!     retry(Policy::default(), |_| fetch()).call().await
//! }
//! # }
//! ```
//!
//! That is 3 attempts, some 100 and 200 ms apart, each wait drawn anew so that clients that failed together do not come
//! back together. Everything else is a method: `when(is_transient)`, `gate(&BUDGET)`, `on_retry(log)`,
//! `Policy::default().deadline(ten_seconds)`.
//!
//! # The five things that most calls need
//!
//! - [`Policy`]: how often, how long, how far apart.
//! - `retry` and `race`, in the module of your runtime; they end with `call()` (the operation's own result), with
//!   `try_call()` or `.await` (the typed [`GaveUp`]), or with `report()` (everything).
//! - [`Verdict`]: what to conclude from an outcome, if more than errors is judged.
//! - [`Budget`], [`Breaker`], [`Bulkhead`]: state that many calls share, so that retries do not make an outage worse;
//!   [`Latencies`], so that hedges follow the server; [`RateLimit`], [`RetryQuota`], [`AdaptiveThrottle`],
//!   [`RetryShare`], [`AimdLimit`], [`GradientLimit`], `AdaptiveRate` (`std`); [`Pause`], for a host that asks all its callers to wait.
//! - [`Terms`]: all of these as one value that many call sites share.
//!
//! # Features, each a module of its name
//!
//! | feature | for |
//! |---|---|
//! | `blocking` (default) | the caller's thread; races on threads |
//! | `tokio`, `smol` | those runtimes |
//! | `futures` | any other runtime that can give a timer; `no_std` |
//! | `tower` | a layer around any tower service, on tokio |
//! | `http` | what an HTTP answer means: statuses, idempotency, Retry-After |
//! | `ureq`, `reqwest` | drop-ins for ureq 3 and reqwest 0.13 |
//! | `metrics` | what calls do as counters and histograms; the state of gates |
//! | `tracing` | decisions as spans and events |
//! | `serde` | policies, states, logs and reports through serde |
//! | `arbitrary`, `proptest` | policies and scripts for fuzzers and property tests |
//!
//! Features only add. Without the default ones this crate is `no_std`, without an allocator. [`machine`] has the state
//! machine for a loop of your own, [`testing`] virtual time and assertions.

#![no_std]
#![forbid(unsafe_code)]

// Its examples use these.
#[cfg(all(feature = "http", feature = "metrics", feature = "proptest", feature = "serde", feature = "tower"))]
pub mod guide;
pub mod machine;
#[cfg(feature = "alloc")]
pub mod testing;

#[cfg(feature = "blocking")]
#[doc(inline)]
pub use insist_blocking as blocking;
#[cfg(feature = "futures")]
#[doc(inline)]
pub use insist_futures as futures;
#[cfg(feature = "http")]
#[doc(inline)]
pub use insist_http as http;
#[cfg(feature = "metrics")]
#[doc(inline)]
pub use insist_metrics as metrics;
#[cfg(feature = "reqwest")]
#[doc(inline)]
pub use insist_reqwest as reqwest;
#[cfg(feature = "smol")]
#[doc(inline)]
pub use insist_smol as smol;
#[cfg(feature = "tokio")]
#[doc(inline)]
pub use insist_tokio as tokio;
#[cfg(feature = "tower")]
#[doc(inline)]
pub use insist_tokio::tower;
#[cfg(feature = "tracing")]
#[doc(inline)]
pub use insist_tracing as tracing;
#[cfg(feature = "ureq")]
#[doc(inline)]
pub use insist_ureq as ureq;

#[cfg(target_has_atomic = "32")]
pub use insist_core::Bulkhead;
#[cfg(feature = "std")]
pub use insist_core::{AdaptiveRate, AdaptiveRateError, AdaptiveRateState};
#[cfg(target_has_atomic = "64")]
pub use insist_core::{
    AdaptiveThrottle, AdaptiveThrottleError, AimdLimit, AimdLimitError, AimdLimitState, Breaker, BreakerError,
    BreakerState, Budget, BudgetError, BudgetState, GradientLimit, GradientLimitError, GradientLimitState, Latencies,
    LatenciesError, LatenciesState, Pause, PauseError, PauseState, RateLimit, RateLimitState, RetryQuota,
    RetryQuotaState, RetryShare, RetryShareError, RetryShareState,
};
pub use insist_core::{
    AsPolicy, AtEnd, Attempt, AttemptEnd, Decision, Event, Factor, Failure, Fraction, GaveUp, Hint, Hook, IntoTerms,
    Jitter, Judge, Judged, Kind, List, NoOutcome, Numbered, Percentile, Policy, PolicyError, Reason, Refusal, Repeat,
    Retrying, Sent, Shape, Terms, Verdict, When, duration,
};
#[cfg(feature = "alloc")]
pub use insist_core::{Entry, Log, NoDetail, Report, Winner};
#[cfg(all(feature = "alloc", target_has_atomic = "64"))]
pub use insist_core::{Replicas, Rotation};
