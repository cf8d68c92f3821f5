//! A tower layer: calls of a service that insist, retried or hedged.
//!
//! [`Layer::retry`] and [`Layer::race`] say what the functions of those names say, with the same words, for every request
//! that a service is called with:
//!
//! ```
//! use std::time::Duration;
//! use insist_tokio::{Budget, Policy, Verdict, tower::Layer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//! static BUDGET: Budget = Budget::new(0.2); // shared by all clones of the service
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower::BoxError> {
//! let service = ServiceBuilder::new()
//!     .layer(Layer::retry(&POLICY).gate(&BUDGET).judge(|outcome: &Result<u16, std::io::Error>| match outcome {
//!         Ok(503) | Err(_) => Verdict::retry(),
//!         Ok(_) => Verdict::Accept,
//!     }))
//!     .concurrency_limit(10)
//!     .service(service_fn(|path: &'static str| async move { Ok(if path == "/" { 200 } else { 404 }) }));
//! assert_eq!(service.oneshot("/").await?, 200);
//! # Ok(())
//! # }
//! ```
//!
//! - **Readiness.** The service that was polled ready makes the first attempt. Each further attempt is made by a clone,
//!   which is polled ready first; that wait is part of the attempt, and its timeout counts from before it.
//! - **What is given back** is the service's own: the response that was accepted or, when the call gives up, the last
//!   response or error, whichever it was. [`Error`] has a variant for calls that end without either.
//! - **Requests** are cloned. Where [`Layer::clone_with`] says that one cannot be, it is sent once.

mod attempt;
mod choose;
mod error;
mod future;
mod layer;
mod service;

pub use attempt::{Answer, Judged, Sending, Sends, Unsendable};
#[cfg(feature = "tracing")]
pub use choose::Traced;
pub use choose::{Choose, Cloned, Same};
pub use error::{BoxError, Error};
pub use future::ResponseFuture;
pub use layer::Layer;
pub use service::Service;
