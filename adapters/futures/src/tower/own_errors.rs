//! Services whose own error says that a call ended without an outcome.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{GaveUp, Reason, SaysNoOutcome};
use pin_project_lite::pin_project;

use super::error::Error;

/// A layer, or a service, whose errors are those of the inner service, made by [`Layer::own_errors`].
///
/// [`Layer::own_errors`]: super::Layer::own_errors
#[derive(Clone, Copy, Debug)]
pub struct OwnErrors<L>(pub(super) L);

impl<S, L: tower_layer::Layer<S>> tower_layer::Layer<S> for OwnErrors<L> {
    type Service = OwnErrors<L::Service>;

    fn layer(&self, inner: S) -> Self::Service {
        OwnErrors(self.0.layer(inner))
    }
}

impl<S, Req, E> tower_service::Service<Req> for OwnErrors<S>
where
    S: tower_service::Service<Req, Error = Error<E>>,
    E: SaysNoOutcome,
{
    type Response = S::Response;
    type Error = E;
    type Future = OwnFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.0.poll_ready(context).map_err(own)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        OwnFuture { call: self.0.call(request) }
    }
}

pin_project! {
    /// The future of a call that ends with the service's own error.
    #[must_use = "nothing is sent before it is awaited"]
    #[derive(Debug)]
    pub struct OwnFuture<F> {
        #[pin]
        call: F,
    }
}

impl<F, T, E> Future for OwnFuture<F>
where
    F: Future<Output = Result<T, Error<E>>>,
    E: SaysNoOutcome,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(self.project().call.poll(context)).map_err(own))
    }
}

fn own<E: SaysNoOutcome>(error: Error<E>) -> E {
    match error {
        Error::Service(error) => error,
        Error::GaveUp(none) => E::no_outcome(none),
        Error::NotCloned => E::no_outcome(GaveUp::<()>::new(Reason::NotRepeatable, 1, None).split().1),
    }
}
