//! What a service's calls are told: the words of `retry` and `race`, for all requests or for each.

use std::ops::Deref;

use insist_futures::{Backoff, Event, Gate, LANES, Lanes, Policy, Repeat, Room, Verdict, When};

use super::choose::{Cloned, Same};

/// What is said of a service's calls; [`layer`](tower_layer::Layer::layer) makes a [`Service`](super::Service) of it.
///
/// The words are those of [`retry`](crate::retry()). What is said by value is cloned for each call, so what calls are to
/// share is given by reference or as an `Arc`. A word that ends in `_for` or `_with` takes a function of the request.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use insist_tokio::{Budget, Policy, Repeat, tower::Layer};
///
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
///
/// #[derive(Clone)]
/// struct Request { is_safe: bool }
///
/// let layer = Layer::retry(&POLICY)
///     .gate(Arc::new(Budget::new(0.2)))
///     .when(|error: &std::io::Error| error.kind() != std::io::ErrorKind::NotFound)
///     .repeat_for(|request: &Request| if request.is_safe { Repeat::Always } else { Repeat::IfUnsent });
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a layer does nothing until it is laid around a service"]
pub struct Layer<P, J = (), H = Same<()>, G = Same<()>, R = Same<Repeat>, C = Cloned, const LANES: usize = 1> {
    pub(super) policy: P,
    pub(super) judge: J,
    pub(super) hook: H,
    pub(super) gate: G,
    pub(super) repeat: R,
    pub(super) clone_with: C,
    pub(super) seed: Option<u64>,
}

impl<P> Layer<Same<P>> {
    /// Calls whose attempts are sent one after the other, all with this policy (`&'static Policy` or an `Arc` of one).
    ///
    /// A policy with more than one lane is refused as invalid: [`race`](Self::race).
    pub const fn retry<B>(policy: P) -> Self
    where
        P: Deref<Target = Policy<B>>,
        B: Backoff,
    {
        let (hook, gate, repeat) = (Same(()), Same(()), Same(Repeat::Always));
        Self { policy: Same(policy), judge: (), hook, gate, repeat, clone_with: Cloned, seed: None }
    }

    /// Calls that have as many attempts in flight as the policy has lanes, up to 4; [`room`](Layer::room) makes it more.
    ///
    /// ```
    /// use std::time::Duration;
    /// use insist_tokio::{Policy, tower::Layer};
    /// use tower::{Layer as _, ServiceExt, service_fn};
    ///
    /// /// A second request if the first has not answered after 20 ms.
    /// const POLICY: Policy = Policy::zero().lanes(2).hedge_after(Duration::from_millis(20));
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let service = Layer::race(&POLICY).layer(service_fn(|word: &'static str| async move {
    ///     tokio::time::sleep(Duration::from_millis(50)).await;
    ///     Ok::<_, std::io::Error>(word.len())
    /// }));
    /// assert_eq!(service.oneshot("five").await.unwrap(), 4);
    /// # }
    /// ```
    pub fn race<B>(policy: P) -> Layer<Same<P>, (), Same<()>, Same<()>, Same<Repeat>, Cloned, LANES>
    where
        P: Deref<Target = Policy<B>>,
        B: Backoff,
    {
        Self::retry(policy).room()
    }
}

impl<P, J, H, G, R, C, const LANES: usize> Layer<P, J, H, G, R, C, LANES> {
    /// The policy of each request, in place of the one for all: a pointer to one, `&'static Policy` or `Arc<Policy>`.
    pub fn policy_for<W, Req, Q, B>(self, policy: W) -> Layer<W, J, H, G, R, C, LANES>
    where
        W: Fn(&Req) -> Q + Clone,
        Q: Deref<Target = Policy<B>>,
        B: Backoff,
    {
        let Self { judge, hook, gate, repeat, clone_with, seed, .. } = self;
        Layer { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    /// Which errors of the service are retried; the others stop the call. Default: all. A response is accepted.
    pub fn when<W, E>(self, is_retried: W) -> Layer<P, When<W>, H, G, R, C, LANES>
    where
        W: Fn(&E) -> bool + Clone,
    {
        self.judge_with(When(is_retried))
    }

    /// What is concluded from an outcome, in place of [`when`](Self::when): accept it, retry (after a wait that was
    /// asked for, perhaps), or stop. The last response that was not accepted is what a call that gives up returns.
    ///
    /// An error of a clone's readiness is judged as any other, and known not to have been sent.
    pub fn judge<W, T, E>(self, judge: W) -> Layer<P, W, H, G, R, C, LANES>
    where
        W: Fn(&Result<T, E>) -> Verdict + Clone,
    {
        self.judge_with(judge)
    }

    /// The same with a [`Judge`](crate::Judge) of any kind; it is cloned for each call.
    pub fn judge_with<W>(self, judge: W) -> Layer<P, W, H, G, R, C, LANES> {
        let Self { policy, hook, gate, repeat, clone_with, seed, .. } = self;
        Layer { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    /// A hook: it sees every decision of every call. Default none.
    pub fn notify<W: Fn(&Event) + Clone>(self, hook: W) -> Layer<P, J, Same<W>, G, R, C, LANES> {
        self.hook_with(|_| Same(hook))
    }

    /// A hook for each call, made from its request.
    pub fn notify_for<W, Req, K>(self, hook: W) -> Layer<P, J, W, G, R, C, LANES>
    where
        W: Fn(&Req) -> K + Clone,
        K: FnMut(&Event),
    {
        self.hook_with(|_| hook)
    }

    /// Tells `tracing` what each call decides, besides the hook that was set before. The span of a call is opened in
    /// the one that is current when the service is called.
    #[cfg(feature = "tracing")]
    pub fn trace(self) -> Layer<P, J, (H, super::Traced), G, R, C, LANES> {
        self.hook_with(|hook| (hook, super::Traced))
    }

    fn hook_with<W>(self, with: impl FnOnce(H) -> W) -> Layer<P, J, W, G, R, C, LANES> {
        let Self { policy, judge, hook, gate, repeat, clone_with, seed } = self;
        Layer { policy, judge, hook: with(hook), gate, repeat, clone_with, seed }
    }

    /// State that all calls of the service and its clones share, and that can delay or refuse an attempt: a reference
    /// to a static one, or an `Arc`. Default `()`, which does neither.
    pub fn gate<W: Gate + Clone>(self, gate: W) -> Layer<P, J, H, Same<W>, R, C, LANES> {
        let Self { policy, judge, hook, repeat, clone_with, seed, .. } = self;
        Layer { policy, judge, hook, gate: Same(gate), repeat, clone_with, seed }
    }

    /// The gate of each request: that of its host, for example.
    pub fn gate_for<W, Req, K>(self, gate: W) -> Layer<P, J, H, W, R, C, LANES>
    where
        W: Fn(&Req) -> K + Clone,
        K: Gate,
    {
        let Self { policy, judge, hook, repeat, clone_with, seed, .. } = self;
        Layer { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    /// Which failures may be followed by another attempt. Default always; the others use one lane.
    pub fn repeat(self, repeat: Repeat) -> Layer<P, J, H, G, Same<Repeat>, C, LANES> {
        let Self { policy, judge, hook, gate, clone_with, seed, .. } = self;
        Layer { policy, judge, hook, gate, repeat: Same(repeat), clone_with, seed }
    }

    /// The same for each request: for HTTP, `repeat_of` of `insist-http` knows which are idempotent.
    pub fn repeat_for<W, Req>(self, repeat: W) -> Layer<P, J, H, G, W, C, LANES>
    where
        W: Fn(&Req) -> Repeat + Clone,
    {
        let Self { policy, judge, hook, gate, clone_with, seed, .. } = self;
        Layer { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    /// How a request is cloned, in place of its own `Clone`. One that gives `None` is sent once, with one lane.
    ///
    /// A request that was cloned once has to be clonable again; otherwise the call ends with [`Error::NotCloned`].
    ///
    /// ```
    /// use insist_tokio::{Policy, tower::Layer};
    ///
    /// enum Body { Bytes(Vec<u8>), Stream(std::fs::File) }
    ///
    /// let layer = Layer::retry(&Policy::default()).clone_with(|body: &Body| match body {
    ///     Body::Bytes(bytes) => Some(Body::Bytes(bytes.clone())),
    ///     Body::Stream(_) => None,
    /// });
    /// ```
    ///
    /// [`Error::NotCloned`]: super::Error::NotCloned
    pub fn clone_with<W, Req>(self, clone_with: W) -> Layer<P, J, H, G, R, W, LANES>
    where
        W: Fn(&Req) -> Option<Req> + Clone,
    {
        let Self { policy, judge, hook, gate, repeat, seed, .. } = self;
        Layer { policy, judge, hook, gate, repeat, clone_with, seed }
    }

    /// The seed that the waits of every call are drawn from, for tests. Default: each call its own.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Room for this many lanes: 1 to 8, 12 or 16, each of which takes the size of an attempt's future. A policy with
    /// more is refused as invalid before anything is sent.
    pub fn room<const ROOM: usize>(self) -> Layer<P, J, H, G, R, C, ROOM>
    where
        Lanes<ROOM>: Room,
    {
        let Self { policy, judge, hook, gate, repeat, clone_with, seed } = self;
        Layer { policy, judge, hook, gate, repeat, clone_with, seed }
    }
}
