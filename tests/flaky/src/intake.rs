//! Reads one whole request: head, `Expect: 100-continue`, and a body by length or in chunks (RFC 9112).

use crate::inbox::{Inbox, MAX_BODY, MAX_HEAD};
use std::io::{self, Write};

/// The most header lines in one request.
const MAX_HEADERS: usize = 128;
/// The longest line that starts a chunk, and the longest trailer line, in bytes.
const MAX_LINE: usize = 4 << 10;

/// A request before it has a number.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The client is ready to use the connection again.
    pub(crate) persistent: bool,
}

/// Says why there is no request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// The connection ended.
    Ended,
    /// Refuses what came: the status and the reason to answer with.
    Refused(u16, &'static str),
}

impl From<io::Error> for Nothing {
    fn from(_: io::Error) -> Self {
        Self::Ended
    }
}

enum Length {
    Known(usize),
    Chunked,
}

pub(crate) fn read(inbox: &mut Inbox, mut reply: impl Write) -> Result<Intake, Nothing> {
    let (mut intake, size, minor) = read_head(inbox)?;
    inbox.consume(size);
    let length = body_length(&intake.headers)?;
    let expects = minor >= 1 && has_token(&intake.headers, "expect", "100-continue");
    let arrived = match length {
        Length::Known(length) => inbox.unread().len() >= length,
        Length::Chunked => !inbox.unread().is_empty(),
    };
    if expects && !arrived {
        reply.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    intake.body = match length {
        Length::Known(length) => read_exact(inbox, length)?,
        Length::Chunked => read_chunks(inbox)?,
    };
    Ok(intake)
}

fn more(inbox: &mut Inbox) -> Result<(), Nothing> {
    if inbox.fill()? == 0 { Err(Nothing::Ended) } else { Ok(()) }
}

/// Reads until a head is whole, and gives it with its size and the minor version.
fn read_head(inbox: &mut Inbox) -> Result<(Intake, usize, u8), Nothing> {
    let mut scanned = 0;
    let mut parse_from = 1;
    loop {
        let unread = inbox.unread();
        // Parsing each time that a byte comes would be quadratic: only at a blank line, or when twice as much is here.
        let blank = has_blank_line(&unread[scanned..unread.len().min(MAX_HEAD)]);
        scanned = unread.len().min(MAX_HEAD).saturating_sub(3);
        if blank || unread.len() >= parse_from {
            parse_from = unread.len().saturating_mul(2).max(1);
            if let Some(head) = parse(&unread[..unread.len().min(MAX_HEAD)])? {
                return Ok(head);
            }
        }
        if unread.len() >= MAX_HEAD {
            return Err(Nothing::Refused(431, "the request head is larger than 64 KiB"));
        }
        more(inbox)?;
    }
}

fn has_blank_line(bytes: &[u8]) -> bool {
    bytes.windows(2).enumerate().any(|(at, pair)| pair == b"\n\n" || bytes[at..].starts_with(b"\n\r\n"))
}

fn parse(bytes: &[u8]) -> Result<Option<(Intake, usize, u8)>, Nothing> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut lines);
    let size = match head.parse(bytes) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Nothing::Refused(431, "the request has more than 128 header lines"));
        }
        Err(_) => return Err(Nothing::Refused(400, "the request head is not HTTP/1")),
    };
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|line| (line.name.to_owned(), String::from_utf8_lossy(line.value).into_owned()))
        .collect();
    let minor = head.version.unwrap_or(0);
    let persistent = if minor == 0 {
        has_token(&headers, "connection", "keep-alive")
    } else {
        !has_token(&headers, "connection", "close")
    };
    let intake = Intake {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
        persistent,
    };
    Ok(Some((intake, size, minor)))
}

fn values<'a>(headers: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
}

fn has_token(headers: &[(String, String)], name: &str, token: &str) -> bool {
    values(headers, name).any(|value| value.eq_ignore_ascii_case(token))
}

fn body_length(headers: &[(String, String)]) -> Result<Length, Nothing> {
    let mut codings = values(headers, "transfer-encoding");
    let mut lengths = values(headers, "content-length");
    let length = lengths.next();
    if let Some(coding) = codings.next() {
        if length.is_some() {
            return Err(Nothing::Refused(400, "the request has both Content-Length and Transfer-Encoding"));
        }
        if codings.next().is_some() || !coding.eq_ignore_ascii_case("chunked") {
            return Err(Nothing::Refused(501, "the only Transfer-Encoding known here is chunked"));
        }
        return Ok(Length::Chunked);
    }
    let Some(length) = length else { return Ok(Length::Known(0)) };
    if lengths.any(|other| other != length) {
        return Err(Nothing::Refused(400, "the request has more than one Content-Length"));
    }
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Nothing::Refused(400, "the Content-Length is not a number"));
    }
    match length.parse() {
        Ok(length) if length <= MAX_BODY => Ok(Length::Known(length)),
        _ => Err(TOO_LARGE),
    }
}

const TOO_LARGE: Nothing = Nothing::Refused(413, "the request body is larger than 16 MiB");
const BAD_CHUNK: Nothing = Nothing::Refused(400, "the request body is not chunked as it should be");

fn read_exact(inbox: &mut Inbox, length: usize) -> Result<Vec<u8>, Nothing> {
    let mut body = Vec::new();
    append(inbox, length, &mut body)?;
    Ok(body)
}

/// Moves this many bytes from the inbox to the end of the body.
fn append(inbox: &mut Inbox, length: usize, body: &mut Vec<u8>) -> Result<(), Nothing> {
    let mut missing = length;
    loop {
        let count = missing.min(inbox.unread().len());
        body.extend_from_slice(&inbox.unread()[..count]);
        inbox.consume(count);
        missing -= count;
        if missing == 0 {
            return Ok(());
        }
        more(inbox)?;
    }
}

fn read_chunks(inbox: &mut Inbox) -> Result<Vec<u8>, Nothing> {
    let mut body = Vec::new();
    loop {
        let line = read_line(inbox)?;
        let size = match httparse::parse_chunk_size(&line) {
            // httparse takes a line without a digit for a zero.
            Ok(httparse::Status::Complete((_, size))) if line[0].is_ascii_hexdigit() => size,
            _ => return Err(BAD_CHUNK),
        };
        if size == 0 {
            break;
        }
        if size > (MAX_BODY - body.len()) as u64 {
            return Err(TOO_LARGE);
        }
        append(inbox, size as usize, &mut body)?;
        if read_line(inbox)? != b"\r\n" {
            return Err(BAD_CHUNK);
        }
    }
    let mut trailers = 0;
    loop {
        let line = read_line(inbox)?;
        trailers += line.len();
        if line == b"\r\n" || line == b"\n" {
            return Ok(body);
        }
        if trailers > MAX_HEAD {
            return Err(Nothing::Refused(431, "the request's trailers are larger than 64 KiB"));
        }
    }
}

/// Reads a line with its end.
fn read_line(inbox: &mut Inbox) -> Result<Vec<u8>, Nothing> {
    let mut scanned = 0;
    loop {
        let unread = inbox.unread();
        if let Some(end) = unread[scanned..].iter().take(MAX_LINE).position(|byte| *byte == b'\n') {
            let line = unread[..=scanned + end].to_vec();
            inbox.consume(line.len());
            return Ok(line);
        }
        if unread.len() >= MAX_LINE {
            return Err(BAD_CHUNK);
        }
        scanned = unread.len();
        more(inbox)?;
    }
}
