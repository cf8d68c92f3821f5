//! Decides which requests may be sent again: those whose method or idempotency key makes a second arrival harmless.

use http::{HeaderMap, HeaderName, Method};
use insist_core::Repeat;

/// The header `Idempotency-Key`, by which a server recognises a request that it has already carried out.
///
/// It is that of the IETF draft draft-ietf-httpapi-idempotency-key-header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The idempotent methods (RFC 9110, section 9.2.2). `Method::is_idempotent` is not used: its answers change with
/// `http`, as QUERY's did in 1.5.
const IDEMPOTENT: [Method; 6] =
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE, Method::PUT, Method::DELETE];

/// Returns which failures of a request may be followed by another attempt.
///
/// GET, HEAD, OPTIONS, TRACE, PUT and DELETE are idempotent (RFC 9110, section 9.2.2) and give [`Repeat::Always`], as
/// does any request with an [`Idempotency-Key`](IDEMPOTENCY_KEY) that is not empty. Everything else, unknown methods
/// included, gives [`Repeat::IfUnsent`]: only an attempt that certainly never left the machine is repeated.
/// [`Rules::repeatable`](crate::Rules::repeatable) overrides it.
///
/// ```
/// use insist_http::http::{HeaderMap, Method};
/// use insist_http::{IDEMPOTENCY_KEY, Repeat, repeat_of};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(repeat_of(&Method::PUT, &headers), Repeat::Always);
/// assert_eq!(repeat_of(&Method::POST, &headers), Repeat::IfUnsent);
///
/// headers.insert(IDEMPOTENCY_KEY, "8e03978e-40d5-43dd-bc93-6894a57f9324".parse()?);
/// assert_eq!(repeat_of(&Method::POST, &headers), Repeat::Always);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn repeat_of(method: &Method, headers: &HeaderMap) -> Repeat {
    if IDEMPOTENT.contains(method) || has_key(headers) { Repeat::Always } else { Repeat::IfUnsent }
}

fn has_key(headers: &HeaderMap) -> bool {
    headers.get_all(IDEMPOTENCY_KEY).iter().any(|value| !value.as_bytes().trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with_keys(keys: &[&'static str]) -> HeaderMap {
        keys.iter().map(|key| (IDEMPOTENCY_KEY, HeaderValue::from_static(key))).collect()
    }

    #[test]
    fn the_six_idempotent_methods_may_always_be_repeated() {
        for name in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            assert_eq!(repeat_of(&method, &HeaderMap::new()), Repeat::Always, "{name}");
        }
    }

    #[test]
    fn the_other_methods_may_be_repeated_only_if_unsent() {
        let mut methods = vec![Method::POST, Method::PATCH, Method::CONNECT];
        // Methods are case-sensitive (RFC 9110, section 9.1): `get` is not GET.
        for extension in ["get", "Put", "QUERY", "PROPFIND", "PURGE", "A-METHOD-LONGER-THAN-ANY-KNOWN"] {
            methods.push(Method::from_bytes(extension.as_bytes()).unwrap());
        }
        for method in methods {
            assert_eq!(repeat_of(&method, &HeaderMap::new()), Repeat::IfUnsent, "{method}");
        }
    }

    #[test]
    fn a_key_makes_any_request_repeatable() {
        for method in [Method::POST, Method::PATCH, Method::from_bytes(b"PURGE").unwrap()] {
            assert_eq!(repeat_of(&method, &with_keys(&["8e03978e"])), Repeat::Always, "{method}");
            assert_eq!(repeat_of(&method, &with_keys(&["", "8e03978e"])), Repeat::Always, "{method}");
        }
    }

    #[test]
    fn an_empty_key_is_no_key() {
        for keys in [&[""][..], &["  "], &["\t"], &["", " "]] {
            assert_eq!(repeat_of(&Method::POST, &with_keys(keys)), Repeat::IfUnsent, "{keys:?}");
        }
    }

    #[test]
    fn a_key_that_is_not_text_counts() {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(repeat_of(&Method::POST, &headers), Repeat::Always);
    }
}
