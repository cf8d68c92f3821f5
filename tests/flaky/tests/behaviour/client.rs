//! A raw HTTP client that hides nothing: it reads answers one by one and gives errors as the system has them.
//!
//! And what ureq makes of the same faults.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use insist_flaky::{Answer, Record, Script, Server};
use ureq::Agent;

/// Long enough for any machine; no test that passes waits this long.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

impl Client {
    pub(crate) fn of(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn ask(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: flaky\r\n\r\n"));
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.ask(path);
        self.reply()
    }

    /// Reads one answer to a GET. An answer that breaks off is an `UnexpectedEof`.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let mut reply = self.head()?;
        if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                let line = self.until(b"\r\n")?;
                let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                reply.body.extend(self.exactly(size)?);
                self.exactly(2)?;
                if size == 0 {
                    return Ok(reply);
                }
            }
        }
        match reply.header("content-length") {
            Some(length) => reply.body = self.exactly(length.parse().map_err(io::Error::other)?)?,
            None => reply.body = self.rest()?,
        }
        Ok(reply)
    }

    pub(crate) fn head(&mut self) -> io::Result<Reply> {
        let head = self.until(b"\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|s| s.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "no status line"))?;
        Ok(Reply { status, head, body: Vec::new() })
    }

    fn until(&mut self, end: &[u8]) -> io::Result<String> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            bytes.extend(self.exactly(1)?);
        }
        String::from_utf8(bytes).map_err(io::Error::other)
    }

    pub(crate) fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Everything until the server closes with a FIN; an RST is an error.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Fails the test if the server does not come to see this.
#[track_caller]
pub(crate) fn sees(server: &Server, holds: impl Fn(&Record) -> bool) {
    assert!(server.wait_until(holds, LONG), "the server saw only {:?}", server.record());
}

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).build().new_agent()
}

#[test]
fn ureq_pools_one_connection_and_sees_the_faults() {
    let server = Server::start(
        Script::each(|request, _| Answer::ok(request.body.clone()))
            .path("/busy", Answer::status(503).header("Retry-After", "1").body("busy"))
            .path("/chunked", Answer::ok("in chunks").chunked())
            .path("/reset", Answer::reset())
            .path("/cut", Answer::ok("cut short").cut_at(3))
            .path("/garbage", Answer::garbage()),
    )
    .unwrap();
    let agent = agent();
    for _ in 0..5 {
        let mut busy = agent.get(server.at("/busy")).call().unwrap();
        assert_eq!(busy.status().as_u16(), 503);
        assert_eq!(busy.headers()["retry-after"].as_bytes(), b"1".as_slice());
        assert_eq!(busy.body_mut().read_to_string().unwrap(), "busy");
        let mut chunked = agent.get(server.at("/chunked")).call().unwrap();
        assert_eq!(chunked.body_mut().read_to_string().unwrap(), "in chunks");
        let mut echo = agent.post(server.at("/echo")).send("a body").unwrap();
        assert_eq!(echo.body_mut().read_to_string().unwrap(), "a body");
    }
    assert_eq!(server.request_count(), 15);
    assert_eq!(server.connections(), 1);

    assert!(agent.get(server.at("/reset")).call().is_err());
    assert!(agent.get(server.at("/garbage")).call().is_err());
    let mut cut = agent.get(server.at("/cut")).call().unwrap();
    assert!(cut.body_mut().read_to_string().is_err());
}

#[test]
fn ureq_cannot_see_that_a_connection_resets_on_reuse() {
    let server = Server::start([Answer::ok("one").resetting_on_reuse(), Answer::ok("two")]).unwrap();
    let agent = agent();
    let get = || -> Result<String, ureq::Error> { agent.get(server.url()).call()?.body_mut().read_to_string() };
    assert_eq!(get().unwrap(), "one");
    assert!(get().is_err());
    assert_eq!(get().unwrap(), "two");
    assert_eq!(server.request_count(), 2);
    assert_eq!(server.connections(), 2);
}
