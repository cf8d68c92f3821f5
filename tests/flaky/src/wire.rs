//! The bytes of an answer: its head, and the pieces of its body.

use crate::answer::{Answer, Framing};

/// Returns how much of the body goes out.
pub(crate) fn sent(answer: &Answer) -> usize {
    answer.fault.map_or(answer.body.len(), |fault| fault.at.min(answer.body.len()))
}

/// Returns whether an answer has a body on the wire at all (RFC 9110, section 6.4.1).
pub(crate) fn has_body(answer: &Answer, method: &str) -> bool {
    method != "HEAD" && !matches!(answer.status, 0..=199 | 204 | 304)
}

pub(crate) fn head(answer: &Answer, method: &str, persistent: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {:03} \r\n", answer.status);
    let mut line = |name: &str, value: &str| {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    };
    for (name, value) in &answer.headers {
        line(name, value);
    }
    let given = |name: &str| answer.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !given("content-length") && !given("transfer-encoding") {
        match answer.framing {
            _ if !has_body(answer, method) && method != "HEAD" => {}
            Framing::Length => line("Content-Length", &promised(answer).to_string()),
            Framing::Chunked => line("Transfer-Encoding", "chunked"),
            Framing::UntilClose => {}
        }
    }
    let closes = !persistent || answer.framing == Framing::UntilClose;
    if closes && !given("connection") {
        line("Connection", "close");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// A fault must come before the promised end, or it would be none.
fn promised(answer: &Answer) -> usize {
    let length = answer.body.len();
    if answer.fault.is_some() { length.max(sent(answer) + 1) } else { length }
}

/// Appends a piece of the body as its framing wants it.
pub(crate) fn piece(out: &mut Vec<u8>, framing: Framing, piece: &[u8]) {
    if framing == Framing::Chunked {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    } else {
        out.extend_from_slice(piece);
    }
}

/// Appends what ends a whole body.
pub(crate) fn last(out: &mut Vec<u8>, framing: Framing) {
    if framing == Framing::Chunked {
        out.extend_from_slice(b"0\r\n\r\n");
    }
}

/// The whole answer to what is not an acceptable request.
pub(crate) fn refusal(status: u16, why: &str) -> Vec<u8> {
    let answer = Answer::status(status).header("Content-Type", "text/plain").body(format!("{why}\n"));
    let mut out = head(&answer, "GET", false);
    out.extend_from_slice(&answer.body);
    out
}
