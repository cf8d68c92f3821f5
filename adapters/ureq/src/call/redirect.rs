//! Follows redirects of requests whose body is kept, which ureq does not.

use ureq::config::RedirectAuthHeaders;
use ureq::http::header::{AUTHORIZATION, COOKIE, HOST, LOCATION, PROXY_AUTHORIZATION};
use ureq::http::request::Parts;
use ureq::http::uri::Scheme;
use ureq::http::{Method, Uri};

use crate::transport::Head;

/// Returns whether ureq ends with an error where this request is redirected with its method and its body.
pub(crate) fn is_ours(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
}

/// Returns whether this method stays after a 301 or a 302 too. POST becomes GET, as in browsers (RFC 9110, section
/// 15.4.2).
pub(crate) fn keeps_method(method: &Method) -> bool {
    matches!(*method, Method::PUT | Method::PATCH | Method::DELETE)
}

/// Changes a request into the one that a redirect asks for; false if it asks for none that can be sent.
pub(crate) fn follow(parts: &mut Parts, head: &[u8], auth: RedirectAuthHeaders) -> bool {
    let location = Head::read(head).and_then(|head| head.headers.get_all(LOCATION).iter().next_back().cloned());
    let location = location.as_ref().and_then(|location| location.to_str().ok());
    let Some(to) = location.and_then(|location| resolve(&parts.uri, location)) else { return false };
    let is_same_host =
        parts.uri.host() == to.host() && (parts.uri.scheme() == to.scheme() || to.scheme() == Some(&Scheme::HTTPS));
    if !(is_same_host && auth == RedirectAuthHeaders::SameHost) {
        parts.headers.remove(AUTHORIZATION);
    }
    if !is_same_host {
        parts.headers.remove(PROXY_AUTHORIZATION);
    }
    // ureq sets those of its jar anew.
    parts.headers.remove(COOKIE);
    parts.headers.remove(HOST);
    parts.uri = to;
    true
}

/// Resolves a reference against an address (RFC 3986, section 5.2).
fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    let (scheme, authority) = (base.scheme_str()?, base.authority()?.as_str());
    let has_scheme = reference.split(['/', '?']).next().is_some_and(|first| first.contains(':'));
    if has_scheme {
        return reference.parse().ok().filter(|uri: &Uri| uri.scheme().is_some() && uri.host().is_some());
    }
    if let Some(rest) = reference.strip_prefix("//") {
        return format!("{scheme}://{rest}").parse().ok();
    }
    let (path, query) = match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    };
    let (path, query) = match path {
        "" => (base.path().to_owned(), query.or(if reference.is_empty() { base.query() } else { None })),
        _ if path.starts_with('/') => (without_dots(path), query),
        _ => {
            let before = base.path().rsplit_once('/').map_or("", |(before, _)| before);
            (without_dots(&format!("{before}/{path}")), query)
        }
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{authority}{path}{query}").parse().ok()
}

/// Removes the segments `.` and `..` of a path (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use ureq::http::Request;

    use super::*;

    /// The examples of RFC 3986, section 5.4, that an HTTP address can have.
    #[test]
    fn references_are_resolved_as_the_rfc_does() {
        let base = Uri::from_static("http://a/b/c/d;p?q");
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("g#s", "http://a/b/c/g"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://h:81/x", "https://h:81/x"),
        ] {
            assert_eq!(resolve(&base, reference).map(|uri| uri.to_string()).as_deref(), Some(expected), "{reference}");
        }
        assert_eq!(resolve(&base, "mailto:a@b"), None);
        assert_eq!(resolve(&base, "/a b"), None);
    }

    #[test]
    fn credentials_stay_on_their_host() {
        let request = || {
            let (parts, ()) = Request::put("https://a.example/x")
                .header(AUTHORIZATION, "secret")
                .header(PROXY_AUTHORIZATION, "secret")
                .header(COOKIE, "secret")
                .body(())
                .unwrap()
                .into_parts();
            parts
        };
        let kept = |to: &str, auth| {
            let mut parts = request();
            assert!(follow(&mut parts, format!("HTTP/1.1 307 X\r\nLocation: {to}\r\n\r\n").as_bytes(), auth));
            parts.headers.keys().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(kept("/y", RedirectAuthHeaders::SameHost), ["authorization", "proxy-authorization"]);
        assert_eq!(kept("/y", RedirectAuthHeaders::Never), ["proxy-authorization"]);
        assert!(kept("https://b.example/", RedirectAuthHeaders::SameHost).is_empty());
        assert!(kept("http://a.example/", RedirectAuthHeaders::SameHost).is_empty(), "without TLS");
    }
}
