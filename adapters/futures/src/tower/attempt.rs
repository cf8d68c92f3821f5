//! An attempt of a service: waits until the service is ready, then calls it.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{Attempt, Instant, Judge, Verdict};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::requests::{Requests, Watch};
use crate::operation::{Operation, Outcomes, Sealed};

/// The end of an attempt of a service.
#[expect(unnameable_types, reason = "plumbing of ResponseFuture")]
pub struct Answer<T, E> {
    /// The service's response, or its error.
    pub(super) result: Result<T, E>,
    /// True if the service was called: an error of its readiness is known not to have been sent.
    is_sent: bool,
}

/// The error of an attempt without a request, which could be cloned once but not again.
#[expect(unnameable_types, reason = "plumbing of ResponseFuture")]
#[derive(Clone, Copy, Debug)]
pub struct Unsendable;

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the request could be cloned once and then no more; \
             clone_with must keep to its word, or say None for the first attempt",
        )
    }
}

impl core::error::Error for Unsendable {}

/// Judges an [`Answer`] with the judge of the service's outcomes. A failure of a request that cannot be sent again is the
/// last.
#[expect(unnameable_types, reason = "plumbing of ResponseFuture")]
#[derive(Clone, Copy, Debug)]
pub struct Judged<J, W> {
    pub(super) judge: J,
    pub(super) watch: W,
}

impl<T, E, J: Judge<T, E>, W: Watch> Judge<Answer<T, E>, Unsendable> for Judged<J, W> {
    #[inline]
    fn judge(&mut self, outcome: &Result<Answer<T, E>, Unsendable>) -> Verdict {
        self.judge_attempt(1, outcome)
    }

    #[inline]
    fn judge_attempt(&mut self, attempt: u32, outcome: &Result<Answer<T, E>, Unsendable>) -> Verdict {
        let Ok(answer) = outcome else { return Verdict::Stop };
        match self.judge.judge_attempt(attempt, &answer.result) {
            verdict if !answer.is_sent => verdict.unsent(),
            Verdict::Retry(_) if !self.watch.can_be_sent_again() => Verdict::Stop,
            verdict => verdict,
        }
    }
}

/// Sends a request to a service that is ready, and its copies to clones of the service.
#[expect(unnameable_types, reason = "plumbing of ResponseFuture")]
pub struct Sends<S, Req, C: Requests<Req>> {
    service: S,
    /// True until the first attempt was made, or delayed by a gate.
    is_ready: bool,
    first: Option<C::Kept>,
    spare: Option<C::Kept>,
    requests: C,
}

impl<S, Req, C: Requests<Req>> Sends<S, Req, C> {
    pub(super) const fn new(ready: S, request: C::Kept, spare: Option<C::Kept>, requests: C) -> Self {
        Self { service: ready, is_ready: true, first: Some(request), spare, requests }
    }
}

impl<T, E> fmt::Debug for Answer<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl<S, Req, C: Requests<Req>> fmt::Debug for Sends<S, Req, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sends").finish_non_exhaustive()
    }
}

impl<S, Req, C: Requests<Req>> Sealed for Sends<S, Req, C> {}

impl<S: Service<C::Sent>, Req, C: Requests<Req>> Outcomes for Sends<S, Req, C> {
    type Value = Answer<S::Response, S::Error>;
    type Error = Unsendable;
}

impl<S, Req, C> Operation for Sends<S, Req, C>
where
    S: Service<C::Sent> + Clone,
    C: Requests<Req> + Clone,
{
    type Future = Sending<S, Req, C, S::Future>;

    const MAY_BE_UNSENT: bool = true;

    #[inline]
    fn send(&mut self, attempt: Attempt, now: Instant) -> Self::Future {
        let mut request = self.first.take();
        if core::mem::take(&mut self.is_ready) {
            if let Some(request) = request {
                let request = self.requests.send(request, &C::note(&attempt));
                return Sending { step: Step::Calling { call: self.service.call(request) } };
            }
        }
        request = request.or_else(|| self.spare.as_ref().and_then(|spare| self.requests.copy(spare)));
        request = request.or_else(|| self.spare.take());
        let until =
            attempt.timeout().and_then(|timeout| now.checked_add(timeout)).unwrap_or(Instant::from_nanos(u64::MAX));
        let (service, requests) = (self.service.clone(), self.requests.clone());
        Sending { step: Step::Readying { service, requests, note: C::note(&attempt), request, until } }
    }

    /// A ready service that is not used would keep others waiting, perhaps those that hold the gate.
    #[inline]
    fn on_wait(&mut self) {
        if self.is_ready && self.first.is_some() {
            self.is_ready = false;
            self.service = self.service.clone();
        }
    }

    #[inline]
    fn unsent_until(attempt: &Self::Future) -> Option<Instant> {
        match attempt.step {
            Step::Readying { until, .. } => Some(until),
            Step::Calling { .. } => None,
        }
    }

    fn take_back(&mut self, attempt: Pin<&mut Self::Future>) {
        if let Now::Readying { request, .. } = attempt.project().step.project() {
            self.first = self.first.take().or_else(|| request.take());
        }
    }
}

pin_project! {
    /// An attempt in flight.
    pub struct Sending<S, Req, C, F>
    where
        C: Requests<Req>,
    {
        #[pin]
        step: Step<S, Req, C, F>,
    }
}

pin_project! {
    #[project = Now]
    enum Step<S, Req, C, F>
    where
        C: Requests<Req>,
    {
        Readying { service: S, requests: C, note: C::Note, request: Option<C::Kept>, until: Instant },
        Calling { #[pin] call: F },
    }
}

impl<S: Service<C::Sent>, Req, C: Requests<Req>> Future for Sending<S, Req, C, S::Future> {
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
                Now::Readying { service, requests, note, request: slot, .. } => {
                    if slot.is_some() {
                        if let Err(error) = ready!(service.poll_ready(context)) {
                            return Poll::Ready(Ok(Answer { result: Err(error), is_sent: false }));
                        }
                    }
                    let Some(request) = slot.take() else { return Poll::Ready(Err(Unsendable)) };
                    service.call(requests.send(request, note))
                }
            };
            step.set(Step::Calling { call });
        }
    }
}
