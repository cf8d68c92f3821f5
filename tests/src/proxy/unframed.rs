//! Takes the framing off an answer, so that its body ends with its connection.

use super::message::Framing;

/// The head without the fields that frame a body, and the body as it is without chunks.
pub(super) fn unframed(head: &[u8], body: &[u8], framing: Framing) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(head.len() + body.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if ![&b"content-length"[..], b"transfer-encoding"].iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            bytes.extend_from_slice(line);
        }
    }
    match framing {
        Framing::Length(_) => bytes.extend_from_slice(body),
        Framing::Chunked => {
            let mut rest = body;
            while let Ok(httparse::Status::Complete((start, size @ 1..))) = httparse::parse_chunk_size(rest) {
                let end = start + usize::try_from(size).unwrap_or(usize::MAX >> 1);
                bytes.extend_from_slice(&rest[start..end]);
                rest = &rest[end + 2..];
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_and_the_chunks_go_and_the_rest_stays() {
        let head = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\n";
        let unframed = |head: &str, body: &str, framing| {
            String::from_utf8(unframed(head.as_bytes(), body.as_bytes(), framing)).unwrap()
        };
        assert_eq!(unframed(head, "text", Framing::Length(4)), "HTTP/1.1 200 OK\r\nA: b\r\n\r\ntext");
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nA: b\r\n\r\n";
        let body = "2\r\nte\r\n2\r\nxt\r\n0\r\n\r\n";
        assert_eq!(unframed(head, body, Framing::Chunked), "HTTP/1.1 200 OK\r\nA: b\r\n\r\ntext");
    }
}
