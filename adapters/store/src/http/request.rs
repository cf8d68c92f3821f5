//! A request, and the body of a call that it is kept as.

use std::error::Error;
use std::fmt;

use insist_core::Repeat;
use insist_ureq::http::uri::Scheme;
use insist_ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::new_call::NewCall;

/// The first word of the bytes: the version of their form.
const FORM: &str = "insist-request-1";

/// A request that is enqueued: method, URL, headers and body.
///
/// ```
/// use insist_store::http::Request;
///
/// let request = Request::post("https://shop.example/hooks")?.header("content-type", "text/plain")?.body("paid");
/// assert_eq!(request.target(), "https://shop.example");
/// let call = request.into_call("order-17/paid", "webhooks");
/// # let _ = call;
/// # Ok::<(), insist_store::http::RequestError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a request is sent only if it is enqueued"]
pub struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    repeat: Repeat,
}

impl Request {
    /// Makes a request.
    ///
    /// # Errors
    ///
    /// The URL is none, is not http or https, or has no host.
    pub fn new(method: Method, url: impl AsRef<str>) -> Result<Self, RequestError> {
        let url = url.as_ref();
        // What stands before an @ may be a password.
        let shown = url.rsplit('@').next().unwrap_or(url);
        let told = |why| RequestError::Url { url: shown.chars().take(200).collect(), why };
        let uri: Uri = url.parse().map_err(|_| told("it cannot be parsed"))?;
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => {}
            _ => return Err(told("its scheme is neither http nor https")),
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(told("it has no host"));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(told("it has a name or a password, which would be shown; put them into a header"));
        }
        if uri.port_u16().is_none() && uri.host() != Some(authority) {
            return Err(told("its port is no number up to 65,535"));
        }
        Ok(Self { method, uri, headers: HeaderMap::new(), body: Vec::new(), repeat: Repeat::Always })
    }

    /// Makes a POST.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn post(url: impl AsRef<str>) -> Result<Self, RequestError> {
        Self::new(Method::POST, url)
    }

    /// Adds a header.
    ///
    /// # Errors
    ///
    /// The name or the value is none that a header can have.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<Self, RequestError> {
        let told = || RequestError::Header(name.as_ref().chars().take(200).collect());
        let value = HeaderValue::from_bytes(value.as_ref()).map_err(|_| told())?;
        self.headers.append(HeaderName::from_bytes(name.as_ref().as_bytes()).map_err(|_| told())?, value);
        Ok(self)
    }

    /// Sets the body. Default: none.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Says that the server does not know `Idempotency-Key`, and must not get the request again once it may have it. Default:
    /// any failure is followed by another attempt, since each carries the call's key.
    pub const fn once(mut self) -> Self {
        self.repeat = Repeat::IfUnsent;
        self
    }

    /// Returns its method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns its URL.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns its headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns its target: scheme, host and port.
    #[must_use]
    pub fn target(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        let host = self.uri.host().unwrap_or_default().to_ascii_lowercase();
        let default = if scheme == "https" { 443 } else { 80 };
        match self.uri.port_u16().filter(|port| *port != default) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// Makes the call that is enqueued: its target is the host, its body the request.
    pub fn into_call(self, key: impl Into<String>, policy: impl Into<String>) -> NewCall {
        NewCall::new(key, policy).target(self.target()).repeat(self.repeat).body(self.to_bytes())
    }

    /// Writes it as bytes: a line with the form, the method and the URL, a line for each header, an empty line, the body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{FORM} {} {}\r\n", self.method, self.uri).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// The bytes are no request.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RequestError> {
        let mut rest = bytes;
        let first = line(&mut rest).ok_or(RequestError::Bytes)?;
        let mut words = std::str::from_utf8(first).map_err(|_| RequestError::Bytes)?.split(' ');
        let (Some(FORM), Some(method), Some(url), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(RequestError::Bytes);
        };
        let mut request = Self::new(method.parse().map_err(|_| RequestError::Bytes)?, url)?;
        loop {
            let line = line(&mut rest).ok_or(RequestError::Bytes)?;
            if line.is_empty() {
                return Ok(request.body(rest));
            }
            let at = line.windows(2).position(|pair| pair == b": ").ok_or(RequestError::Bytes)?;
            let name = std::str::from_utf8(&line[..at]).map_err(|_| RequestError::Bytes)?;
            request = request.header(name, &line[at + 2..])?;
        }
    }
}

/// Takes a line off, without its end.
fn line<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let (line, after) = rest.split_at(end);
    *rest = &after[2..];
    Some(line)
}

/// Shows the names of the headers and how long the body is, and not what is in them.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .field("repeat", &self.repeat)
            .finish()
    }
}

/// The error of what is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The URL is none that can be sent to.
    Url {
        /// Its first 200 characters, without a name and a password.
        url: String,
        /// A sentence that says what is wrong with it.
        why: &'static str,
    },
    /// A header of this name has a name or a value that no header can have.
    Header(String),
    /// The bytes are no request.
    Bytes,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { url, why } => {
                write!(f, "{url:?} is no URL to send to: {why}; give one such as https://host/path")
            }
            Self::Header(name) => write!(f, "the header {name:?} has a name or a value that HTTP does not allow"),
            Self::Bytes => f.write_str("the body of the call is no request; enqueue it with Request::into_call"),
        }
    }
}

impl Error for RequestError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let request = Request::new(Method::PATCH, "https://a.example:8443/x?q=1")
            .unwrap()
            .header("x-one", "1")
            .unwrap()
            .header("x-one", b"\xff: 2")
            .unwrap()
            .header("x-empty", "")
            .unwrap()
            .body(b"a\r\n\r\nb\x00");
        assert_eq!(Request::from_bytes(&request.to_bytes()), Ok(request));
    }

    #[test]
    fn what_is_no_request_is_an_error_and_no_panic() {
        let good = Request::post("http://a.example/").unwrap().header("x", "y").unwrap().body("z").to_bytes();
        for cut in 0..good.len() - 2 {
            assert!(Request::from_bytes(&good[..cut]).is_err() || cut >= good.len() - 1, "{cut}");
        }
        for bad in [&b""[..], b"\r\n", b"GET / HTTP/1.1\r\n\r\n", b"insist-request-1 GET ftp://a\r\n\r\n"] {
            assert!(Request::from_bytes(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_target_is_the_host_with_its_port() {
        let target = |url| Request::post(url).unwrap().target();
        assert_eq!(target("https://A.example/x"), "https://a.example");
        assert_eq!(target("http://a.example:80/"), "http://a.example");
        assert_eq!(target("https://a.example:80/"), "https://a.example:80");
    }

    #[test]
    fn a_url_that_cannot_be_sent_to_is_refused_by_name() {
        for (url, why) in [
            ("ftp://a.example", "neither http nor https"),
            ("/path", "neither"),
            ("a b", "parsed"),
            ("http://a.example:80x/", "port"),
            ("http://a.example:70000/", "port"),
        ] {
            let said = Request::post(url).unwrap_err().to_string();
            assert!(said.contains(url) && said.contains(why), "{said}");
        }
        let said = Request::post("http://me:hunter2@a.example/").unwrap_err().to_string();
        assert!(said.contains("header") && !said.contains("hunter2"), "{said}");
        assert!(Request::post("http://[::1]:8080/").is_ok() && Request::post("http://[::1]/").is_ok());
    }

    #[test]
    fn headers_and_body_are_not_shown() {
        let request =
            Request::post("http://a.example/").unwrap().header("authorization", "hunter2").unwrap().body("pin");
        let shown = format!("{request:?}");
        assert!(shown.contains("authorization") && !shown.contains("hunter2") && !shown.contains("pin"), "{shown}");
    }
}
