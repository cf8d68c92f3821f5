//! Reads whole HTTP/1.1 messages: a head, and a body by its length or in chunks, with their bytes as they are; and
//! keeps what was done to a request.

use std::io::{self, ErrorKind};
use std::rc::Rc;

use super::Fault;
use super::stream::Stream;

/// A stream, and what was received on it and not yet taken.
pub(super) struct Inbox {
    stream: Rc<Stream>,
    bytes: Vec<u8>,
}

/// The head of a request or of an answer.
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// The three parts of its first line.
    pub(super) line: [String; 3],
    pub(super) body: Framing,
    /// Nothing follows on its connection.
    pub(super) is_last: bool,
}

/// Says how the body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

impl Inbox {
    pub(super) const fn new(stream: Rc<Stream>) -> Self {
        Self { stream, bytes: Vec::new() }
    }

    /// Reads a head; `None` if the connection ends before its first byte.
    pub(super) fn head(&mut self) -> io::Result<Option<Head>> {
        let length = loop {
            if let Some(at) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            match self.fill() {
                Err(_) if self.bytes.is_empty() => return Ok(None),
                filled => filled?,
            }
        };
        Head::of(self.take(length)).map(Some)
    }

    /// Reads a body as it is on the wire.
    pub(super) fn body(&mut self, framing: Framing) -> io::Result<Vec<u8>> {
        let length = match framing {
            Framing::Length(length) => length,
            Framing::Chunked => loop {
                if let Some(length) = chunked(&self.bytes)? {
                    break length;
                }
                self.fill()?;
            },
        };
        while self.bytes.len() < length {
            self.fill()?;
        }
        Ok(self.take(length))
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.bytes.split_off(length);
        std::mem::replace(&mut self.bytes, rest)
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 << 10];
        match self.stream.read(&mut piece)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.bytes.extend_from_slice(&piece[..count]);
                Ok(())
            }
        }
    }
}

impl Head {
    fn of(bytes: Vec<u8>) -> io::Result<Self> {
        let end = bytes.windows(2).position(|two| two == b"\r\n").unwrap_or(0);
        let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut parts = line.splitn(3, ' ').map(str::to_owned);
        let line = [(); 3].map(|()| parts.next().unwrap_or_default());
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let Ok(httparse::Status::Complete((_, fields))) = httparse::parse_headers(&bytes[end + 2..], &mut fields)
        else {
            return Err(ErrorKind::InvalidData.into());
        };
        let value = |name: &str| {
            let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(field.value).ok()
        };
        let body = match (value("transfer-encoding"), value("content-length").map(str::parse)) {
            (Some(_), _) => Framing::Chunked,
            (None, Some(Ok(length))) => Framing::Length(length),
            _ => Framing::Length(0),
        };
        let is_last = value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok(Self { line, body, is_last, bytes })
    }
}

/// Returns where a body in chunks ends, without trailers; `None` if there is more to come.
fn chunked(bytes: &[u8]) -> io::Result<Option<usize>> {
    let mut at = 0;
    loop {
        match httparse::parse_chunk_size(bytes.get(at..).unwrap_or_default()) {
            Err(_) => return Err(ErrorKind::InvalidData.into()),
            Ok(httparse::Status::Partial) => return Ok(None),
            Ok(httparse::Status::Complete((start, size))) => {
                at += start + usize::try_from(size).unwrap_or(usize::MAX >> 1) + 2;
                if size == 0 {
                    return Ok(Some(at));
                }
            }
        }
    }
}

/// A request whose head has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// The target: the path with its query, or what a CONNECT asks for.
    pub path: String,
    /// The number of the connection, from 1.
    pub connection: usize,
    /// The number of the request on its connection, from 1. A CONNECT has 0, and the first in its tunnel 1.
    pub number_on_connection: usize,
}

/// Says how much of its answer was handed to the system, on the way to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// Not even the whole head.
    Nothing,
    /// The whole head, and not the whole body.
    Head,
    /// All of it.
    Whole,
}

/// A request that arrived, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub arrival: Arrival,
    /// The fault that was done to it. One that does nothing to such a request is none.
    pub fault: Fault,
    /// It was read whole.
    pub is_read: bool,
    /// The status that the server answered with, if it was asked, or the proxy itself.
    pub status: Option<u16>,
    /// Says how much of the answer went out.
    pub given: Given,
    /// Its client was still there after [`PATIENCE`](Self::PATIENCE), though nothing more came.
    pub is_awaited: bool,
}

impl Exchange {
    /// 10 s: how long a stall lasts.
    pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
}
