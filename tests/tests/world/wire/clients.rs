//! The clients: hyper on tokio and on smol, driven alike, and ureq.

#[path = "../../../../adapters/tokio/examples/http.rs"]
#[allow(dead_code)] // It is a program.
mod http_example;

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use insist_futures::{GaveUp, Timer, Verdict, race, retry};
use insist_http::{IDEMPOTENCY_KEY, Rules};
use insist_smol::SmolTimer;
use insist_tokio::TokioTimer;
use insist_ureq::http::Uri;
use insist_ureq::http::header::CONTENT_LENGTH;
use insist_ureq::insisting::ReportSlot;
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Body, Error, Insist, Proxy, SendBody};
use tokio::runtime::{Builder, Runtime};

use super::ask::{Answer, Ask, Client, DOMAIN, Habits, Method, Seen, Told};
use super::tls;
use crate::examples::fetch;

pub(crate) type Outcome = io::Result<Response<Bytes>>;

pub(crate) type Sent = Request<Full<Bytes>>;

/// Makes a call with this timer. `send` makes an attempt.
pub(crate) async fn call<M, F, A>(
    timer: M,
    ask: &Ask,
    proxy: SocketAddr,
    send: F,
    judge: fn(&Outcome) -> Verdict,
) -> Seen
where
    M: Timer,
    F: Fn(Sent) -> A,
    A: Future<Output = Outcome>,
{
    let (started, attempts) = (Instant::now(), Cell::new(0));
    let repeat = Rules::new().repeat(request(ask, proxy, 0).method(), request(ask, proxy, 0).headers());
    let attempt = |attempt: insist_futures::Attempt| {
        attempts.set(attempts.get() + 1);
        send(request(ask, proxy, attempt.id))
    };
    let status = |outcome: &Outcome| outcome.as_ref().ok().map(|answer| answer.status().as_u16());
    if ask.is_plain {
        let outcome = retry(timer, &ask.policy, attempt).judge(judge).repeat(repeat).call().await;
        return Seen { attempts: attempts.get(), answer: answer(outcome), told: None, took: started.elapsed() };
    }
    let (result, report) = if ask.policy.get_lanes() > 1 {
        race(timer, &ask.policy, attempt).judge(judge).repeat(repeat).report_with(status).await
    } else {
        retry(timer, &ask.policy, attempt).judge(judge).repeat(repeat).report_with(status).await
    };
    let last = |gave_up: GaveUp<_, _>| match gave_up.split() {
        (Some(last), _) => last,
        (None, none) => Err(none.into()),
    };
    let answer = answer(result.or_else(last));
    let told = Some(Told::of(&report, |status| *status));
    Seen { attempts: report.attempts, answer, told, took: started.elapsed() }
}

fn request(ask: &Ask, proxy: SocketAddr, attempt: u32) -> Sent {
    let mut request = Request::builder().method(ask.method.as_str()).uri(ask.path(attempt));
    request = request.header("host", proxy.to_string());
    if ask.method == Method::PostWithKey {
        request = request.header(IDEMPOTENCY_KEY, ask.call);
    }
    request.body(Full::from(ask.body.clone())).unwrap()
}

fn answer(outcome: Outcome) -> Result<Answer, String> {
    let answer = outcome.map_err(|error| error.to_string())?;
    Ok(Answer { status: answer.status().as_u16(), body: Ok(answer.into_body().to_vec()) })
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

const HYPER: Habits = Habits {
    stops_at_noise: false,
    opens_anew: true,
    hears_early: false,
    has_own_tunnels: false,
    over_tls: false,
    over_http2: false,
};

pub(crate) struct Tokio {
    runtime: Runtime,
    proxy: SocketAddr,
}

impl Tokio {
    pub(crate) fn new(proxy: SocketAddr) -> Self {
        Self { runtime: runtime(), proxy }
    }
}

impl Client for Tokio {
    const HABITS: Habits = HYPER;

    fn call(&self, ask: &Ask) -> Seen {
        let send = |request| http_example::send(self.proxy, request);
        self.runtime.block_on(call(TokioTimer, ask, self.proxy, send, http_example::judge))
    }
}

pub(crate) struct Smol {
    proxy: SocketAddr,
}

impl Smol {
    pub(crate) const fn new(proxy: SocketAddr) -> Self {
        Self { proxy }
    }
}

impl Client for Smol {
    const HABITS: Habits = HYPER;

    fn call(&self, ask: &Ask) -> Seen {
        let send = |request| fetch::send(self.proxy, request);
        async_io::block_on(call(SmolTimer, ask, self.proxy, send, fetch::judge))
    }
}

/// 1 MiB: more than any answer has.
pub(crate) const WHOLE: usize = 1 << 20;

thread_local! {
    /// Counts the attempts that this thread has made of its call.
    static ATTEMPTS: Cell<u32> = const { Cell::new(0) };
}

/// An agent, over TLS or not, through tunnels or not.
pub(crate) struct Ureq<const TLS: bool = false, const TUNNELS: bool = false> {
    agent: Agent,
    proxy: SocketAddr,
}

impl<const TLS: bool, const TUNNELS: bool> Ureq<TLS, TUNNELS> {
    pub(crate) fn new(proxy: SocketAddr) -> Self {
        let mut agent = Agent::config_builder()
            .http_status_as_error(false)
            // What a call leaves in a tunnel is nobody's.
            .max_idle_connections(if TUNNELS { 16 } else { 100 })
            .max_idle_connections_per_host(100)
            // A long body is many writes, and an early answer comes between them.
            .output_buffer_size(8 << 10)
            .middleware(number);
        if TLS {
            agent = agent.tls_config(tls::TLS.ureq());
        }
        if TUNNELS {
            agent = agent.proxy(Some(Proxy::new(&format!("http://{proxy}")).unwrap()));
        }
        Self { agent: agent.build().into(), proxy }
    }

    fn url(&self, ask: &Ask, attempt: u32) -> String {
        let (scheme, path) = (if TLS { "https" } else { "http" }, ask.path(attempt));
        if TUNNELS {
            format!("{scheme}://{}{DOMAIN}{path}", ask.call)
        } else {
            format!("{scheme}://{}{path}", self.proxy)
        }
    }

    fn run(&self, ask: &Ask, slot: &ReportSlot) -> Result<Response<Body>, Error> {
        let url = |attempt| self.url(ask, attempt);
        if ask.is_plain {
            let agent = self.agent.clone().policy(ask.policy);
            let agent = if ask.whole_body { agent.whole_body(WHOLE) } else { agent };
            return match ask.method {
                Method::Head => agent.head(url(0)).call(),
                _ => agent.get(url(0)).call(),
            };
        }
        let request = Request::builder().method(ask.method.as_str()).uri(url(0)).body(()).unwrap();
        let mut request = request.policy(ask.policy).report_to(slot).seed(ask.seed ^ u64::from(ask.call));
        if ask.whole_body {
            request = request.whole_body(WHOLE);
        }
        if ask.policy.get_lanes() > 1 {
            // On threads of their own, attempts learn their numbers from their addresses.
            request = request.replicas((1..=ask.attempts()).map(url));
        }
        if ask.method == Method::PostWithKey {
            request.headers_mut().insert(IDEMPOTENCY_KEY, ask.call.into());
        }
        if ask.method.has_body() && ask.is_read {
            if ask.body.len() % 2 == 0 {
                request.headers_mut().insert(CONTENT_LENGTH, ask.body.len().into());
            }
            let mut reader = &ask.body[..];
            return self.agent.run(request.map(|()| SendBody::from_reader(&mut reader)));
        }
        if ask.method.has_body() { self.agent.run(request.map(|()| &ask.body[..])) } else { self.agent.run(request) }
    }
}

impl<const TLS: bool, const TUNNELS: bool> Client for Ureq<TLS, TUNNELS> {
    const HABITS: Habits = Habits {
        stops_at_noise: true,
        opens_anew: true,
        hears_early: true,
        has_own_tunnels: TUNNELS,
        over_tls: TLS,
        over_http2: false,
    };

    fn call(&self, ask: &Ask) -> Seen {
        ATTEMPTS.set(0);
        let (slot, started) = (ReportSlot::new(), Instant::now());
        let answer = match self.run(ask, &slot) {
            Ok(mut answer) => {
                let status = answer.status().as_u16();
                // An answer that a call gives up with is handed over with its body unread, and only a deadline bounds
                // the reading.
                let is_bounded = status != 503 || ask.is_plain || ask.policy.get_deadline().is_some();
                let body = if is_bounded { answer.body_mut().read_to_vec() } else { Ok(Vec::new()) };
                Ok(Answer { status, body: body.map_err(|error| error.to_string()) })
            }
            Err(error) => Err(error.to_string()),
        };
        let took = started.elapsed();
        let report = slot.take();
        let told = report.as_ref().map(|report| Told::of(report, |detail| detail.status));
        Seen { attempts: report.map_or(ATTEMPTS.get(), |report| report.attempts), answer, told, took }
    }
}

/// Gives each attempt that is made on the thread of its call the path of its number.
fn number(mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
    if let Some(call) = request.uri().to_string().strip_suffix("/0") {
        ATTEMPTS.set(ATTEMPTS.get() + 1);
        *request.uri_mut() = Uri::try_from(format!("{call}/{}", ATTEMPTS.get())).unwrap();
    }
    next.handle(request)
}
