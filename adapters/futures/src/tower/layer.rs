//! The layer: the methods of `retry` and `race`, for all requests of a service or for each.

use insist_core::{AsPolicy, Attempt, Event, Gate, Hook, IntoTerms, OnRetry, Repeat, Retrying, Verdict, When};

use super::choose::Same;
use super::per_request::{PerRequest, SameTerms};
use super::requests::Prepared;
use crate::race::LANES;
use crate::room::{Lanes, Room};
use crate::timer::Timer;

/// A layer that retries or hedges every call of a service; [`layer`](tower_layer::Layer::layer) makes a
/// [`Service`](super::Service) of it.
///
/// The methods are those of [`retry`](crate::retry()). A value is cloned for each call, so give what calls share by
/// reference or as an `Arc`. The methods `…_for` and `clone_with` take a function of the request.
///
/// ```
/// use core::time::Duration;
/// use std::sync::Arc;
/// use insist_futures::{Budget, Policy, Repeat, VirtualTimer, tower::Layer};
///
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
///
/// #[derive(Clone)]
/// struct Request { is_safe: bool }
///
/// let layer = Layer::<VirtualTimer>::retry(POLICY)
///     .gate(Arc::new(Budget::new(0.2)))
///     .when(|error: &std::io::Error| error.kind() != std::io::ErrorKind::NotFound)
///     .repeat_for(|request: &Request| if request.is_safe { Repeat::Always } else { Repeat::IfUnsent });
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a layer does nothing until it is laid around a service"]
pub struct Layer<M, S = (), const LANES: usize = 1> {
    pub(super) timer: M,
    pub(super) requests: S,
}

impl<M: Timer + Default> Layer<M> {
    /// Makes a layer whose calls send their attempts one after the other, with a policy or terms, given by value, by
    /// reference or in an `Arc`.
    ///
    /// A policy with more than one lane is refused as invalid; use [`race`](Self::race).
    pub fn retry<S: IntoTerms>(terms: S) -> Layer<M, SameTerms<S>> {
        Layer { timer: M::default(), requests: PerRequest::same(terms) }
    }

    /// Makes a layer whose calls have as many attempts in flight as the policy has lanes, up to 4;
    /// [`room`](Layer::room) allows more.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_futures::{Policy, VirtualTimer, tower::Layer};
    /// use tower::{Layer as _, ServiceExt, service_fn};
    ///
    /// /// A second request if the first has not answered after 20 ms.
    /// const POLICY: Policy = Policy::zero().lanes(2).hedge_after(Duration::from_millis(20));
    ///
    /// let timer = VirtualTimer::new();
    /// let layer = Layer::<VirtualTimer>::race(POLICY).timer(timer.clone());
    /// let service = layer.layer(service_fn(|word: &'static str| {
    ///     let sleep = timer.sleep(Duration::from_millis(50));
    ///     async move {
    ///         sleep.await;
    ///         Ok::<_, std::io::Error>(word.len())
    ///     }
    /// }));
    /// assert_eq!(timer.block_on(service.oneshot("five")).unwrap(), 4);
    /// ```
    pub fn race<S: IntoTerms>(terms: S) -> Layer<M, SameTerms<S>, LANES> {
        Self::retry(terms).room()
    }
}

impl<M, S, const LANES: usize> Layer<M, S, LANES> {
    fn map<S2>(self, map: impl FnOnce(S) -> S2) -> Layer<M, S2, LANES> {
        Layer { timer: self.timer, requests: map(self.requests) }
    }

    /// Sets the timer, which is cloned for each call. Default: the timer type's default.
    pub fn timer<M2: Timer + Clone>(self, timer: M2) -> Layer<M2, S, LANES> {
        Layer { timer, requests: self.requests }
    }

    /// Makes room for this many lanes: 1 to 8, 12 or 16, each of which takes the size of an attempt's future. A policy
    /// with more is refused as invalid before anything is sent.
    pub fn room<const ROOM: usize>(self) -> Layer<M, S, ROOM>
    where
        Lanes<ROOM>: Room,
    {
        Layer { timer: self.timer, requests: self.requests }
    }
}

impl<M, P, J, H, G, R, C, K, const LANES: usize> Layer<M, PerRequest<P, J, H, G, R, C, K>, LANES> {
    /// Sets the policy of each request, in place of the one for all.
    pub fn policy_for<W, Req, Q>(self, policy: W) -> Layer<M, PerRequest<W, J, H, G, R, C, K>, LANES>
    where
        W: Fn(&Req) -> Q + Clone,
        Q: AsPolicy,
    {
        self.map(|requests| requests.policy(policy))
    }

    /// Sets which errors of the service are retried; the others stop the call. Default: all. A response is accepted.
    ///
    /// Where the error has a lifetime, as `BoxError` has, and the service is called in a future that is spawned, give a
    /// function that has a name: the compiler asks of a closure whether it takes errors of every lifetime.
    pub fn when<W, E>(self, is_retried: W) -> Layer<M, PerRequest<P, When<W>, H, G, R, C, K>, LANES>
    where
        W: Fn(&E) -> bool + Clone,
    {
        self.judge_with(When(is_retried))
    }

    /// Sets a function that judges every outcome, in place of [`when`](Self::when): accept, retry (after the wait that
    /// the server asks for, if any), or stop. A call that gives up returns the last response, though it was not
    /// accepted.
    ///
    /// An error of a clone's `poll_ready` is judged as any other, and counts as not sent.
    pub fn judge<W, T, E>(self, judge: W) -> Layer<M, PerRequest<P, W, H, G, R, C, K>, LANES>
    where
        W: Fn(&Result<T, E>) -> Verdict + Clone,
    {
        self.judge_with(judge)
    }

    /// Sets a [`Judge`](crate::Judge) of any kind; it is cloned for each call.
    pub fn judge_with<W>(self, judge: W) -> Layer<M, PerRequest<P, W, H, G, R, C, K>, LANES> {
        self.map(|requests| requests.judge(judge))
    }

    /// Sets a hook: it sees every decision of every call, with the service's responses and errors. Default: none.
    pub fn notify<W, T, E>(self, hook: W) -> Layer<M, PerRequest<P, J, Same<W>, G, R, C, K>, LANES>
    where
        W: Fn(&Event<'_, T, E>) + Clone,
    {
        self.map(|requests| requests.map_hook(|_| Same(hook)))
    }

    /// Sets a hook for each call, made from its request.
    pub fn notify_for<W, Req, T, E, N>(self, hook: W) -> Layer<M, PerRequest<P, J, W, G, R, C, K>, LANES>
    where
        W: Fn(&Req) -> N + Clone,
        N: Hook<T, E>,
    {
        self.map(|requests| requests.map_hook(|_| hook))
    }

    /// Adds a function that is told of each coming retry, besides the hook set before.
    pub fn on_retry<W, T, E>(self, function: W) -> Layer<M, PerRequest<P, J, (H, Same<OnRetry<W>>), G, R, C, K>, LANES>
    where
        W: Fn(&Retrying<'_, T, E>) + Clone,
    {
        self.map(|requests| requests.map_hook(|hook| (hook, Same(OnRetry::new(function)))))
    }

    /// Tells `tracing` what each call decides, besides the hook that was set before. The span of a call is opened in
    /// the one that is current when the service is called.
    #[cfg(feature = "tracing")]
    pub fn trace(self) -> Layer<M, PerRequest<P, J, (H, super::Traced), G, R, C, K>, LANES> {
        self.map(|requests| requests.map_hook(|hook| (hook, super::Traced { name: None })))
    }

    /// Does the same as [`trace`](Self::trace), and names the calls.
    #[cfg(feature = "tracing")]
    pub fn trace_as(self, name: &'static str) -> Layer<M, PerRequest<P, J, (H, super::Traced), G, R, C, K>, LANES> {
        self.map(|requests| requests.map_hook(|hook| (hook, super::Traced { name: Some(name) })))
    }

    /// Counts and times each call through the `metrics` crate, besides the hook that was set before.
    #[cfg(feature = "metrics")]
    pub fn metrics(self) -> Layer<M, PerRequest<P, J, (H, super::Measured), G, R, C, K>, LANES> {
        self.map(|requests| requests.map_hook(|hook| (hook, super::Measured { name: None })))
    }

    /// Does the same as [`metrics`](Self::metrics), and labels the metrics with the calls' name.
    #[cfg(feature = "metrics")]
    pub fn metrics_as(self, name: &'static str) -> Layer<M, PerRequest<P, J, (H, super::Measured), G, R, C, K>, LANES> {
        self.map(|requests| requests.map_hook(|hook| (hook, super::Measured { name: Some(name) })))
    }

    /// Sets state that all calls of the service and its clones share, and that can delay or refuse an attempt: a
    /// reference to a static one, or an `Arc`. Default: `()`, which does neither.
    pub fn gate<W: Gate + Clone>(self, gate: W) -> Layer<M, PerRequest<P, J, H, Same<W>, R, C, K>, LANES> {
        self.map(|requests| requests.gate(Same(gate)))
    }

    /// Sets the gate of each request: that of its host, for example.
    pub fn gate_for<W, Req, N>(self, gate: W) -> Layer<M, PerRequest<P, J, H, W, R, C, K>, LANES>
    where
        W: Fn(&Req) -> N + Clone,
        N: Gate,
    {
        self.map(|requests| requests.gate(gate))
    }

    /// Sets which failures may be followed by another attempt. Default: all; any other setting makes calls use one
    /// lane.
    pub fn repeat(self, repeat: Repeat) -> Layer<M, PerRequest<P, J, H, G, Same<Repeat>, C, K>, LANES> {
        self.map(|requests| requests.repeat(Same(repeat)))
    }

    /// Sets it for each request; for HTTP, `repeat_of` of `insist-http` tells which are idempotent.
    pub fn repeat_for<W, Req>(self, repeat: W) -> Layer<M, PerRequest<P, J, H, G, W, C, K>, LANES>
    where
        W: Fn(&Req) -> Repeat + Clone,
    {
        self.map(|requests| requests.repeat(repeat))
    }

    /// Sets how a request is cloned, in place of its `Clone`. A request for which it returns `None` is sent once, with
    /// one lane.
    ///
    /// A request that it has cloned once it must clone again; otherwise the call ends with [`Error::NotCloned`].
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, tower::Layer};
    ///
    /// enum Body { Bytes(Vec<u8>), Stream(std::fs::File) }
    ///
    /// let layer = Layer::<VirtualTimer>::retry(Policy::default()).clone_with(|body: &Body| match body {
    ///     Body::Bytes(bytes) => Some(Body::Bytes(bytes.clone())),
    ///     Body::Stream(_) => None,
    /// });
    /// ```
    ///
    /// [`Error::NotCloned`]: super::Error::NotCloned
    pub fn clone_with<W, Req>(self, clone_with: W) -> Layer<M, PerRequest<P, J, H, G, R, W, K>, LANES>
    where
        W: Fn(&Req) -> Option<Req> + Clone,
    {
        self.map(|requests| requests.clone_with(clone_with))
    }

    /// Sets a function that changes the request of each attempt before it is sent: its address, a header, a timeout. It is
    /// told the [`Attempt`](crate::Attempt): its number, its lane, and the time that it has.
    ///
    /// The request is the one that the inner service is sent. Of several functions the first is asked first.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, tower::Layer};
    /// use tower::{Layer as _, ServiceExt, service_fn};
    ///
    /// const REPLICAS: [&str; 2] = ["one.example", "two.example"];
    ///
    /// let timer = VirtualTimer::new();
    /// let layer = Layer::<VirtualTimer>::retry(Policy::zero())
    ///     .timer(timer.clone())
    ///     .prepare(|host: &mut &str, attempt| *host = REPLICAS[(attempt.id as usize - 1) % 2]);
    /// let service = layer.layer(service_fn(|host: &'static str| async move {
    ///     if host == "two.example" { Ok("hello from two") } else { Err("busy") }
    /// }));
    /// assert_eq!(timer.block_on(service.oneshot("")).unwrap(), "hello from two");
    /// ```
    pub fn prepare<W, Sent>(self, prepare: W) -> Layer<M, PerRequest<P, J, H, G, R, Prepared<C, W>, K>, LANES>
    where
        W: Fn(&mut Sent, &Attempt) + Clone,
    {
        self.map(|requests| requests.map_requests(|requests| Prepared { requests, prepare }))
    }

    /// Sets one seed for the waits of every call, for tests. Default: the timer gives each call its own.
    pub fn seed(self, seed: u64) -> Layer<M, PerRequest<P, J, H, G, R, C, Same<Option<u64>>>, LANES> {
        self.map(|requests| requests.seed(Same(Some(seed))))
    }

    /// Sets the seed of each request: made from its id, for example, so that a simulation runs the same each time and
    /// its calls still differ.
    pub fn seed_for<W, Req>(self, seed: W) -> Layer<M, PerRequest<P, J, H, G, R, C, W>, LANES>
    where
        W: Fn(&Req) -> Option<u64> + Clone,
    {
        self.map(|requests| requests.seed(seed))
    }
}
