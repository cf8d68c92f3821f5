//! A tower layer that retries or hedges the calls of a service, with async-io's timer. [`insist_futures::tower`] says
//! how it works.

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

use crate::SmolTimer;

/// [`insist_futures::tower::Layer`] with async-io's timer.
pub type Layer<S = (), const LANES: usize = 1> = insist_futures::tower::Layer<SmolTimer, S, LANES>;
