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
//!
//! [`HttpJudge`] judges the whole outcome of a client, answers and errors; [`grpc`] has what gRPC says instead.
//!
//! # Features
//!
//! - `hyper`: [`judge_error`] knows the errors of hyper, hyper-util and h2.
//! - `body`: `Replay`, a body that can be sent again.
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod call_headers;
pub mod client;
mod date;
mod error;
pub mod grpc;
mod hosts;
mod judge;
mod rate_limit;
mod repeat;
#[cfg(feature = "body")]
mod replay;
mod retry_after;
mod rules;
mod statuses;

pub use call_headers::{CallHeaders, new_idempotency_key};
pub use client::{AddressesError, ReplicaSet};
pub use error::{AsError, BoxError, ByItself, InItsBox, judge_error};
pub use hosts::Hosts;
pub use http;
#[doc(no_inline)]
pub use insist_core::{Breaker, Budget, Bulkhead, Gate, Instant, Latencies, Repeat, Verdict};
pub use judge::HttpJudge;
pub use rate_limit::rate_limit_reset;
pub use repeat::{IDEMPOTENCY_KEY, repeat_of};
#[cfg(feature = "body")]
pub use replay::{NotKept, REPLAY_LIMIT, Replay};
pub use retry_after::retry_after;
pub use rules::{Rules, RulesError};
