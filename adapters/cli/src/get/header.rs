//! Reads headers, methods, URLs and statuses, for clap.

use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Method, Uri};

use crate::exit::Failure;
use crate::shown::{foreign, without_secrets};

/// Reads a header as `Name: value`, or as `Name;` if its value is empty.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = match (text.split_once(':'), text.strip_suffix(';')) {
        (Some((name, value)), _) => (name, value.trim()),
        (None, Some(name)) => (name, ""),
        (None, None) => return Err("a header has a name and a value, as in `Name: value`".into()),
    };
    if value.is_empty() && !text.ends_with(';') {
        return Err(format!("the header has no value; write `{};` to send it empty", name.trim()));
    }
    let name = name.trim().parse().map_err(|_| format!("`{name}` is not a valid header name"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| "the value has a character that no header may have, such as the end of a line".to_owned())?;
    // Most secrets are in headers, and no header is shown.
    value.set_sensitive(true);
    Ok((name, value))
}

/// Reads a header that an option gives; an error names the header, and shows no value.
pub(super) fn option_header(text: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let name = text.split([':', ';']).next().unwrap_or_default().trim();
    header(text).map_err(|problem| Failure::Usage(format!("--header {}: {problem}", foreign(name))))
}

/// Reads a URL of the command line; an error shows no password.
pub(super) fn option_url(text: &str) -> Result<Uri, Failure> {
    url(text).map_err(|problem| {
        let full = if text.contains("://") { text.into() } else { format!("http://{text}") };
        let shown = without_secrets(&full, false);
        let shown = if full.len() == text.len() { &shown } else { &shown["http://".len()..] };
        Failure::Usage(format!("'{}' is no URL: {problem}", foreign(shown)))
    })
}

pub(crate) fn method(text: &str) -> Result<Method, String> {
    text.parse().map_err(|_| "a method is one word, such as GET or POST".into())
}

/// Reads a URL; without a scheme it is http, as for curl.
pub(crate) fn url(text: &str) -> Result<Uri, String> {
    let full = if text.contains("://") { text.into() } else { format!("http://{text}") };
    let uri: Uri = full.parse().map_err(|error| format!("{error}; write it as http://host/path"))?;
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => {}
        _ => return Err("the scheme is neither http nor https; give one of them".into()),
    }
    match uri.host() {
        Some(host) if !host.is_empty() => {}
        _ => return Err("there is no host; write it as http://host/path".into()),
    }
    // `Uri` takes a port that is out of range for none.
    let written =
        uri.authority().map_or("", |authority| authority.as_str().rsplit(['@', ']']).next().unwrap_or_default());
    match written.rsplit_once(':') {
        Some((_, port)) if uri.port_u16().is_none() => Err(format!("the port {port} is not from 0 to 65535")),
        _ => Ok(uri),
    }
}

/// Reads a status, from 100 to 999.
pub(crate) fn status(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(status @ 100..=999) => Ok(status),
        _ => Err("a status is a number from 100 to 999".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_scheme_is_http() {
        assert_eq!(url("localhost:8080/x?y").unwrap(), "http://localhost:8080/x?y");
        assert_eq!(url("example.org").unwrap(), "http://example.org/");
        assert_eq!(url("HTTPS://example.org/").unwrap().scheme(), Some(&Scheme::HTTPS));
        for bad in ["ftp://example.org", "http://", "a b", "", "http:///path"] {
            assert!(url(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        assert_eq!(header("Accept: a/b").unwrap(), (http::header::ACCEPT, HeaderValue::from_static("a/b")));
        assert_eq!(header("X-Time:1:2").unwrap().1, "1:2");
        assert_eq!(header("X-Empty;").unwrap().1, "");
        for bad in ["Accept", "Accept:", ": a", "A b: c", "A: b\nC: d"] {
            assert!(header(bad).is_err(), "{bad:?}");
        }
    }
}
