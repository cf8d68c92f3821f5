//! A copy of a request without a body, for a second attempt. It is made before the first, and seldom used.
//!
//! So the headers are kept as text, in one allocation: a copy of a `HeaderMap` takes two, and one for each value.

use ureq::http::request::Parts;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// The first capacity for headers, enough for most requests: 256 bytes.
const ROOM: usize = 256;

/// A copy of a request, without its extensions and its body.
pub(crate) struct RequestCopy {
    method: Method,
    uri: Uri,
    version: Version,
    /// The headers, each as `name:value` and an end byte: a name has no colon, and a value no line break.
    headers: Vec<u8>,
}

const END: u8 = b'\n';
/// The end of a header whose value is sensitive.
const SENSITIVE_END: u8 = b'\r';

impl RequestCopy {
    #[inline(always)]
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            headers: if request.headers().is_empty() { Vec::new() } else { text(request.headers()) },
            method: request.method().clone(),
            version: request.version(),
            uri: request.uri().clone(),
        }
    }

    /// Makes the request again.
    pub(crate) fn into_parts(self) -> Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = self.method;
        parts.uri = self.uri;
        parts.version = self.version;
        for line in self.headers.split_inclusive(|byte| [END, SENSITIVE_END].contains(byte)) {
            let Some((end, header)) = line.split_last() else { continue };
            let mut halves = header.splitn(2, |byte| *byte == b':');
            let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
            if let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                value.set_sensitive(*end == SENSITIVE_END);
                parts.headers.append(name, value);
            }
        }
        parts
    }
}

// A function of its own, so that a request without headers does not pay for it.
#[cold]
#[inline(never)]
fn text(headers: &HeaderMap) -> Vec<u8> {
    let mut text = Vec::with_capacity(ROOM);
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.push(b':');
        text.extend_from_slice(value.as_bytes());
        text.push(if value.is_sensitive() { SENSITIVE_END } else { END });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_once_more() {
        let mut secret = HeaderValue::from_static("to: ken");
        secret.set_sensitive(true);
        let request = Request::builder()
            .method("PURGE")
            .uri("http://127.0.0.1:1/path?query")
            .version(Version::HTTP_10)
            .header("Accept", "a")
            .header("X-Own", "")
            .header("Authorization", secret)
            .header("X-Bytes", HeaderValue::from_bytes(b"\t\x80\xff:;").unwrap())
            .header("Accept", "b")
            .header("X-Long", "x".repeat(10_000))
            .body(())
            .unwrap();
        let again = RequestCopy::of(&request).into_parts();
        assert_eq!((&again.method, &again.uri, again.version), (request.method(), request.uri(), request.version()));
        assert_eq!(&again.headers, request.headers());
        let order =
            |headers: &HeaderMap| headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>();
        assert_eq!(order(&again.headers), order(request.headers()));
        let sensitive = |headers: &HeaderMap| headers.values().filter(|value| value.is_sensitive()).count();
        assert_eq!(sensitive(&again.headers), 1);
        assert!(again.headers["authorization"].is_sensitive());
    }

    #[test]
    fn a_request_without_headers_is_kept_without_an_allocation() {
        assert_eq!(RequestCopy::of(&Request::new(())).headers.capacity(), 0);
    }
}
