//! A tower layer that retries or hedges the calls of a service, with tokio's timer.
//!
//! [`Layer::retry`](insist_futures::tower::Layer::retry) and `Layer::race` do what the functions of those names do,
//! with the same methods, for every request of a service:
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
//!     .layer(Layer::retry(POLICY).gate(&BUDGET).judge(|outcome: &Result<u16, std::io::Error>| match outcome {
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
//! With the feature `http`, `Layer::http(&POLICY)` is all that an HTTP client needs: statuses and `Retry-After`, errors, which
//! requests may be repeated, and bodies that are sent again. `Layer::grpc(Policy::grpc())` is the same for gRPC.
//!
//! [`insist_futures::tower`] says how it deals with readiness, with gates, and with requests that cannot be cloned.

pub use insist_futures::tower::{
    BoxError, Choose, Cloned, Error, OwnErrors, OwnFuture, PerRequest, Prepared, Reported, ReportedFuture, Requests,
    ResponseFuture, Same, Service, Watch,
};

#[cfg(feature = "metrics")]
pub use insist_futures::tower::Measured;
#[cfg(feature = "tracing")]
pub use insist_futures::tower::Traced;
#[cfg(feature = "http")]
pub use insist_futures::tower::{AsIs, HttpRepeat, Replayed, WrapBody};

use crate::TokioTimer;

/// [`insist_futures::tower::Layer`] with tokio's timer.
pub type Layer<S = (), const LANES: usize = 1> = insist_futures::tower::Layer<TokioTimer, S, LANES>;
