//! The service that retries or hedges the calls of another.

use core::mem;
use core::task::{Context, Poll};

use insist_core::{AsPolicy, Gate, Hook, Judge, Repeat, Terms};

use super::attempt::{Judged, Sends};
use super::choose::Choose;
use super::error::Error;
use super::future::{RequestTerms, ResponseFuture};
use super::heard::Heard;
use super::layer::Layer;
use super::per_request::PerRequest;
use super::requests::Requests;
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

    pub(super) const fn parts(&mut self) -> (&mut S, &L) {
        (&mut self.inner, &self.layer)
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
    S: tower_service::Service<C::Sent> + Clone,
    M: Timer + Clone,
    P: Choose<Req, Choice: AsPolicy>,
    J: Judge<S::Response, S::Error> + Clone,
    H: Choose<Req, Choice: Hook<S::Response, S::Error>>,
    G: Choose<Req, Choice: Gate>,
    R: Choose<Req, Choice = Repeat>,
    C: Requests<Req> + Clone,
    K: Choose<Req, Choice = Option<u64>>,
    Lanes<LANES>: Room,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    #[allow(clippy::type_complexity, reason = "the future's own parameters")]
    type Future = ResponseFuture<
        M,
        Sends<S, Req, C>,
        RequestTerms<P::Choice, J, C::Watch, H::Choice, (C::OneLane, G::Choice)>,
        Lanes<LANES>,
    >;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Error::Service)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture::new(drive(&mut self.inner, &self.layer, request).keep())
    }
}

/// The driver of one request's call.
pub(super) type RequestDriver<M, S, Req, C, P, J, H, G, const LANES: usize> = Driver<
    M,
    Sends<S, Req, C>,
    RequestTerms<P, J, <C as Requests<Req>>::Watch, H, (<C as Requests<Req>>::OneLane, G)>,
    LANES,
>;

/// Describes the call of a request. The service that was polled ready makes the first attempt; a clone takes its place.
#[inline]
pub(super) fn drive<S, Req, M, P, J, H, G, R, C, K, const LANES: usize>(
    inner: &mut S,
    layer: &Layer<M, PerRequest<P, J, H, G, R, C, K>, LANES>,
    mut request: Req,
) -> RequestDriver<M, S, Req, C, P::Choice, J, H::Choice, G::Choice, LANES>
where
    S: Clone,
    M: Clone,
    P: Choose<Req, Choice: AsPolicy>,
    J: Clone,
    H: Choose<Req>,
    G: Choose<Req, Choice: Gate>,
    R: Choose<Req, Choice = Repeat>,
    C: Requests<Req> + Clone,
    K: Choose<Req, Choice = Option<u64>>,
{
    let unready = inner.clone();
    let ready = mem::replace(inner, unready);
    let Layer { timer, requests } = layer;
    requests.clone_with.announce(&mut request);
    let policy = requests.policy.choose(&request);
    let (hook, gate, seed) =
        (requests.hook.choose(&request), requests.gate.choose(&request), requests.seed.choose(&request));
    let repeat = requests.repeat.choose(&request);
    let is_sent_once = repeat == Repeat::Never || policy.as_policy().get_attempts() == Some(1);
    let kept = requests.clone_with.begin(request);
    let spare = if is_sent_once { None } else { requests.clone_with.copy(&kept) };
    let repeat = if spare.is_some() || is_sent_once { repeat } else { Repeat::Never };
    let one_lane = requests.clone_with.one_lane(&kept);
    let judge = Judged { judge: requests.judge.clone(), watch: requests.clone_with.watch(&kept) };
    let operation = Sends::new(ready, kept, spare, requests.clone_with.clone());
    let mut terms = Terms::new(policy).judge_with(judge).notify_with(Heard(hook)).gate((one_lane, gate)).repeat(repeat);
    terms.seed = seed;
    Driver { timer: timer.clone(), operation, terms }
}
