//! A drop-in for reqwest 0.13 whose calls are retried, raced or hedged, as a policy says.
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

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
pub use insist::Insist;
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
