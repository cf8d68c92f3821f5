//! The layer for HTTP: judge, repeat and replay in one word.

use http_body::Body;
use insist_core::{AsPolicy, Attempt, Repeat};
use insist_http::grpc::{GrpcJudge, GrpcRules};
use insist_http::http::Request;
use insist_http::{CallHeaders, HttpJudge, REPLAY_LIMIT, Replay, Rules};

extern crate alloc;

use alloc::sync::Arc;

use super::alone::Alone;
use super::choose::{Choose, Same};
use super::layer::Layer;
use super::per_request::PerRequest;
use super::requests::{Requests, Watch};
use crate::race::LANES;
use crate::timer::Timer;

/// The settings of a layer for HTTP.
type HttpRequests<P, How> = PerRequest<Same<P>, HttpJudge<How>, Same<()>, Same<()>, HttpRepeat, Replayed>;

/// The settings of a layer for gRPC.
type GrpcRequests<P, How> = PerRequest<Same<P>, GrpcJudge<How>, Same<()>, Same<()>, Same<Repeat>, Replayed>;

impl<M: Timer + Default> Layer<M> {
    /// Makes a layer for the calls of an HTTP client, whose requests and answers are those of the `http` crate. Attempts
    /// are sent one after the other; [`http_race`](Self::http_race) is for policies with more lanes.
    ///
    /// - Answers are judged by [`Rules`], errors by [`judge_error`](insist_http::judge_error); [`rules`](Layer::rules)
    ///   changes them. The error may be any [`Error`](core::error::Error), or a box of one.
    /// - Which requests may be repeated is said by their method and their `Idempotency-Key`, as
    ///   [`Rules::repeat`] has it.
    /// - Up to 64 KiB of a body are kept as they are read, and sent again. A longer one is sent once, unless nothing of it
    ///   was read. [`replay_limit`](Layer::replay_limit) changes it.
    ///
    /// The inner service is sent `Request<Replay<B>>`. Where its body has to be of one type, as tonic's and axum's,
    /// [`wrap_body`](Layer::wrap_body) makes it.
    ///
    /// ```
    /// use http_body_util::Empty;
    /// use insist_futures::{Policy, VirtualTimer, tower::Layer};
    /// use insist_http::http::{Request, Response};
    /// use tower::{Layer as _, ServiceExt, service_fn};
    ///
    /// const POLICY: Policy = Policy::exponential(core::time::Duration::from_millis(100)).attempts(5);
    ///
    /// let timer = VirtualTimer::new();
    /// let statuses = std::cell::RefCell::new(vec![200, 503]);
    /// let client = Layer::<VirtualTimer>::http(&POLICY).timer(timer.clone()).layer(service_fn(|_| async {
    ///     Ok::<_, std::io::Error>(Response::builder().status(statuses.borrow_mut().pop().unwrap()).body(()).unwrap())
    /// }));
    /// let request = Request::get("http://example.com/").body(Empty::<&[u8]>::new()).unwrap();
    /// assert_eq!(timer.block_on(client.oneshot(request)).unwrap().status(), 200);
    /// ```
    pub fn http<P: AsPolicy, How>(policy: P) -> Layer<M, HttpRequests<P, How>> {
        Layer {
            timer: M::default(),
            requests: PerRequest {
                policy: Same(policy),
                judge: HttpJudge::new(),
                hook: Same(()),
                gate: Same(()),
                repeat: HttpRepeat::default(),
                clone_with: Replayed::new(),
                seed: Same(None),
            },
        }
    }

    /// Does the same with room for 4 lanes: several attempts at once, all at the start or as hedges.
    ///
    /// A body that is not known to fit into the replay limit has one lane.
    pub fn http_race<P: AsPolicy, How>(policy: P) -> Layer<M, HttpRequests<P, How>, LANES> {
        Self::http(policy).room()
    }

    /// Makes a layer for the calls of a gRPC client: `Layer::grpc(Policy::grpc()).wrap_body(tonic::body::Body::new)`.
    ///
    /// Answers are judged by [`GrpcRules`], pushback included; [`grpc_rules`](Layer::grpc_rules) changes them. As in
    /// gRPC's proposal A6 every call may be repeated, whatever it does; `.repeat(Repeat::IfUnsent)` is for calls that
    /// must not arrive twice. Bodies are kept as with [`http`](Self::http).
    pub fn grpc<P: AsPolicy, How>(policy: P) -> Layer<M, GrpcRequests<P, How>> {
        Layer {
            timer: M::default(),
            requests: PerRequest {
                policy: Same(policy),
                judge: GrpcJudge::new(GrpcRules::new()),
                hook: Same(()),
                gate: Same(()),
                repeat: Same(Repeat::Always),
                clone_with: Replayed::new(),
                seed: Same(None),
            },
        }
    }

    /// Does the same with room for 4 lanes, for `Policy::grpc_hedging()`.
    pub fn grpc_race<P: AsPolicy, How>(policy: P) -> Layer<M, GrpcRequests<P, How>, LANES> {
        Self::grpc(policy).room()
    }
}

impl<M, P, How, H, G, C, K, const LANES: usize> Layer<M, PerRequest<P, HttpJudge<How>, H, G, HttpRepeat, C, K>, LANES> {
    /// Sets which answers are retried, and which requests may be repeated. Default: [`Rules::new`].
    pub fn rules(self, rules: impl Into<Arc<Rules>>) -> Self {
        let rules = rules.into();
        let repeat = HttpRepeat(Some(Arc::clone(&rules)));
        Self { timer: self.timer, requests: self.requests.repeat(repeat).judge(HttpJudge::new().rules(rules)) }
    }
}

impl<M, P, How, H, G, R, C, K, const LANES: usize> Layer<M, PerRequest<P, GrpcJudge<How>, H, G, R, C, K>, LANES> {
    /// Sets which statuses are retried. Default: [`GrpcRules::new`].
    pub fn grpc_rules(self, rules: GrpcRules) -> Self {
        Self { timer: self.timer, requests: self.requests.judge(GrpcJudge::new(rules)) }
    }
}

impl<M, P, J, H, G, R, F, K, const LANES: usize> Layer<M, PerRequest<P, J, H, G, R, Replayed<F>, K>, LANES> {
    fn replayed<F2>(
        self,
        map: impl FnOnce(Replayed<F>) -> Replayed<F2>,
    ) -> Layer<M, PerRequest<P, J, H, G, R, Replayed<F2>, K>, LANES> {
        Layer { timer: self.timer, requests: self.requests.map_requests(map) }
    }

    /// Sets how many bytes of a body are kept, so that it can be sent again. Default: 64 KiB.
    pub fn replay_limit(self, bytes: usize) -> Self {
        self.replayed(|replayed| Replayed { limit: bytes, ..replayed })
    }

    /// Sets how the body that is sent is made of the one that is kept, for a service that takes one type only:
    /// `.wrap_body(axum::body::Body::new)`, and tonic's of that name. Say it before [`prepare`](Layer::prepare).
    pub fn wrap_body<B, W, B2>(self, wrap: W) -> Layer<M, PerRequest<P, J, H, G, R, Replayed<W>, K>, LANES>
    where
        W: Fn(Replay<B>) -> B2 + Clone,
    {
        self.replayed(|Replayed { limit, headers, .. }| Replayed { limit, headers, wrap })
    }

    /// Sets headers that tell the server about the call: one idempotency key for all its attempts, the number of the
    /// attempt, the time that is left. Default: none. Say it before [`prepare`](Layer::prepare).
    pub fn headers(self, headers: CallHeaders) -> Self {
        let headers = (!headers.is_empty()).then(|| Arc::new(headers));
        self.replayed(|replayed| Replayed { headers, ..replayed })
    }
}

/// Chooses for each request whether it may be repeated, by the rules.
#[derive(Clone, Debug, Default)]
pub struct HttpRepeat(Option<Arc<Rules>>);

impl<B> Choose<Request<B>> for HttpRepeat {
    type Choice = Repeat;

    #[inline]
    fn choose(&self, request: &Request<B>) -> Repeat {
        static DEFAULT: Rules = Rules::new();
        self.0.as_deref().unwrap_or(&DEFAULT).repeat(request.method(), request.headers())
    }
}

/// Keeps what attempts read of a body, and sends it again.
#[derive(Clone, Debug)]
pub struct Replayed<F = AsIs> {
    limit: usize,
    headers: Option<Arc<CallHeaders>>,
    wrap: F,
}

impl Replayed {
    const fn new() -> Self {
        Self { limit: REPLAY_LIMIT, headers: None, wrap: AsIs }
    }
}

/// Makes the body that is sent of the one that is kept.
pub trait WrapBody<B> {
    /// The body that is sent.
    type Body;

    /// Makes it.
    fn wrap(&self, body: Replay<B>) -> Self::Body;
}

/// Sends the body that is kept as it is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AsIs;

impl<B> WrapBody<B> for AsIs {
    type Body = Replay<B>;

    #[inline]
    fn wrap(&self, body: Replay<B>) -> Replay<B> {
        body
    }
}

impl<B, B2, F: Fn(Replay<B>) -> B2> WrapBody<B> for F {
    type Body = B2;

    #[inline]
    fn wrap(&self, body: Replay<B>) -> B2 {
        self(body)
    }
}

impl<B: Body, F: WrapBody<B>> Requests<Request<B>> for Replayed<F> {
    type Kept = Request<Replay<B>>;
    type Sent = Request<F::Body>;
    type Watch = Replay<B>;
    type OneLane = Alone;
    type Note = Attempt;

    #[inline]
    fn announce(&self, request: &mut Request<B>) {
        if let Some(headers) = &self.headers {
            headers.begin(request.headers_mut());
        }
    }

    #[inline]
    fn begin(&self, request: Request<B>) -> Request<Replay<B>> {
        request.map(|body| Replay::new(body, self.limit))
    }

    #[inline]
    fn copy(&self, kept: &Request<Replay<B>>) -> Option<Request<Replay<B>>> {
        Some(kept.clone())
    }

    #[inline]
    fn watch(&self, kept: &Request<Replay<B>>) -> Replay<B> {
        kept.body().clone()
    }

    #[inline]
    fn one_lane(&self, kept: &Request<Replay<B>>) -> Alone {
        Alone(!kept.body().fits())
    }

    #[inline]
    fn note(attempt: &Attempt) -> Attempt {
        *attempt
    }

    #[inline]
    fn send(&self, mut kept: Request<Replay<B>>, attempt: &Attempt) -> Request<F::Body> {
        if let Some(headers) = &self.headers {
            headers.send(kept.headers_mut(), attempt);
        }
        kept.map(|body| self.wrap.wrap(body))
    }
}

impl<B: Body> Watch for Replay<B> {
    #[inline]
    fn can_be_sent_again(&self) -> bool {
        self.can_be_replayed()
    }
}
