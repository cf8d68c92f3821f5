//! insist-ureq as a client: one agent for all threads, and one more for each policy of the plain calls.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Instant;

use insist_ureq::http::{Request, Response, Uri};
use insist_ureq::insisting::{IDEMPOTENCY_KEY, ReportSlot};
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Body, Error, Insist, SendBody};

use crate::ask::{Ask, Method};
use crate::client::{Answer, Client, Seen, Told};

/// 1 MiB: more than any answer has.
const WHOLE: usize = 1 << 20;

thread_local! {
    /// How many attempts this thread has made of its call.
    static ATTEMPTS: Cell<u32> = const { Cell::new(0) };
}

pub(crate) struct Ureq {
    agent: Agent,
    at: String,
}

impl Ureq {
    pub(crate) fn new(proxy: SocketAddr) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(100)
            .max_idle_connections_per_host(100)
            .middleware(number)
            .build()
            .into();
        Self { agent, at: format!("http://{proxy}") }
    }

    fn run(&self, ask: &Ask, slot: &ReportSlot) -> Result<Response<Body>, Error> {
        let url = |attempt| format!("{}{}", self.at, ask.path(attempt));
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
        if ask.method.has_body() { self.agent.run(request.map(|()| &ask.body[..])) } else { self.agent.run(request) }
    }
}

impl Client for Ureq {
    const STOPS_AT_NOISE: bool = true;

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
