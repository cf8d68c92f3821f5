//! Sends the request of a call once, and says what came of it.

use std::error::Error;
use std::fmt;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use insist_core::{Decision, Policy, Verdict};
use insist_http::{IDEMPOTENCY_KEY, Rules};
use insist_ureq::insisting::Settings;
use insist_ureq::{Agent, Body, Insist, http};

use super::request::Request;
use crate::attempt::Attempt;
use crate::outcome::Outcome;

/// So much of an answer's body is read, so that its connection can be used again: 64 KiB.
const DRAINED: u64 = 64 << 10;
const USER_AGENT: &str = concat!("insist/", env!("CARGO_PKG_VERSION"));

/// The error of a signing hook: anything that can be printed.
pub type SignError = Box<dyn Error + Send + Sync>;
type Sign = dyn Fn(&Attempt<'_>, &mut http::Request<Vec<u8>>) -> Result<(), SignError> + Send + Sync;

/// Sends the requests of calls: the handler for workers. See [the module](super).
///
/// Each attempt carries the call's key as its `Idempotency-Key`, unless the request has one.
#[must_use = "a sender sends nothing until workers start with it"]
pub struct Sender {
    agent: Agent,
    rules: Rules,
    sign: Option<Box<Sign>>,
}

impl Sender {
    /// Makes a sender with an agent of its own and the default rules.
    pub fn new() -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).user_agent(USER_AGENT).build().into();
        Self { agent, rules: Rules::new(), sign: None }
    }

    /// Sets the agent whose connections are used: for a proxy, certificates, or limits of its own. Default: one with ureq's
    /// defaults. Its policy does not count: an attempt is one send.
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agent = agent;
        self
    }

    /// Sets which answers are retried. Default: [`Rules::new`].
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets a hook that changes each request right before it is sent: a signature over its body and the time, a fresh token.
    /// If it fails, the attempt was not sent, and another may mend it.
    pub fn sign(
        mut self,
        hook: impl Fn(&Attempt<'_>, &mut http::Request<Vec<u8>>) -> Result<(), SignError> + Send + Sync + 'static,
    ) -> Self {
        self.sign = Some(Box::new(hook));
        self
    }

    /// Sends the request of a call, once, within the attempt's timeout.
    pub fn send(&self, attempt: &Attempt<'_>) -> Outcome {
        let request = match Request::from_bytes(attempt.body()) {
            Ok(request) => self.prepare(attempt, request),
            Err(error) => return Outcome::new(Verdict::Stop).error(error),
        };
        match request {
            Ok(request) => self.run(attempt, request),
            Err(error) => Outcome::new(Verdict::retry().unsent()).error(format!("it could not be signed: {error}")),
        }
    }

    fn prepare(&self, attempt: &Attempt<'_>, request: Request) -> Result<http::Request<Vec<u8>>, SignError> {
        let Request { method, uri, headers, body, .. } = request;
        let mut request = http::Request::new(body);
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        if !request.headers().contains_key(IDEMPOTENCY_KEY) {
            if let Ok(key) = quoted(attempt.key()).parse() {
                request.headers_mut().insert(IDEMPOTENCY_KEY, key);
            }
        }
        if let Some(sign) = &self.sign {
            sign(attempt, &mut request)?;
        }
        Ok(request)
    }

    fn run(&self, attempt: &Attempt<'_>, request: http::Request<Vec<u8>>) -> Outcome {
        let timeout = attempt.timeout();
        let judged = Arc::new(Mutex::new(None));
        let to = Arc::clone(&judged);
        // One send; its deadline bounds the reading of the body as well.
        let policy = Policy::zero().attempts(1).attempt_timeout(timeout).deadline(timeout);
        let settings = Settings::new().policy(policy).rules(self.rules.clone()).notify(move |event| {
            if let Decision::Judged(judged) = &event.decision {
                *to.lock().unwrap_or_else(PoisonError::into_inner) = Some(judged.verdict);
            }
        });
        let agent = self.agent.clone().insist(&settings);
        let result = if request.body().is_empty() {
            let request = request.map(|_| ());
            agent.run(
                agent.configure_request(request).http_status_as_error(false).allow_non_standard_methods(true).build(),
            )
        } else {
            agent.run(
                agent.configure_request(request).http_status_as_error(false).allow_non_standard_methods(true).build(),
            )
        };
        // Without a verdict it took too long.
        let verdict = judged.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Verdict::retry());
        match result {
            Ok(answer) => answered(answer, verdict),
            Err(error) => Outcome::new(verdict).error(error),
        }
    }
}

/// Only a 2xx is delivered: what is neither that nor retried will not become it.
fn answered(mut answer: http::Response<Body>, verdict: Verdict) -> Outcome {
    let status = answer.status();
    // What it says is of no interest, and that it breaks off neither.
    let _ = std::io::copy(&mut answer.body_mut().as_reader().take(DRAINED), &mut std::io::sink());
    let outcome = Outcome::new(match verdict {
        Verdict::Accept if !status.is_success() => Verdict::Stop,
        verdict => verdict,
    });
    let outcome = outcome.status(status.as_u16());
    match (status.is_success(), status.canonical_reason()) {
        (false, Some(reason)) => outcome.error(reason),
        _ => outcome,
    }
}

/// A string as RFC 8941 writes it, which is how the header has its key. What is no printable ASCII is percent-encoded.
fn quoted(key: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in key.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', byte as char]),
            b' '..=b'~' => quoted.push(byte as char),
            _ => quoted.push_str(&format!("%{byte:02X}")),
        }
    }
    quoted.push('"');
    quoted
}

impl Default for Sender {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("rules", &self.rules)
            .field("signs", &self.sign.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_key_is_a_string_of_structured_fields() {
        assert_eq!(quoted("order-17/paid"), "\"order-17/paid\"");
        assert_eq!(quoted("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quoted("ü"), "\"%C3%BC\"");
    }
}
