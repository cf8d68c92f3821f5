//! A drop-in for ureq 3 whose calls are retried, raced or hedged, as a policy says.
//!
//! A program stays as it is. One line in its `Cargo.toml` changes, and every call is retried:
//!
//! ```toml
//! [dependencies]
//! ureq = { package = "insist-ureq", version = "0.1" }
//! ```
//!
//! The features are ureq's, by their names and with their defaults, and [`tracing`](#tracing) and
//! [`metrics`](#metrics). Defaults: 3 attempts, 100 ms and then 200 ms apart with full jitter; statuses 408, 425, 429,
//! 500, 502, 503, 504 and those of edges (520 to 527, 529, 530) are retried, and so are connections that fail; GET, HEAD, OPTIONS, TRACE, PUT, DELETE and
//! requests with an `Idempotency-Key` are repeated,
//! others only if nothing of them was sent; `Retry-After` is honoured up to 5 minutes.
//!
//! # Other settings
//!
//! [`Insist`] adds methods to the builder of an agent, to an agent, and to the builder of a request. It is the only
//! name at the root that is not ureq's; policies, rules, gates and reports are in [`insisting`].
//!
//! ```no_run
//! use std::time::Duration;
//! use insist_ureq::insisting::{Policy, Report, Rules}; // or `use ureq::…`, by the name in Cargo.toml
//! use insist_ureq::{Agent, Insist};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(50))
//!     .attempts(5)
//!     .attempt_timeout(Duration::from_secs(2))
//!     .deadline(Duration::from_secs(10));
//!
//! let agent: Agent = Agent::config_builder()
//!     .https_only(true)
//!     .policy(POLICY)
//!     .build()
//!     .into();
//!
//! // A request may differ: three replicas are asked at once, and each may need a moment to catch up.
//! let mut answer = agent
//!     .get("https://one.example/doc")
//!     .replicas(["https://one.example/doc", "https://two.example/doc", "https://three.example/doc"])
//!     .policy(POLICY.lanes(3))
//!     .rules(Rules::new().retry_status(404))
//!     .with_report()
//!     .call()?;
//! let text = answer.body_mut().read_to_string()?;
//! if let Some(report) = answer.extensions().get::<Report>() {
//!     eprint!("{report}"); // a sentence, and one line for each attempt
//! }
//! # Ok::<_, insist_ureq::Error>(())
//! ```
//!
//! # What comes back
//!
//! A call returns ureq's own responses and errors. One that gives up returns the last real answer or error: the error
//! `StatusCode(503)`, or the answer itself if `http_status_as_error` is off. `Timeout(PerCall)` is the policy's attempt
//! timeout, `Timeout(Global)` its deadline or ureq's `timeout_global`, whichever is shorter. A call that never had an
//! outcome is an `Error::Other` that holds a [`GaveUp`](insisting::GaveUp) and says why.
//!
//! ```
//! use insist_ureq::insisting::{GaveUp, Policy};
//! use insist_ureq::{Error, Insist};
//!
//! let result = insist_ureq::get("http://example.com/").policy(Policy::default().attempts(0)).call();
//! let Err(Error::Other(error)) = result else { panic!() };
//! assert_eq!(error.to_string(), "nothing was sent: attempts is 0; a call needs at least 1");
//! assert!(error.is::<GaveUp>());
//! ```
//!
//! A [`Report`](insisting::Report) is made on request: [`with_report`](Insist::with_report) puts one into the
//! extensions of the response, [`report_to`](Insist::report_to) into a [`ReportSlot`](insisting::ReportSlot), also if
//! the call fails, and [`on_report`](Insist::on_report) shows each to a hook. [`notify`](Insist::notify) shows every
//! decision as it is made, with the answer or the error that it was made from.
//!
//! # How time is kept
//!
//! - The policy's attempt timeout bounds an attempt until the answer's head has arrived: look-up, connect and redirects
//!   included, and the body too with [`whole_body`](Insist::whole_body). ureq's own timeouts hold for each attempt as
//!   well.
//! - The policy's deadline and ureq's `timeout_global` bound the whole call: its attempts, the waits between them, and
//!   the reading of the body after it has returned.
//! - The body of an answer that is handed back unread, such as the last 503, is bounded only by the deadline and ureq's
//!   own timeouts.
//! - Between attempts at most 64 KiB of the unwanted body are read, for at most 100 ms, so that the connection can be
//!   used again. So it is with an answer that becomes `Error::StatusCode`.
//! - Silence has a limit of its own in ureq's `timeout_per_read`: a body that drips is not cut by it, one that stalls is.
//! - A name that has to be looked up within a time limit is looked up on a thread, for the system's look-up cannot be
//!   interrupted; where there is no thread to be had, on the caller's. Addresses and `localhost` need none. The threads for
//!   look-ups serve all calls of the process, and end when they had nothing to do for 10 s.
//!
//! # Connections
//!
//! - After a failure on a connection from the pool, the next attempt opens a new one, and the other idle connections of
//!   that host are let go. A TLS stream that has ended is not used again.
//! - Another attempt, in turn or beside the first, begins with another address of the same name.
//! - Nothing was sent if a look-up, a connect, a handshake or a proxy failed: then a POST is repeated too. A proxy that
//!   refuses with 4xx, but for 408, 425 and 429, is not asked again; its Retry-After is a hint.
//! - An answer that comes before the request is whole is the answer, and so is one in place of `100 Continue`.
//! - A body that ends with a reset is not whole, nor is one whose connection closes before its TLS stream has ended.
//!
//! # Races
//!
//! A call with one lane starts no thread. A call with more makes its first attempt on the caller's thread, and starts a
//! thread for each attempt that is sent while another is under way: a hedge that is never sent costs none. The first success
//! returns at once. Whatever the others are doing is interrupted (a look-up, connecting, a handshake, waiting for an answer),
//! their connections are closed, those from the pool as well, and no other call of the agent notices. One timer thread
//! serves all hedges and timeouts of the process, and ends when there was none for 10 s.
//!
//! Code that cannot be interrupted is never run on the caller's thread. So with middleware, with a connector or resolver of
//! your own, or through a SOCKS proxy, each attempt of a race has a thread. That of a loser stays until it is done, but it
//! sends nothing more.
//!
//! # Gates
//!
//! A [`Gate`](insisting::Gate) is state that many calls share: a retry [`Budget`](insisting::Budget), a circuit
//! [`Breaker`](insisting::Breaker), a [`Bulkhead`](insisting::Bulkhead), or your own. The calls of an agent share one,
//! and one line gives each host its own:
//!
//! ```no_run
//! use std::sync::Arc;
//! use insist_ureq::insisting::{Breaker, Budget, Bulkhead, GaveUp, Hosts, Instant};
//! use insist_ureq::{Agent, Error, Insist};
//!
//! let budget = Arc::new(Budget::new(0.1)); // over all calls, one retry for ten first sends
//! let agent = Agent::new_with_defaults()
//!     .gate(Arc::clone(&budget))
//!     .gate_per_host(Hosts::new(|| (Breaker::new(0.5), Bulkhead::new(10))));
//!
//! match agent.get("http://example.com/").call() {
//!     Err(Error::Other(error)) if matches!(error.downcast_ref(), Some(GaveUp::Refused(_))) => {
//!         eprintln!("{error}"); // nothing was sent: breaker is open
//!     }
//!     other => drop(other?),
//! }
//! eprintln!("{}", budget.state(Instant::now())); // 0 retries and hedges for 1 first send, 10 left
//! # Ok::<_, insist_ureq::Error>(())
//! ```
//!
//! An attempt that a gate refuses is not sent. If an earlier attempt had an answer or an error, the call returns that,
//! and the report's `refusal` names the gate. A redirect does not change the gate.
//!
//! # Replicas
//!
//! [`replicas`](Insist::replicas) lists addresses that attempts use in turn. A [`ReplicaSet`](insisting::ReplicaSet)
//! also tracks which of them are healthy, over all calls that share it:
//!
//! ```no_run
//! use insist_ureq::insisting::{Policy, ReplicaSet};
//! use insist_ureq::{Agent, Insist};
//! use std::time::Duration;
//!
//! let replicas = ReplicaSet::new(["https://one.example", "https://two.example"])?.rest(Duration::from_secs(10));
//! let agent = Agent::new_with_defaults()
//!     .policy(Policy::default().lanes(2).hedge_after(Duration::from_millis(50))) // the hedge goes to the other one
//!     .replica_set(&replicas);
//! let answer = agent.get("https://docs.example/doc").call()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Tracing
//!
//! With the feature `tracing`, every call opens a span `call` with a span `attempt` for each send, and an event for
//! each wait, at level debug.
//!
//! # Metrics
//!
//! With the feature `metrics`, every call is counted and timed through the `metrics` crate, where a recorder is
//! installed: attempts by kind and end, waits, refusals, calls by result. `metrics_as` gives them a
//! name. No address is among the labels. `insist-metrics` lists them, and records the state of gates too.
//!
//! # Bodies
//!
//! Empty bodies, bytes, strings, forms and JSON can be sent any number of times. Of a reader or a file up to 64 KiB are
//! kept as they are sent ([`replay_limit`](Insist::replay_limit)); a longer one is sent again only if nothing of it was
//! sent. A call with several lanes reads its body beforehand; one whose body exceeds that limit, of any kind, uses one
//! lane.
//!
//! A body that can be sent again goes to the new place after a 307 or 308, and a PUT, PATCH or DELETE after a 301 or 302
//! too; ureq itself ends with an error, or with a GET. Where a request has settings of its own (`.config()`), a 301 or
//! 302 makes a GET of it, as in ureq.
//!
//! # What differs from ureq
//!
//! - [`config::Config`] and the builder of agents are types of this crate with all getters and setters of ureq's, so
//!   that `Config::builder()`, `Config::default()` and [`new_agent`](config::Config::new_agent) lead to agents of this
//!   crate. The `Config` that ureq hands to a resolver or a connector is [`unversioned::Config`]. A `Config` or an
//!   `Agent` of ureq itself, from a crate that uses ureq, is another type, and does not compile in their place.
//! - Middleware runs once for each attempt, and sees an answer with status 4xx or 5xx as an answer, not as an error.
//! - [`RequestExt::with_agent`] takes an `Agent` or a reference to one, not ureq's unnamed wrapper of them.
//! - A name is looked up only when a connection has to be opened, and after a look at the pool. A resolver of your own is
//!   asked for each request, as in ureq.
//! - A request with a `Range` asks for no encoding, unless it names one itself: a part of an encoded form cannot be
//!   decoded. The body of an answer to HEAD, and of a 204 or a 304, is empty whatever its `Content-Encoding` says.
//! - An address with a port above 65535 is an error.
//! - Answers to be retried, and those read by `whole_body`, have bodies in memory: their `content_length()` is the
//!   length that was read, and text that ureq's feature `charset` has decoded has the charset `utf-8`.
//! - A GET, a POST and a PUT on a connection that is kept alive cost no more instructions than with ureq, and neither does
//!   a GET with a time limit of the policy. A POST with one, or a GET with settings of its own, costs up to 2 % more.
//! - ureq's features that begin with `_` are missing.

#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod api;
mod call;
mod client;
mod probe;
mod transport;

#[cfg(any(feature = "rustls-no-provider", feature = "native-tls-no-default"))]
pub use ureq::tls;
pub use ureq::{
    AsSendBody, Body, BodyBuilder, BodyReader, BodyWithConfig, Error, Proxy, ProxyBuilder, ProxyProtocol,
    RequestBuilder, ResponseExt, SendBody, Timeout, http, middleware, typestate,
};
#[cfg(feature = "cookies")]
pub use ureq::{Cookie, CookieJar};

/// ```no_run
/// use insist_ureq::insisting::{Policy, Rules};
/// use insist_ureq::{Agent, Insist};
/// use std::time::Duration;
///
/// let agent: Agent = Agent::config_builder()
///     .timeout_connect(Some(Duration::from_secs(1)))
///     .policy(Policy::exponential(Duration::from_millis(50)).attempts(5))
///     .build()
///     .into();
///
/// let response = agent
///     .get("http://example.com/eventually")
///     .rules(Rules::new().retry_status(404)) // for this request
///     .call()?;
/// # Ok::<_, insist_ureq::Error>(())
/// ```
#[doc(inline)]
pub use insist_http::client::Insist;

pub use api::{Agent, RequestExt, config};
pub use api::{agent, connect, delete, get, head, options, patch, post, put, run, trace};

/// The names that ureq does not have: policies, rules, gates, reports. They are not at the root, so that a glob import
/// of it brings ureq's names only.
pub mod insisting {
    pub use crate::api::{WithAgent, WithAgentBuilder};
    pub use crate::call::{Receive, ReceiveExt};
    pub use crate::client::{Detail, Event, Report, ReportSlot, Settings, Ureq};

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

/// ureq's low-level API, which does not follow semantic versioning, as it is in ureq 3.5.
pub mod unversioned {
    pub use ureq::unversioned::*;

    /// The configuration of ureq itself, which the traits of this module name. Agents have
    /// [`config::Config`](crate::config).
    pub use ureq::config::Config;
}
