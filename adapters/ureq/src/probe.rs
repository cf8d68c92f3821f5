//! Finds out two things of a request that ureq does not tell: its own configuration, and how its body will be framed.
//!
//! It runs a request on an agent whose connections lead nowhere: the resolver sees the configuration, and the
//! connection sees the head that would have been sent. Nothing leaves the process.

use std::cell::{Cell, RefCell};
use std::sync::LazyLock;
use std::time::Duration;

use ureq::config::{AutoHeaderValue, Config};
use ureq::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use ureq::http::{Extensions, HeaderMap, Request, Response, Uri};
use ureq::middleware::MiddlewareNext;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};
use ureq::{Agent, Body, Error, ProxyProtocol, SendBody};

use crate::transport::Framing;

/// The parts of a request's configuration that concern the whole call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallConfig {
    /// True if an answer with status 4xx or 5xx becomes an error.
    pub(crate) hides_answers: bool,
    /// The time that the call may take.
    pub(crate) global: Option<Duration>,
    /// True if attempts return soon after they are cancelled, as far as the configuration is concerned.
    pub(crate) is_interruptible: bool,
}

impl CallConfig {
    /// Returns the parts of this configuration.
    pub(crate) fn of(config: &Config) -> Self {
        // ureq cannot be interrupted while it connects to a SOCKS proxy.
        let is_interruptible =
            config.proxy().is_none_or(|proxy| matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https));
        Self { hides_answers: config.http_status_as_error(), global: config.timeouts().global, is_interruptible }
    }

    /// Returns the same for attempts that are interruptible only if this is true as well.
    pub(crate) fn and_interruptible(self, is_interruptible: bool) -> Self {
        Self { is_interruptible: self.is_interruptible && is_interruptible, ..self }
    }
}

/// The size of the buffer for a head with no headers but the framing: 1 KiB.
const ROOM: usize = 1 << 10;

/// An address that passes `https_only`.
static ANYWHERE: LazyLock<Uri> = LazyLock::new(|| Uri::from_static("https://nowhere.invalid/"));

thread_local! {
    static CALL_CONFIG: Cell<Option<CallConfig>> = const { Cell::new(None) };
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The extensions that ureq adds to each request: the agent that runs it. Its types are its own, so they are counted.
const AGENT: usize = 1;

/// Returns whether a request has extensions besides the one that ureq adds to each.
pub(crate) fn has_extensions(extensions: &Extensions) -> bool {
    extensions.len() > AGENT
}

/// Returns whether a request may have a body, whatever its method: ureq marks one that has in its extensions. The
/// configuration of one that `is_configured` is no such mark.
pub(crate) fn may_be_marked(extensions: &Extensions, is_configured: bool) -> bool {
    extensions.len() > AGENT + usize::from(is_configured)
}

/// Returns the configuration that is among these extensions; `None` if ureq refuses it.
pub(crate) fn probe_config(extensions: Extensions) -> Option<CallConfig> {
    static NOWHERE: LazyLock<Agent> = LazyLock::new(|| Agent::with_parts(Config::default(), Listener, Listener));

    let mut request = Request::new(());
    *request.uri_mut() = ANYWHERE.clone();
    *request.extensions_mut() = extensions;
    is_answered(NOWHERE.run(request)).then(|| CALL_CONFIG.take()).flatten()
}

/// Returns how a body is framed with these headers; `None` if ureq refuses it. The body is not read, but ureq forgets
/// its length.
pub(crate) fn probe_framing(headers: &HeaderMap, body: SendBody<'_>) -> Option<Framing> {
    static NOWHERE: LazyLock<Agent> = LazyLock::new(|| {
        let config = Config::builder()
            .proxy(None)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .middleware(ends_without_body);
        Agent::with_parts(config.build(), Nowhere, Nowhere)
    });

    let mut request = Request::new(body);
    *request.uri_mut() = ANYWHERE.clone();
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING] {
        for value in headers.get_all(&name) {
            request.headers_mut().append(&name, value.clone());
        }
    }
    HEAD.with_borrow_mut(Vec::clear);
    is_answered(NOWHERE.run(request)).then(|| HEAD.with_borrow(|head| framing(head)))
}

/// Ends the request if it has no body. Its head does not tell: the user may have given it a length all the same.
fn ends_without_body(request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
    if may_be_marked(request.extensions(), false) { next.handle(request) } else { Err(answered()) }
}

fn is_answered(result: Result<Response<Body>, Error>) -> bool {
    matches!(result, Err(Error::Other(error)) if error.is::<Answered>())
}

fn framing(head: &[u8]) -> Framing {
    let mut framing = Framing::None;
    for line in head.split(|byte| *byte == b'\n') {
        let value = |name: &str| match line.split_at_checked(name.len()) {
            Some((start, value)) if start.eq_ignore_ascii_case(name.as_bytes()) => std::str::from_utf8(value).ok(),
            _ => None,
        };
        if value("transfer-encoding:").is_some() {
            return Framing::Chunked;
        }
        if let Some(length) = value("content-length:").and_then(|length| length.trim().parse().ok()) {
            framing = Framing::Length(length);
        }
    }
    framing
}

/// A resolver and a connector that lead nowhere.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(([127, 0, 0, 1], 9).into());
        Ok(addresses)
    }
}

impl Connector for Nowhere {
    type Out = DeadEnd;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<DeadEnd>, Error> {
        Ok(Some(DeadEnd(LazyBuffers::new(1, ROOM))))
    }
}

/// A connection that records a head, and then fails.
#[derive(Debug)]
pub(crate) struct DeadEnd(LazyBuffers);

impl Transport for DeadEnd {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.0
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        HEAD.with_borrow_mut(|head| {
            head.extend_from_slice(&self.0.output()[..amount]);
            if head.ends_with(b"\r\n\r\n") { Err(answered()) } else { Ok(()) }
        })
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        Err(answered())
    }

    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// A resolver and a connector that record the configuration that they are shown, and end the request.
#[derive(Debug)]
struct Listener;

impl Listener {
    fn note<T>(config: &Config) -> Result<T, Error> {
        CALL_CONFIG.set(Some(CallConfig::of(config)));
        Err(answered())
    }
}

impl Resolver for Listener {
    fn resolve(&self, _: &Uri, config: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Self::note(config)
    }
}

impl Connector for Listener {
    type Out = DeadEnd;

    // Runs before the resolver if there is a proxy that looks up names.
    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<DeadEnd>, Error> {
        Self::note(details.config)
    }
}

/// The error that ends a request which leads nowhere.
#[derive(Debug)]
struct Answered;

impl std::fmt::Display for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the request leads nowhere")
    }
}

impl std::error::Error for Answered {}

fn answered() -> Error {
    Error::Other(Box::new(Answered))
}

#[cfg(test)]
mod tests {
    use ureq::AsSendBody;
    use ureq::http::HeaderValue;

    use super::*;

    fn framing_of(mut body: impl AsSendBody) -> Framing {
        probe_framing(&HeaderMap::new(), body.as_body()).unwrap()
    }

    fn length(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_body_is_framed_as_ureq_would_frame_it() {
        assert_eq!(framing_of(()), Framing::None);
        assert_eq!(framing_of("hello"), Framing::Length(5));
        assert_eq!(framing_of(""), Framing::Length(0));
        let mut reader: &[u8] = b"hello";
        assert_eq!(framing_of(SendBody::from_reader(&mut reader)), Framing::Chunked);
        assert_eq!(reader, b"hello", "it was not read");
    }

    #[test]
    fn a_length_that_the_user_set_is_the_length() {
        let mut reader: &[u8] = b"hello";
        let body = SendBody::from_reader(&mut reader);
        assert_eq!(probe_framing(&length("5"), body), Some(Framing::Length(5)));
    }

    #[test]
    fn a_body_that_was_asked_about_can_be_sent_afterwards() {
        let mut bytes: &[u8] = b"hello";
        let mut body = AsSendBody::as_body(&mut bytes);
        assert_eq!(framing_of(body.as_body()), Framing::Length(5));
        let mut read = String::new();
        std::io::Read::read_to_string(&mut body.as_body().into_reader(), &mut read).unwrap();
        assert_eq!(read, "hello");
        // Bytes begin anew each time, which tells them from a reader.
        read.clear();
        std::io::Read::read_to_string(&mut body.into_reader(), &mut read).unwrap();
        assert_eq!(read, "hello");
    }

    #[test]
    fn the_configuration_of_a_request_is_its_own() {
        let agent = Agent::new_with_defaults();
        for proxy in [None, Some(ureq::Proxy::new("http://127.0.0.1:1").unwrap())] {
            let request = agent
                .configure_request(Request::get("http://127.0.0.1:1/").body(()).unwrap())
                .http_status_as_error(false)
                .https_only(true)
                .proxy(proxy)
                .user_agent("x".repeat(50_000))
                .timeout_global(Some(Duration::from_millis(7)))
                .build();
            let global = Some(Duration::from_millis(7));
            let call_config = CallConfig { hides_answers: false, global, is_interruptible: true };
            assert_eq!(probe_config(request.extensions().clone()), Some(call_config));
        }
    }

    #[test]
    fn a_body_that_ureq_refuses_has_no_answer() {
        assert!(probe_framing(&length("no number"), ().as_body()).is_some(), "there is no body to refuse");
        assert!(probe_framing(&length("no number"), "x".as_body()).is_none());
    }
}
