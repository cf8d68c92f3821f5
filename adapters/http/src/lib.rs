//! Decides how to retry HTTP requests: which statuses are worth another attempt, how long the server asks to wait, and
//! which requests may be sent again. Pure functions on the types of the `http` crate, for every client.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use insist_http::http::{HeaderMap, Method, StatusCode, header::RETRY_AFTER};
//! use insist_http::{Repeat, Rules, Verdict};
//!
//! // 404 is retried too: the replica may not have caught up yet.
//! const RULES: Rules = Rules::new().retry_status(404);
//!
//! let mut headers = HeaderMap::new();
//! let now = SystemTime::now();
//! assert_eq!(RULES.judge(StatusCode::OK, &headers, now), Verdict::Accept);
//! assert_eq!(RULES.judge(StatusCode::NOT_FOUND, &headers, now), Verdict::retry());
//!
//! headers.insert(RETRY_AFTER, "2".parse()?);
//! let asked = Verdict::retry().after(Duration::from_secs(2));
//! assert_eq!(RULES.judge(StatusCode::SERVICE_UNAVAILABLE, &headers, now), asked);
//!
//! assert_eq!(RULES.repeat(&Method::POST, &HeaderMap::new()), Repeat::IfUnsent);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod client;
mod date;
mod hosts;
mod rate_limit;
mod repeat;
mod retry_after;
mod rules;
mod statuses;

pub use client::{AddressesError, ReplicaSet};
pub use hosts::Hosts;
pub use http;
#[doc(no_inline)]
pub use insist_core::{Breaker, Budget, Bulkhead, Gate, Instant, Latencies, Repeat, Verdict};
pub use rate_limit::rate_limit_reset;
pub use repeat::{IDEMPOTENCY_KEY, repeat_of};
pub use retry_after::retry_after;
pub use rules::{Rules, RulesError};
