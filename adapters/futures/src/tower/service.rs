//! The service that retries or hedges the calls of another.

use core::mem;
use core::task::{Context, Poll};

use insist_core::{AsPolicy, Gate, Hook, Judge, Repeat, Terms};

use super::attempt::{Judged, Sends};
use super::choose::Choose;
use super::clone_request::CloneRequest;
use super::error::Error;
use super::future::{RequestTerms, ResponseFuture};
use super::heard::Heard;
use super::layer::Layer;
use super::per_request::PerRequest;
use crate::driver::Driver;
use crate::room::{Lanes, Room};
use crate::timer::Timer;

/// A service that retries or hedges the calls of an inner service, as its [`Layer`] says. Clones share the layer's
/// gate.
///
/// It is ready when the inner service is; an error of the inner `poll_ready` is returned from its own. The policy's
/// deadline starts when the future is first polled, not when the wait for readiness starts.
#[derive(Clone, Copy, Debug)]
pub struct Service<S, L> {
    inner: S,
    layer: L,
}

impl<S, L> Service<S, L> {
    /// Wraps a service, as [`Layer::layer`](tower_layer::Layer::layer) does.
    pub const fn new(inner: S, layer: L) -> Self {
        Self { inner, layer }
    }

    /// Returns the inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the inner service, mutably.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, M: Clone, L: Clone, const LANES: usize> tower_layer::Layer<S> for Layer<M, L, LANES> {
    type Service = Service<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Service::new(inner, self.clone())
    }
}

impl<S, Req, M, P, J, H, G, R, C, K, const LANES: usize> tower_service::Service<Req>
    for Service<S, Layer<M, PerRequest<P, J, H, G, R, C, K>, LANES>>
where
    S: tower_service::Service<Req> + Clone,
    M: Timer + Clone,
    P: Choose<Req, Choice: AsPolicy>,
    J: Judge<S::Response, S::Error> + Clone,
    H: Choose<Req, Choice: Hook<S::Response, S::Error>>,
    G: Choose<Req, Choice: Gate>,
    R: Choose<Req, Choice = Repeat>,
    C: CloneRequest<Req> + Clone,
    K: Choose<Req, Choice = Option<u64>>,
    Lanes<LANES>: Room,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = ResponseFuture<M, Sends<S, Req, C>, RequestTerms<P::Choice, J, H::Choice, G::Choice>, Lanes<LANES>>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Error::Service)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let unready = self.inner.clone();
        let ready = mem::replace(&mut self.inner, unready);
        let Layer { timer, requests } = &self.layer;
        let policy = requests.policy.choose(&request);
        let (hook, gate, seed) =
            (requests.hook.choose(&request), requests.gate.choose(&request), requests.seed.choose(&request));
        let repeat = requests.repeat.choose(&request);
        let is_sent_once = repeat == Repeat::Never || policy.as_policy().get_attempts() == Some(1);
        let spare = if is_sent_once { None } else { requests.clone_with.clone_request(&request) };
        let repeat = if spare.is_some() || is_sent_once { repeat } else { Repeat::Never };
        let operation = Sends::new(ready, request, spare, requests.clone_with.clone());
        let mut terms = Terms::new(policy)
            .judge_with(Judged(requests.judge.clone()))
            .notify_with(Heard(hook))
            .gate(gate)
            .repeat(repeat);
        terms.seed = seed;
        ResponseFuture::new(Driver::<_, _, _, LANES> { timer: timer.clone(), operation, terms }.keep())
    }
}
