//! The future of a service's call.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{AsPolicy, Gate, Hook, Instant, IntoTerms, Judge, Terms};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::attempt::{Judged, Sends, Unsendable};
use super::clone_request::CloneRequest;
use super::error::Error;
use super::heard::Heard;
use crate::call::Keeping;
use crate::machine::Machine;
use crate::operation::Operation;
use crate::room::Room;
use crate::run::{Running, Stage};
use crate::timer::Timer;
use crate::unsent;

pin_project! {
    /// The future of one request's call. Dropping it cancels the attempts in flight.
    #[must_use = "nothing is sent before it is awaited"]
    pub struct ResponseFuture<M, O, T, R>
    where
        M: Timer,
        O: Operation,
        T: IntoTerms,
        R: Room,
    {
        #[pin]
        call: Keeping<M, O, T, R>,
    }

    impl<M, O, T, R> PinnedDrop for ResponseFuture<M, O, T, R>
    where
        M: Timer,
        O: Operation,
        T: IntoTerms,
        R: Room,
    {
        // The gates get back what they had reserved for attempts that were not sent.
        fn drop(this: Pin<&mut Self>) {
            withdraw(this.project().call.project().run);
        }
    }
}

/// Withdraws what has sent nothing, before the call is dropped.
fn withdraw<M: Timer, O: Operation, T: IntoTerms, R: Room>(run: Pin<&mut Running<M, O, T, R>>) {
    let run = run.project();
    if let Stage::Running(call) = &mut run.rest.stage {
        // No clock is read: an instant before the latest one counts as that.
        call.cancel(Instant::ZERO);
        unsent::withdraw::<O, T, R>(call, run.slots, &mut run.rest.operation, Instant::ZERO, |_| {});
    }
}

/// The terms of one request's call.
pub(super) type RequestTerms<P, J, H, G> = Terms<P, Judged<J>, Heard<H>, G>;

impl<M, O, T, R> ResponseFuture<M, O, T, R>
where
    M: Timer,
    O: Operation,
    T: IntoTerms,
    R: Room,
{
    #[inline]
    pub(super) const fn new(call: Keeping<M, O, T, R>) -> Self {
        Self { call }
    }
}

impl<M, S, Req, C, P, J, H, G, R> Future for ResponseFuture<M, Sends<S, Req, C>, RequestTerms<P, J, H, G>, R>
where
    M: Timer,
    S: Service<Req> + Clone,
    C: CloneRequest<Req>,
    P: AsPolicy,
    J: Judge<S::Response, S::Error>,
    H: Hook<S::Response, S::Error>,
    G: Gate,
    R: Room,
{
    type Output = Result<S::Response, Error<S::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match ready!(self.project().call.poll(context)) {
            Ok(answer) => answer,
            Err(gave_up) => match gave_up.split() {
                (Some(Ok(answer)), _) => answer,
                (Some(Err(Unsendable)), _) => return Poll::Ready(Err(Error::NotCloned)),
                (None, none) => return Poll::Ready(Err(Error::GaveUp(none))),
            },
        };
        Poll::Ready(answer.result.map_err(Error::Service))
    }
}

impl<M, O, T, R> fmt::Debug for ResponseFuture<M, O, T, R>
where
    M: Timer,
    O: Operation,
    T: IntoTerms,
    R: Room,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
