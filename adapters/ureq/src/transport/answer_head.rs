//! Reads the head of an answer that ureq did not hand on: that of a proxy that refused, or of a redirect.

use ureq::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// A head: its status and its fields.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
    pub(crate) headers: HeaderMap,
}

impl Head {
    /// Reads a head, as far as it is there. Fields that make no sense are left out.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let first = lines(bytes).next()?.strip_prefix(b"HTTP/1.")?;
        let status = StatusCode::from_bytes(first.get(2..5)?).ok()?;
        let reason = String::from_utf8_lossy(first.get(6..).unwrap_or_default()).into_owned();
        Some(Self { status, reason, headers: fields(bytes) })
    }
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Reads the fields of a head, of an answer or of a request. Those that make no sense are left out.
pub(crate) fn fields(head: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines(head).skip(1).take_while(|line| !line.is_empty()) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii())) {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_far_as_it_is_there() {
        let head =
            Head::read(b"HTTP/1.1 503 Too Busy\r\nRetry-After:  7 \r\nno field\r\nX: y\r\n\r\nA: b\r\n").unwrap();
        assert_eq!(head.status, 503);
        assert_eq!(head.reason, "Too Busy");
        assert_eq!(head.headers["retry-after"], "7");
        assert_eq!(head.headers.len(), 2);
        assert_eq!(Head::read(b"HTTP/1.0 407").unwrap().status, 407);
        assert!(Head::read(b"SSH-2.0").is_none());
        assert!(Head::read(b"").is_none());
    }
}
