//! A service that insists on another service's answers.

use std::mem;
use std::ops::Deref;
use std::task::{Context, Poll};

use insist_futures::{Backoff, Driver, Gate, Hook, Judge, Lanes, Policy, Repeat, Room, TryCalling, Watched};

use super::attempt::{Answer, Judged, Sends, Unsendable};
use super::choose::Choose;
use super::error::Error;
use super::future::ResponseFuture;
use super::layer::Layer;
use crate::TokioTimer;

/// A service that insists as its [`Layer`] says. Clones share the gate that the layer was given.
///
/// It is ready when the inner service is; an error of that readiness ends the call before it begins. The policy's
/// deadline starts when the future is first polled, not when the wait for readiness starts.
#[derive(Clone, Copy, Debug)]
pub struct Service<S, L> {
    inner: S,
    layer: L,
}

impl<S, L> Service<S, L> {
    /// What [`Layer::layer`](tower_layer::Layer::layer) makes.
    pub const fn new(inner: S, layer: L) -> Self {
        Self { inner, layer }
    }

    /// The service that is called.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service that is called, for changing it.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service that is called.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, P, J, H, G, R, C, const LANES: usize> tower_layer::Layer<S> for Layer<P, J, H, G, R, C, LANES>
where
    Self: Clone,
{
    type Service = Service<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Service::new(inner, self.clone())
    }
}

impl<S, Req, P, B, J, H, G, R, C, const LANES: usize> tower_service::Service<Req>
    for Service<S, Layer<P, J, H, G, R, C, LANES>>
where
    S: tower_service::Service<Req> + Clone,
    P: Choose<Req>,
    P::Choice: Deref<Target = Policy<B>>,
    B: Backoff,
    J: Judge<S::Response, S::Error> + Clone,
    H: Choose<Req>,
    H::Choice: Hook<Answer<S::Response, S::Error>, Unsendable>,
    G: Choose<Req>,
    G::Choice: Gate,
    R: Choose<Req, Choice = Repeat>,
    C: Choose<Req, Choice = Option<Req>> + Clone,
    Lanes<LANES>: Room,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = ResponseFuture<
        TryCalling<TokioTimer, P::Choice, Sends<S, Req, C>, Judged<J>, H::Choice, Watched<G::Choice>, LANES>,
    >;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Error::Service)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let unready = self.inner.clone();
        let ready = mem::replace(&mut self.inner, unready);
        let Layer { policy, judge, hook, gate, repeat, clone_with, seed } = &self.layer;
        let (policy, hook, gate) = (policy.choose(&request), hook.choose(&request), gate.choose(&request));
        let repeat = repeat.choose(&request);
        let spare = if repeat == Repeat::Never { None } else { clone_with.choose(&request) };
        let repeat = if spare.is_some() { repeat } else { Repeat::Never };
        let sends = Sends::new(ready, request, spare, clone_with.clone());
        let mut driver = Driver::new(TokioTimer, policy, sends)
            .judge_with(Judged(judge.clone()))
            .notify_with(hook)
            .gate(gate)
            .repeat(repeat)
            .room::<LANES>();
        if let Some(seed) = *seed {
            driver = driver.seed(seed);
        }
        ResponseFuture::new(driver.try_call())
    }
}
