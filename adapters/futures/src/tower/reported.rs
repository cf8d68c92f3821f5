//! Services that show the report of each call.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{
    AsPolicy, AttemptEnd, Decision, Event, Gate, Hook, IntoTerms, Judge, Log, NoDetail, Repeat, Report, Terms,
};
use pin_project_lite::pin_project;

use super::attempt::{Answer, Judged, Sends, Unsendable};
use super::choose::Choose;
use super::error::Error;
use super::future::{result, withdraw};
use super::heard::Heard;
use super::layer::Layer;
use super::own_errors::OwnErrors;
use super::per_request::PerRequest;
use super::requests::{Requests, Watch};
use super::service::{Service, drive};
use crate::driver::Driver;
use crate::fast_path::FirstPoll;
use crate::machine::Machine;
use crate::operation::Operation;
use crate::room::{Lanes, Room};
use crate::run::Running;
use crate::timer::Timer;

/// A layer, or a service, that shows the report of each call, made by [`Layer::on_report`].
#[derive(Clone, Copy, Debug)]
pub struct Reported<L, F, W> {
    pub(super) layer: L,
    pub(super) describe: F,
    pub(super) tell: W,
}

impl<L, F, W> Reported<L, F, W> {
    /// Makes the service's own error the error of a call that ended without one too. See [`Layer::own_errors`].
    pub fn own_errors(self) -> OwnErrors<Self> {
        OwnErrors(self)
    }
}

impl<S, L: tower_layer::Layer<S>, F: Clone, W: Clone> tower_layer::Layer<S> for Reported<L, F, W> {
    type Service = Reported<L::Service, F, W>;

    fn layer(&self, inner: S) -> Self::Service {
        Reported { layer: self.layer.layer(inner), describe: self.describe.clone(), tell: self.tell.clone() }
    }
}

/// Describes an outcome for the log of a report: a function does, and [`NoDescription`] says nothing.
#[expect(unnameable_types, reason = "everybody gives a function")]
pub trait Describe<T, E> {
    type Detail;
    fn describe(&self, outcome: &Result<T, E>) -> Self::Detail;
}

#[expect(unnameable_types, reason = "plumbing of Reported")]
#[derive(Clone, Copy, Debug)]
pub struct NoDescription;

impl<T, E> Describe<T, E> for NoDescription {
    type Detail = NoDetail;

    fn describe(&self, _: &Result<T, E>) -> NoDetail {
        NoDetail
    }
}

impl<T, E, D, F: Fn(&Result<T, E>) -> D> Describe<T, E> for F {
    type Detail = D;

    fn describe(&self, outcome: &Result<T, E>) -> D {
        self(outcome)
    }
}

/// Keeps the log of a call, with a detail of each outcome, and hands on what the hook hears.
#[expect(unnameable_types, reason = "plumbing of ReportedFuture")]
pub struct Kept<H, F, D> {
    hook: Heard<H>,
    describe: F,
    log: Log<D>,
}

impl<H, F, D> fmt::Debug for Kept<H, F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<T, E, H, F> Hook<Answer<T, E>, Unsendable> for Kept<H, F, F::Detail>
where
    H: Hook<T, E>,
    F: Describe<T, E>,
{
    fn on_event(&mut self, event: &Event<'_, Answer<T, E>, Unsendable>) {
        match &event.decision {
            Decision::Judged(judged) if judged.handled.counts() => {
                if let Some(Ok(answer)) = judged.outcome {
                    self.log.detail(judged.attempt, self.describe.describe(&answer.result));
                }
                self.log.ended(judged.attempt, event.at, judged.verdict.into());
            }
            Decision::Withdrawn(withdrawn) if withdrawn.handled.counts() => {
                self.log.ended(withdrawn.attempt, event.at, AttemptEnd::Withdrawn);
            }
            Decision::Action(action) => self.log.on_action(event.at, action),
            _ => {}
        }
        self.hook.on_event(event);
    }

    fn enter(&mut self, attempt: u32) {
        Hook::<Answer<T, E>, Unsendable>::enter(&mut self.hook, attempt);
    }

    fn leave(&mut self, attempt: u32) {
        Hook::<Answer<T, E>, Unsendable>::leave(&mut self.hook, attempt);
    }
}

/// The terms of one request's call that is reported.
type ReportedTerms<P, J, W, H, G, F, D> = Terms<P, Judged<J, W>, Kept<H, F, D>, G>;

impl<S, Req, M, P, J, H, G, R, C, K, F, W, const LANES: usize> tower_service::Service<Req>
    for Reported<Service<S, Layer<M, PerRequest<P, J, H, G, R, C, K>, LANES>>, F, W>
where
    S: tower_service::Service<C::Sent> + Clone,
    M: Timer + Clone,
    P: Choose<Req, Choice: AsPolicy>,
    J: Judge<S::Response, S::Error> + Clone,
    H: Choose<Req, Choice: Hook<S::Response, S::Error>>,
    G: Choose<Req, Choice: Gate>,
    R: Choose<Req, Choice = Repeat>,
    C: Requests<Req> + Clone,
    K: Choose<Req, Choice = Option<u64>>,
    F: Describe<S::Response, S::Error> + Clone,
    W: Fn(&Report<F::Detail>) + Clone,
    Lanes<LANES>: Room,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = ReportedFuture<
        M,
        Sends<S, Req, C>,
        ReportedTerms<P::Choice, J, C::Watch, H::Choice, (C::OneLane, G::Choice), F, F::Detail>,
        Lanes<LANES>,
        W,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.layer.poll_ready(context)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let (inner, layer) = self.layer.parts();
        let Driver { timer, operation, terms } = drive(inner, layer, request);
        let describe = self.describe.clone();
        let terms = terms.map_hook(|hook| Kept { hook, describe, log: Log::new() });
        let run = Running::new(Driver::<_, _, _, LANES> { timer, operation, terms });
        ReportedFuture { run, tell: self.tell.clone() }
    }
}

pin_project! {
    /// The future of one request's call, which shows its report. Dropping it cancels the attempts in flight.
    #[must_use = "nothing is sent before it is awaited"]
    pub struct ReportedFuture<M, O, T, R, W>
    where
        M: Timer,
        O: Operation,
        T: IntoTerms,
        R: Room,
    {
        #[pin]
        run: Running<M, O, T, R>,
        tell: W,
    }

    impl<M, O, T, R, W> PinnedDrop for ReportedFuture<M, O, T, R, W>
    where
        M: Timer,
        O: Operation,
        T: IntoTerms,
        R: Room,
    {
        // The gates get back what they had reserved for attempts that were not sent.
        fn drop(this: Pin<&mut Self>) {
            withdraw(this.project().run);
        }
    }
}

impl<M, S, Req, C, P, J, U, H, G, F, R, W> Future
    for ReportedFuture<M, Sends<S, Req, C>, ReportedTerms<P, J, U, H, G, F, F::Detail>, R, W>
where
    M: Timer,
    S: tower_service::Service<C::Sent> + Clone,
    C: Requests<Req> + Clone,
    P: AsPolicy,
    J: Judge<S::Response, S::Error>,
    U: Watch,
    H: Hook<S::Response, S::Error>,
    G: Gate,
    F: Describe<S::Response, S::Error>,
    R: Room,
    W: Fn(&Report<F::Detail>),
{
    type Output = Result<S::Response, Error<S::Error>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut run = this.run;
        let FirstPoll::GoOn { news } = run.as_mut().first_poll(context) else {
            unreachable!("a hook that keeps a log listens")
        };
        let finished = ready!(run.go_on(context, news));
        let log = core::mem::take(&mut finished.hook.log);
        let (end, report) = finished.call.report(finished.end, finished.started, log);
        (this.tell)(&report);
        Poll::Ready(result(end))
    }
}

impl<M, O, T, R, W> fmt::Debug for ReportedFuture<M, O, T, R, W>
where
    M: Timer,
    O: Operation,
    T: IntoTerms,
    R: Room,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportedFuture").finish_non_exhaustive()
    }
}
