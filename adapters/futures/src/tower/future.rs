//! The future of a service's call.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{AsPolicy, Gate, GaveUp, Hook, Instant, IntoTerms, Judge, Terms};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::attempt::{Answer, Judged, Sends, Unsendable};
use super::error::Error;
use super::heard::Heard;
use super::requests::{Requests, Watch};
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
pub(super) fn withdraw<M: Timer, O: Operation, T: IntoTerms, R: Room>(run: Pin<&mut Running<M, O, T, R>>) {
    let run = run.project();
    if let Stage::Running(call) = &mut run.rest.stage {
        // No clock is read: an instant before the latest one counts as that.
        call.cancel(Instant::ZERO);
        unsent::withdraw::<O, T, R>(call, run.slots, &mut run.rest.operation, Instant::ZERO, |_| {});
    }
}

/// The terms of one request's call.
pub(super) type RequestTerms<P, J, W, H, G> = Terms<P, Judged<J, W>, Heard<H>, G>;

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

impl<M, S, Req, C, P, J, W, H, G, R> Future for ResponseFuture<M, Sends<S, Req, C>, RequestTerms<P, J, W, H, G>, R>
where
    M: Timer,
    S: Service<C::Sent> + Clone,
    C: Requests<Req> + Clone,
    P: AsPolicy,
    J: Judge<S::Response, S::Error>,
    W: Watch,
    H: Hook<S::Response, S::Error>,
    G: Gate,
    R: Room,
{
    type Output = Result<S::Response, Error<S::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(result(ready!(self.project().call.poll(context))))
    }
}

/// Turns the end of a call into the service's own result, if it has one.
pub(super) fn result<T, E>(end: Result<Answer<T, E>, GaveUp<Unsendable, Answer<T, E>>>) -> Result<T, Error<E>> {
    let answer = match end {
        Ok(answer) => answer,
        Err(gave_up) => match gave_up.split() {
            (Some(Ok(answer)), _) => answer,
            (Some(Err(Unsendable)), _) => return Err(Error::NotCloned),
            (None, none) => return Err(Error::GaveUp(none)),
        },
    };
    answer.result.map_err(Error::Service)
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
