//! A drop-in for reqwest 0.13 whose calls are retried, raced or hedged, as a policy says.
//!
//! A program stays as it is. One line in its `Cargo.toml` changes, and every call is retried:
//!
//! ```toml
//! [dependencies]
//! reqwest = { package = "insist-reqwest", version = "0.1" }
//! ```
//!
//! The features are reqwest's, by their names and with their defaults, and [`middleware`](#other-ways-in),
//! [`tracing`](#tracing-and-metrics) and [`metrics`](#tracing-and-metrics). Defaults: 3 attempts, 100 ms and then 200 ms
//! apart with full jitter; statuses that [`Rules`](insisting::Rules) lists are retried, and so are connections that fail;
//! GET, HEAD, OPTIONS, TRACE, PUT, DELETE and requests with an `Idempotency-Key` are repeated, others only if nothing of
//! them was sent; `Retry-After` is honoured up to 5 minutes.
//!
//! # Other settings
//!
//! [`Insist`] adds methods to the builder of a client, to a client, and to the builder of a request. It and [`InsistExt`]
//! are the only names at the root that are not reqwest's; policies, rules, gates and reports are in [`insisting`].
//!
//! ```no_run
//! use std::time::Duration;
//! use insist_reqwest::insisting::{Budget, Policy, Report, Rules}; // or `use reqwest::…`, by the name in Cargo.toml
//! use insist_reqwest::{Client, Insist};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(50)).attempts(5);
//!
//! # async fn example() -> Result<(), insist_reqwest::Error> {
//! let client = Client::builder()
//!     .timeout(Duration::from_secs(10)) // of the whole call
//!     .policy(POLICY.attempt_timeout(Duration::from_secs(2)))
//!     .gate(Budget::new(0.1)) // over all calls, one retry for ten first sends
//!     .build()?;
//!
//! // A request may differ: a hedge after 50 ms, to another replica, and each may need a moment to catch up.
//! let answer = client
//!     .get("https://one.example/doc")
//!     .replicas(["https://one.example/doc", "https://two.example/doc"])
//!     .policy(POLICY.lanes(2).hedge_after(Duration::from_millis(50)))
//!     .rules(Rules::new().retry_status(404))
//!     .with_report()
//!     .send()
//!     .await?;
//! if let Some(report) = answer.extensions().get::<Report>() {
//!     eprint!("{report}"); // a sentence, and one line for each attempt
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What comes back
//!
//! A call returns reqwest's own responses and errors. One that gives up returns the last real answer or error, as reqwest
//! would have returned it: a 503 is an answer. A call whose attempts all took too long ends in an error that
//! `is_timeout()`. One that sent nothing, because a gate refused or a setting makes no sense, ends in an error whose
//! sources have a [`GaveUp`](insisting::GaveUp) that says why.
//!
//! # How time is kept
//!
//! - reqwest's `timeout`, of a client or a request, is the timeout of the whole call: its attempts, the waits between
//!   them, and the reading of the body. Each attempt has what is left of it. The policy's deadline is the same; the
//!   shorter counts.
//! - The policy's attempt timeout bounds an attempt until the answer's head has arrived, and the body too with
//!   [`whole_body`](Insist::whole_body). reqwest's `connect_timeout` and `read_timeout` hold for each attempt as well.
//! - A call has no limit by default, and can then wait for ever: for a server that never answers, and, seldom, for one that
//!   was never asked. hyper 1.12 may lose a request that it is handed while its connection ends, which happens under load
//!   to servers that say `GOAWAY`. An attempt timeout ends the wait, with another attempt if the request may be repeated;
//!   a hedge is another attempt; reqwest's `timeout` ends the call.
//! - Between attempts at most 64 KiB of the unwanted body are read, for at most 100 ms, so that the connection can be
//!   used again.
//!
//! # What is repeated
//!
//! A request that certainly was not processed is sent again whatever its method: one whose connection, TLS handshake or
//! tunnel through a proxy failed, and one that HTTP/2 refused (`REFUSED_STREAM`, a `GOAWAY` that does not cover it). After a
//! redirect nothing is certain. A certificate that is bad stops the call, and so does a proxy that asks for a password.
//!
//! Bytes, JSON and forms can be sent any number of times. Of a stream and a multipart form what attempts read is kept, up to
//! 64 KiB ([`replay_limit`](Insist::replay_limit)), and sent again; nothing is read ahead. A longer one goes on as it is, and
//! its first outcome is the call's. Streams have one lane.
//!
//! # Races and gates
//!
//! The losers of a race are dropped: with HTTP/1 their connections are closed, with HTTP/2 their streams are reset.
//! [`gate`](Insist::gate), [`gate_per_host`](Insist::gate_per_host), [`replicas`](Insist::replicas) and
//! [`replica_set`](Insist::replica_set) are those of insist-ureq.
//!
//! # Other ways in
//!
//! - [`InsistExt::insisting`] makes a client, or a request, of reqwest's own types insist.
//! - `insisting::InsistMiddleware`, with the feature `middleware`, takes the place of reqwest-retry's in a
//!   reqwest-middleware client.
//! - [`Client`] is a tower `Service`.
//! - `blocking` has reqwest's blocking client, with the feature of that name.
//!
//! # Tracing and metrics
//!
//! With the feature `tracing`, every call opens a span `call` with a span `attempt` for each send, and an event for each
//! wait, at level debug. With the feature `metrics`, every call is counted and timed through the `metrics` crate;
//! `metrics_as` gives its metrics a name. The features `tracing` and `metrics` make every call a little dearer.
//!
//! # What differs from reqwest
//!
//! - [`Client`], [`ClientBuilder`] and [`RequestBuilder`] are types of this crate, with the methods of reqwest's. Code that
//!   takes reqwest's own client, from a crate that uses reqwest, gets it by `as_ref()`; those calls do not insist.
//! - reqwest's own retries are off, unless [`ClientBuilder::retry`] sets them: each attempt would be three.
//! - `connector_layer` and `windows_named_pipe` are called through [`ClientBuilder::with_reqwest`], for their types have no
//!   names. reqwest's unstable `http3`, and wasm, are missing.
//! - Settings of a request's own are lost where the builder is built and the request is executed by another client;
//!   [`RequestBuilder::build_split`] returns a client that has them.
//! - An answer that is retried or read whole has its body in memory, so its `content_length()` is what was read.
//! - An idle connection that the server has closed silently costs an attempt: reqwest cannot be told to open a new one.
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![allow(
    clippy::result_large_err,
    reason = "the failure of an attempt is as large as an answer, and both are moved alike"
)]

#[macro_use]
mod setters;

mod answer;
mod attempt;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod call;
mod client;
mod drive;
mod error;
mod extend;
mod insist;
mod judge;
#[cfg(feature = "middleware")]
mod middleware;
mod redirects;
mod request;
mod resolver;
mod settings;

#[cfg(feature = "cookies")]
pub use reqwest::cookie;
#[cfg(feature = "multipart")]
pub use reqwest::multipart;
pub use reqwest::{
    Body, Error, IntoUrl, Method, NoProxy, Proxy, Request, Response, ResponseBuilderExt, Result, StatusCode, Upgraded,
    Url, Version, dns, header, redirect, retry,
};
#[cfg(feature = "__tls")]
pub use reqwest::{Certificate, Identity, tls};

pub use builder::ClientBuilder;
pub use client::{Client, get};
pub use extend::InsistExt;
/// ```no_run
/// use insist_reqwest::insisting::{Policy, Rules};
/// use insist_reqwest::{Client, Insist};
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), insist_reqwest::Error> {
/// let client = Client::builder()
///     .connect_timeout(Duration::from_secs(1))
///     .policy(Policy::exponential(Duration::from_millis(50)).attempts(5))
///     .build()?;
///
/// let response = client
///     .get("http://example.com/eventually")
///     .rules(Rules::new().retry_status(404)) // for this request
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[doc(inline)]
pub use insist_http::client::Insist;
pub use request::RequestBuilder;

/// The names that reqwest does not have: policies, rules, gates, reports. They are not at the root, so that a glob import
/// of it brings reqwest's names only.
pub mod insisting {
    pub use crate::client::Pending;
    #[cfg(feature = "middleware")]
    pub use crate::middleware::InsistMiddleware;
    pub use crate::resolver::IntoResolver;
    pub use crate::settings::{Detail, Event, Report, ReportSlot, Reqwest, Settings};

    // The parts of a policy.
    #[doc(no_inline)]
    pub use insist_core::{AtEnd, Factor, Jitter, List, Policy, PolicyError, Repeat, Shape};
    #[doc(no_inline)]
    pub use insist_http::client::GaveUp;
    #[doc(no_inline)]
    pub use insist_http::{AddressesError, Hosts, IDEMPOTENCY_KEY, ReplicaSet, Rules, RulesError};
    // Gates, and the types for gates of your own.
    #[doc(no_inline)]
    pub use insist_core::{Admission, AttemptEnd, Cause, Gate, Instant, Refusal, Settled};
    #[doc(no_inline)]
    pub use insist_core::{Breaker, BreakerState, Budget, BudgetState, Bulkhead, Latencies};
    // The parts of events and reports.
    #[doc(no_inline)]
    pub use insist_core::{Action, Attempt, CancelReason, Decision, Handled, Judged, Kind, Reason, WaitReason};
    #[doc(no_inline)]
    pub use insist_core::{Entry, Failure, Hint, Log, Sent, Verdict, Winner};
}
