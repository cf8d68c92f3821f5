//! The calls of insist-reqwest, for the wire.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use insist_http::IDEMPOTENCY_KEY;
use insist_reqwest::insisting::ReportSlot;
use insist_reqwest::{Error, Insist, Response};
use tokio::runtime::Runtime;

use super::ask::{Answer, Ask, Client, Habits, Method, Seen, Told};
use super::clients::{WHOLE, runtime};

/// Bounds the wait for the answer to a request that hyper loses with its connection, which `docs/upstream.md` tells of; far
/// longer than any other attempt of a call without time takes.
const LOST: Duration = Duration::from_secs(4);

/// insist-reqwest's client, over HTTP/2 or not, and the runtime of its connections.
pub(crate) struct Reqwest<const HTTP2: bool = false> {
    client: insist_reqwest::Client,
    runtime: Runtime,
    at: String,
}

impl<const HTTP2: bool> Reqwest<HTTP2> {
    pub(crate) fn new(proxy: SocketAddr) -> Self {
        let builder = insist_reqwest::Client::builder().no_proxy();
        let builder = if HTTP2 { builder.http2_prior_knowledge() } else { builder };
        Self { client: builder.build().unwrap(), runtime: runtime(), at: format!("http://{proxy}") }
    }

    async fn send(&self, ask: &Ask, slot: &ReportSlot) -> Result<Response, Error> {
        let url = |attempt| format!("{}{}", self.at, ask.path(attempt));
        let verb = insist_reqwest::Method::from_bytes(ask.method.as_str().as_bytes()).unwrap();
        let policy = if HTTP2 && ask.is_plain { ask.policy.attempt_timeout(LOST) } else { ask.policy };
        let request = self.client.request(verb, url(0)).policy(policy).seed(ask.seed ^ u64::from(ask.call));
        // Attempts learn their numbers from their addresses.
        let mut request = request.report_to(slot).replicas((1..=ask.attempts()).map(url));
        if ask.whole_body {
            request = request.whole_body(WHOLE);
        }
        if ask.method == Method::PostWithKey {
            request = request.header(IDEMPOTENCY_KEY, ask.call);
        }
        if ask.method.has_body() {
            request = request.body(ask.body.clone());
        }
        request.send().await
    }

    async fn call(&self, ask: &Ask) -> Seen {
        let (slot, started) = (ReportSlot::new(), Instant::now());
        let answer = match self.send(ask, &slot).await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                // An answer that a call gives up with is handed over with its body unread, and only a deadline bounds
                // the reading.
                let is_bounded = status != 503 || ask.is_plain || ask.policy.get_deadline().is_some();
                let body = if is_bounded { answer.bytes().await.map(|body| body.to_vec()) } else { Ok(Vec::new()) };
                Ok(Answer { status, body: body.map_err(|error| error.to_string()) })
            }
            Err(error) => Err(error.to_string()),
        };
        let took = started.elapsed();
        let report = slot.take().unwrap();
        let told = (!ask.is_plain).then(|| Told::of(&report, |detail| detail.status));
        Seen { attempts: report.attempts, answer, told, took }
    }
}

impl<const HTTP2: bool> Client for Reqwest<HTTP2> {
    const HABITS: Habits = Habits {
        stops_at_noise: true,
        opens_anew: false,
        hears_early: false,
        has_own_tunnels: false,
        over_tls: false,
        over_http2: HTTP2,
    };

    fn call(&self, ask: &Ask) -> Seen {
        self.runtime.block_on(self.call(ask))
    }
}
