//! A tower layer that retries or hedges the calls of a service, with any [`Timer`](crate::Timer).
//!
//! [`Layer::retry`] and [`Layer::race`] do what the functions of those names do, with the same methods, for every
//! request of a service. `insist-tokio` has the same layer with tokio's timer.
//!
//! ```
//! use insist_futures::tower::Layer;
//! use insist_futures::{Policy, Verdict, VirtualTimer};
//! use tower::{Layer as _, ServiceExt, service_fn};
//!
//! let timer = VirtualTimer::new();
//! let layer = Layer::<VirtualTimer>::retry(Policy::default()).timer(timer.clone());
//! let layer = layer.judge(|outcome: &Result<u16, &str>| match outcome {
//!     Ok(503) | Err(_) => Verdict::retry(),
//!     Ok(_) => Verdict::Accept,
//! });
//! let service = layer.layer(service_fn(|path: &'static str| async move { Ok(if path == "/" { 200 } else { 404 }) }));
//! assert_eq!(timer.block_on(service.oneshot("/")).unwrap(), 200);
//! ```
//!
//! - **Readiness.** The service that was polled ready makes the first attempt. Each further attempt is made by a clone,
//!   which is polled ready first; that wait is part of the attempt, and its timeout counts from before it. An attempt
//!   that had to wait until its timeout is [withdrawn](insist_core::Call::withdraw): it was never sent, so it is none of the
//!   policy's attempts, costs no budget, and is made again whatever may be repeated. So is what still waits when the call
//!   ends or is dropped. A service that is never ready is waited for as often as the policy has attempts.
//! - **Gates come before readiness**, always: a call that its gate holds back gives back the readiness that it was called
//!   with, so that nobody waits for a place that is not used.
//! - **Results** are the service's own: the accepted response or, when the call gives up, the last response or error.
//!   [`Error`] has a variant for calls that end without either.
//!   [`Layer::own_errors`] makes that one the service's own too. [`Layer::on_report`] shows how each call went.
//! - **Requests** are cloned. One that [`Layer::clone_with`] cannot clone is sent once. [`Layer::prepare`] changes the
//!   request of each attempt. For HTTP, with the feature `http`, `Layer::http` keeps what attempts read of a body and
//!   sends it again.

#[cfg(feature = "http")]
mod alone;
mod attempt;
mod choose;
mod endings;
mod error;
mod future;
mod heard;
#[cfg(feature = "http")]
mod http;
mod layer;
mod own_errors;
mod per_request;
mod reported;
mod requests;
mod service;

#[cfg(feature = "metrics")]
pub use choose::Measured;
#[cfg(feature = "tracing")]
pub use choose::Traced;
pub use choose::{Choose, Same};
pub use error::{BoxError, Error};
pub use future::ResponseFuture;
#[cfg(feature = "http")]
pub use http::{AsIs, HttpRepeat, Replayed, WrapBody};
pub use layer::Layer;
pub use own_errors::{OwnErrors, OwnFuture};
pub use per_request::PerRequest;
pub use reported::{Reported, ReportedFuture};
pub use requests::{Cloned, Prepared, Requests, Watch};
pub use service::Service;
