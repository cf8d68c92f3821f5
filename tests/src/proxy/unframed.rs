//! Takes the framing off an answer, so that its body ends with its connection.

use super::message::Framing;

/// The head without the fields that frame a body, and the body as it is without chunks.
pub(super) fn unframed(head: &[u8], body: &[u8], framing: Framing) -> (Vec<u8>, Vec<u8>) {
    let mut unframed = Vec::with_capacity(head.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if ![&b"content-length"[..], b"transfer-encoding"].iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            unframed.extend_from_slice(line);
        }
    }
    let Framing::Chunked = framing else { return (unframed, body.to_vec()) };
    let (mut bytes, mut rest) = (Vec::with_capacity(body.len()), body);
    while let Ok(httparse::Status::Complete((start, size @ 1..))) = httparse::parse_chunk_size(rest) {
        let end = start + usize::try_from(size).unwrap_or(usize::MAX >> 1);
        bytes.extend_from_slice(&rest[start..end]);
        rest = &rest[end + 2..];
    }
    (unframed, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &str, body: &str, framing: Framing) -> (String, String) {
        let (head, body) = unframed(head.as_bytes(), body.as_bytes(), framing);
        (String::from_utf8(head).unwrap(), String::from_utf8(body).unwrap())
    }

    #[test]
    fn the_fields_and_the_chunks_go_and_the_rest_stays() {
        let unframed = ("HTTP/1.1 200 OK\r\nA: b\r\n\r\n".to_owned(), "text".to_owned());
        let head = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\n";
        assert_eq!(of(head, "text", Framing::Length(4)), unframed);
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nA: b\r\n\r\n";
        assert_eq!(of(head, "2\r\nte\r\n2\r\nxt\r\n0\r\n\r\n", Framing::Chunked), unframed);
    }
}
