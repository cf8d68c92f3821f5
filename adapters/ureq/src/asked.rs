//! What a request asks for and ureq keeps to itself: its own configuration, and how its body will be framed.
//!
//! ureq is asked by running the request on an agent whose connections lead nowhere: the connector sees the
//! configuration, and the connection sees the head that would have been sent. Nothing leaves the process.

use std::cell::{Cell, RefCell};
use std::sync::LazyLock;

use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{Request, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};
use ureq::{Agent, AsSendBody, Error};

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its own configuration, if it has one beside its agent's.
    pub(crate) config: Option<Config>,
    pub(crate) framing: Framing,
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
}

/// 1 KiB: for the request line, and for the headers that ureq adds.
const LEAST_ROOM: usize = 1 << 10;

thread_local! {
    static CONFIG: RefCell<Option<Config>> = const { RefCell::new(None) };
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// How long the headers are that the request has.
    static ROOM: Cell<usize> = const { Cell::new(0) };
}

static NOWHERE: LazyLock<Agent> =
    LazyLock::new(|| Agent::with_parts(Config::builder().proxy(None).build(), Nowhere, Nowhere));

/// Asks ureq about a request. Its body is not read, but ureq forgets its length. `None` if ureq refuses the request.
pub(crate) fn ask(mut request: Request<impl AsSendBody>) -> Option<Asked> {
    *request.uri_mut() = anywhere();
    ROOM.set(request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum());
    HEAD.with_borrow_mut(Vec::clear);
    CONFIG.set(None);
    match NOWHERE.run(request) {
        Err(Error::Other(error)) if error.is::<Answered>() => {}
        _ => return None,
    }
    let framing = framing(&HEAD.take());
    Some(Asked { config: CONFIG.take(), framing })
}

/// An address that passes `https_only`.
fn anywhere() -> Uri {
    Uri::from_static("https://nowhere.invalid/")
}

fn framing(head: &[u8]) -> Framing {
    let head = std::str::from_utf8(head).unwrap_or_default();
    let value = |name: &str| -> Option<&str> {
        let mut lines =
            head.lines().filter(|line| line.get(..name.len()).is_some_and(|s| s.eq_ignore_ascii_case(name)));
        lines.next().map(|line| line[name.len()..].trim())
    };
    if value("transfer-encoding:").is_some() {
        return Framing::Chunked;
    }
    value("content-length:").and_then(|length| length.parse().ok()).map_or(Framing::None, Framing::Length)
}

/// Leads nowhere: as a resolver, as a connector, and as a connection.
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

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<DeadEnd>, Error> {
        if details.request_level {
            CONFIG.set(Some(details.config.clone()));
        }
        let config = details.config;
        let added = [config.user_agent(), config.accept(), config.accept_encoding()].map(|value| match value {
            AutoHeaderValue::Provided(value) => value.len(),
            _ => 0,
        });
        let room = ROOM.get() + added.iter().sum::<usize>() + LEAST_ROOM;
        Ok(Some(DeadEnd(LazyBuffers::new(1, room))))
    }
}

/// Takes a head, and then fails.
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
    use std::time::Duration;

    use ureq::http::Method;
    use ureq::{SendBody, http};

    use super::*;

    fn post() -> http::request::Builder {
        Request::builder().method(Method::POST).uri("http://127.0.0.1:1/")
    }

    fn framing_of(body: impl AsSendBody) -> Framing {
        ask(post().body(body).unwrap()).unwrap().framing
    }

    #[test]
    fn a_body_is_framed_as_ureq_would_frame_it() {
        assert_eq!(ask(Request::get("http://127.0.0.1:1/").body(()).unwrap()).unwrap().framing, Framing::None);
        assert_eq!(framing_of(()), Framing::Chunked, "of a POST");
        assert_eq!(framing_of("hello"), Framing::Length(5));
        assert_eq!(framing_of(""), Framing::Length(0));
        let mut reader: &[u8] = b"hello";
        assert_eq!(framing_of(SendBody::from_reader(&mut reader)), Framing::Chunked);
        assert_eq!(reader, b"hello", "it was not read");
    }

    #[test]
    fn a_length_that_the_user_set_is_the_length() {
        let mut reader: &[u8] = b"hello";
        let request = post().header("Content-Length", "5").body(SendBody::from_reader(&mut reader)).unwrap();
        assert_eq!(ask(request).unwrap().framing, Framing::Length(5));
    }

    #[test]
    fn a_body_that_was_asked_about_can_be_sent_afterwards() {
        let mut bytes: &[u8] = b"hello";
        let mut body = AsSendBody::as_body(&mut bytes);
        let request = post().body(body.as_body()).unwrap();
        assert_eq!(ask(request).unwrap().framing, Framing::Length(5));
        let mut read = String::new();
        std::io::Read::read_to_string(&mut body.as_body().into_reader(), &mut read).unwrap();
        assert_eq!(read, "hello");
        // Bytes are there again each time; this is what tells them from a reader.
        read.clear();
        std::io::Read::read_to_string(&mut body.into_reader(), &mut read).unwrap();
        assert_eq!(read, "hello");
    }

    #[test]
    fn the_configuration_of_a_request_is_its_own() {
        let agent = Agent::new_with_defaults();
        let request = agent
            .configure_request(Request::get("http://127.0.0.1:1/").body(()).unwrap())
            .http_status_as_error(false)
            .https_only(true)
            .timeout_global(Some(Duration::from_millis(7)))
            .build();
        let config = ask(request).unwrap().config.unwrap();
        assert!(!config.http_status_as_error());
        assert_eq!(config.timeouts().global, Some(Duration::from_millis(7)));

        assert!(ask(Request::new(())).unwrap().config.is_none());
    }

    #[test]
    fn headers_of_any_size_have_room() {
        let request = post().header("X-Long", "x".repeat(50_000)).body("hello").unwrap();
        assert_eq!(ask(request).unwrap().framing, Framing::Length(5));
        let agent = Agent::new_with_defaults();
        let request = agent.configure_request(post().body("hello").unwrap()).user_agent("x".repeat(50_000)).build();
        assert_eq!(ask(request).unwrap().framing, Framing::Length(5));
    }

    #[test]
    fn a_request_that_ureq_refuses_has_no_answer() {
        assert!(ask(post().header("Content-Length", "no number").body("x").unwrap()).is_none());
    }
}
