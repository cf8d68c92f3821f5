//! An attempt of a service: wait until it is ready, then call it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use insist_futures::{Attempt, Judge, Operation, Outcomes, Sent, Verdict};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::choose::Choose;

/// What an attempt of a service has ended with.
#[derive(Debug)]
pub struct Answer<T, E> {
    /// The service's response, or its error.
    pub result: Result<T, E>,
    /// Whether the service was called: an error of its readiness is known not to have been sent.
    pub is_sent: bool,
}

/// There was no request left to send: it could be cloned at first, and then it could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsendable;

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the request could be cloned once and then no more; \
             clone_with must keep to its word, or say None for the first attempt",
        )
    }
}

impl std::error::Error for Unsendable {}

/// The judge of a service's outcomes, asked about an [`Answer`].
#[derive(Clone, Copy, Debug)]
pub struct Judged<J>(pub(super) J);

impl<T, E, J: Judge<T, E>> Judge<Answer<T, E>, Unsendable> for Judged<J> {
    #[inline]
    fn judge(&mut self, outcome: &Result<Answer<T, E>, Unsendable>) -> Verdict {
        match outcome {
            Ok(answer) if answer.is_sent => self.0.judge(&answer.result),
            Ok(answer) => self.0.judge(&answer.result).sent(Sent::No),
            Err(Unsendable) => Verdict::Stop,
        }
    }
}

/// Sends a request to a service that is ready, and its clones to clones of the service.
#[derive(Debug)]
pub struct Sends<S, Req, C> {
    /// Ready until the first attempt.
    service: S,
    first: Option<Req>,
    spare: Option<Req>,
    clone_with: C,
}

impl<S, Req, C> Sends<S, Req, C> {
    pub(super) const fn new(ready: S, request: Req, spare: Option<Req>, clone_with: C) -> Self {
        Self { service: ready, first: Some(request), spare, clone_with }
    }
}

impl<S: Service<Req>, Req, C> Outcomes for Sends<S, Req, C> {
    type Value = Answer<S::Response, S::Error>;
    type Error = Unsendable;
}

impl<S, Req, C> Operation for Sends<S, Req, C>
where
    S: Service<Req> + Clone,
    C: Choose<Req, Choice = Option<Req>>,
{
    type Future = Sending<S, Req, S::Future>;

    #[inline]
    fn send(&mut self, _: Attempt) -> Self::Future {
        if let Some(request) = self.first.take() {
            return Sending { step: Step::Calling { call: self.service.call(request) } };
        }
        let clone = self.spare.as_ref().and_then(|spare| self.clone_with.choose(spare));
        let request = clone.or_else(|| self.spare.take());
        Sending { step: Step::Readying { service: self.service.clone(), request } }
    }
}

pin_project! {
    /// An attempt in flight.
    #[derive(Debug)]
    pub struct Sending<S, Req, F> {
        #[pin]
        step: Step<S, Req, F>,
    }
}

pin_project! {
    #[project = Now]
    #[derive(Debug)]
    enum Step<S, Req, F> {
        Readying { service: S, request: Option<Req> },
        Calling { #[pin] call: F },
    }
}

impl<S: Service<Req>, Req> Future for Sending<S, Req, S::Future> {
    type Output = Result<Answer<S::Response, S::Error>, Unsendable>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        loop {
            let call = match step.as_mut().project() {
                Now::Calling { call } => {
                    let result = ready!(call.poll(context));
                    return Poll::Ready(Ok(Answer { result, is_sent: true }));
                }
                Now::Readying { service, request: slot } => {
                    if slot.is_some() {
                        if let Err(error) = ready!(service.poll_ready(context)) {
                            return Poll::Ready(Ok(Answer { result: Err(error), is_sent: false }));
                        }
                    }
                    let Some(request) = slot.take() else { return Poll::Ready(Err(Unsendable)) };
                    service.call(request)
                }
            };
            step.set(Step::Calling { call });
        }
    }
}
