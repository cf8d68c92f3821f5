//! The future of a service that insists.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use insist_futures::GaveUp;
use pin_project_lite::pin_project;

use super::attempt::{Answer, Unsendable};
use super::error::Error;

pin_project! {
    /// The call of one request. Dropping it cancels the attempts in flight.
    #[derive(Debug)]
    #[must_use = "nothing is sent before it is awaited"]
    pub struct ResponseFuture<F> {
        #[pin]
        call: F,
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(super) const fn new(call: F) -> Self {
        Self { call }
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Answer<T, E>, GaveUp<Answer<T, E>, Unsendable>>>,
{
    type Output = Result<T, Error<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match ready!(self.project().call.poll(context)) {
            Ok(answer) => answer,
            Err(gave_up) => match gave_up.split() {
                (Some(Ok(answer)), _) => answer,
                (Some(Err(Unsendable)), _) => return Poll::Ready(Err(Error::NotCloned)),
                (None, gave_up) => return Poll::Ready(Err(Error::GaveUp(gave_up))),
            },
        };
        Poll::Ready(answer.result.map_err(Error::Service))
    }
}
