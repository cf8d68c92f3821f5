//! The options of the request, and the request that is made of them.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, RANGE, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::body::{self, URLENCODED, pair, part};
use super::super::header::{method, option_header};
use super::multipart::multipart;
use crate::exit::Failure;

/// The options of the request.
#[derive(Args)]
#[command(next_help_heading = "Request")]
pub(in crate::get) struct RequestOptions {
    /// The method of the request [default: GET, POST with a body, PUT with -T, HEAD with -I]
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = method)]
    request: Option<Method>,

    /// A header, as in `Accept: text/html`; may be given several times. All headers, also credentials, go to all replicas
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// The body of the request; @FILE sends a file without its line ends, @- standard input; several are joined with &
    #[arg(short, long, visible_alias = "data-ascii", value_name = "DATA", allow_hyphen_values = true)]
    data: Vec<String>,

    /// The body of the request, as --data, but files are sent unchanged
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    data_binary: Vec<String>,

    /// The body of the request, as --data, but an @ at its beginning is sent too
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    data_raw: Vec<String>,

    /// The body of the request, URL-encoded: CONTENT, NAME=CONTENT, @FILE or NAME@FILE
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    data_urlencode: Vec<String>,

    /// A field of the body, sent URL-encoded whatever its value begins with; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    field: Vec<(String, String)>,

    /// The body of the request as JSON, with its Content-Type and Accept; @FILE and @- as with --data-binary
    #[arg(long, value_name = "DATA", conflicts_with_all = BODIES)]
    json: Vec<String>,

    /// A part of a multipart form: NAME=VALUE, NAME=@FILE to upload a file, NAME=<FILE to take a value from one; then
    /// ;type=TYPE and ;filename=NAME
    #[arg(short = 'F', long, value_name = "NAME=VALUE", conflicts_with_all = BODIES, conflicts_with = "json")]
    form: Vec<String>,

    /// A part of a multipart form whose value is sent as it is
    #[arg(long, value_name = "NAME=VALUE", conflicts_with_all = BODIES, conflicts_with = "json")]
    form_string: Vec<String>,

    /// Send this file as the body, with PUT; - is standard input. Its name is added to a URL that ends with /
    #[arg(short = 'T', long, value_name = "FILE", conflicts_with_all = BODIES, conflicts_with_all = ["json", "form"])]
    upload_file: Option<PathBuf>,

    /// Send what --data and its kin give as the query of the URL, with GET
    #[arg(short = 'G', long, conflicts_with_all = ["form", "upload_file", "json"])]
    get: bool,

    /// Ask for the head alone, and write it
    #[arg(short = 'I', long, conflicts_with = "request")]
    pub(in crate::get) head: bool,

    /// The user and password of basic authentication
    #[arg(short, long, value_name = "USER:PASSWORD", hide_default_value = true)]
    user: Option<String>,

    /// The header User-Agent [default: insist and its version]
    #[arg(short = 'A', long, value_name = "TEXT")]
    user_agent: Option<String>,

    /// The header Referer
    #[arg(short = 'e', long, value_name = "URL")]
    referer: Option<String>,

    /// The header Cookie, as in `name=value; other=value`
    #[arg(short = 'b', long, value_name = "COOKIES")]
    cookie: Vec<String>,

    /// Ask for these bytes only, as in 0-499 or 9500-
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    range: Option<String>,

    /// Ask for a compressed body (gzip), and write it decompressed
    #[arg(long)]
    pub(in crate::get) compressed: bool,
}

/// The options that give a body which is joined with &.
const BODIES: [&str; 5] = ["data", "data_binary", "data_raw", "data_urlencode", "field"];

/// Lists what curl leaves as it is in URL-encoded text: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request of the options, without its address.
pub(in crate::get) struct Said {
    pub(in crate::get) method: Method,
    pub(in crate::get) headers: HeaderMap,
    pub(in crate::get) body: Option<Vec<u8>>,
    /// Holds what is added to the query of each URL.
    query: Option<String>,
    /// Holds what is added to the path of a URL that ends with a slash.
    name: Option<String>,
}

impl RequestOptions {
    /// Makes the request. The seed is that of the boundary of a multipart form.
    pub(in crate::get) fn said(&self, seed: u64) -> Result<Said, Failure> {
        let mut headers = HeaderMap::new();
        for text in &self.headers {
            let (name, value) = option_header(text)?;
            headers.append(name, value);
        }
        self.add_own(&mut headers)?;
        let (mut body, content_type) = self.body(seed)?;
        let query = if self.get { Some(text(body.take().unwrap_or_default())?) } else { None };
        if let (Some(_), Some(content_type)) = (&body, content_type) {
            let value = HeaderValue::from_str(&content_type)
                .map_err(|_| Failure::Usage("a type in --form has a character that no header may have".into()))?;
            headers.entry(CONTENT_TYPE).or_insert(value);
        }
        let default = match (&body, &self.upload_file) {
            _ if self.head => Method::HEAD,
            (_, Some(_)) => Method::PUT,
            (Some(_), None) => Method::POST,
            (None, None) => Method::GET,
        };
        let name = self.upload_file.as_ref().and_then(|path| path.file_name()).filter(|name| *name != "-");
        Ok(Said {
            method: self.request.clone().unwrap_or(default),
            headers,
            body,
            query: query.filter(|query| !query.is_empty()),
            name: name.map(|name| utf8_percent_encode(&name.to_string_lossy(), ENCODED).to_string()),
        })
    }

    /// Adds the headers that have options of their own, unless -H gives them.
    fn add_own(&self, headers: &mut HeaderMap) -> Result<(), Failure> {
        let user = match &self.user {
            Some(user) if !user.contains(':') => {
                return Err(Failure::Usage(
                    "--user has no password; write user:password, or `user:` for an empty one".into(),
                ));
            }
            Some(user) => Some(format!("Basic {}", BASE64_STANDARD.encode(user))),
            None => None,
        };
        if self.cookie.iter().any(|cookie| !cookie.contains('=')) {
            return Err(Failure::Usage(
                "--cookie reads no file; write name=value, or several as `name=value; other=value`".into(),
            ));
        }
        let cookie = (!self.cookie.is_empty()).then(|| self.cookie.join("; "));
        let range = self.range.as_ref().map(|range| format!("bytes={range}"));
        let json = (!self.json.is_empty()).then(|| "application/json".to_owned());
        for (option, name, value) in [
            ("--user", AUTHORIZATION, user),
            ("--cookie", COOKIE, cookie),
            ("--range", RANGE, range),
            ("--user-agent", USER_AGENT, self.user_agent.clone()),
            ("--referer", REFERER, self.referer.clone()),
            ("--json", ACCEPT, json),
        ] {
            if let Some(value) = value {
                add(headers, option, name, &value)?;
            }
        }
        Ok(())
    }

    /// Returns the body and its type.
    fn body(&self, seed: u64) -> Result<(Option<Vec<u8>>, Option<String>), Failure> {
        if !self.json.is_empty() {
            let parts =
                self.json.iter().map(|text| Ok(part(text, "--json")?.bytes)).collect::<Result<Vec<_>, Failure>>()?;
            return Ok((Some(parts.concat()), Some("application/json".into())));
        }
        if !self.form.is_empty() || !self.form_string.is_empty() {
            let (body, content_type) = multipart(&self.form, &self.form_string, seed)?;
            return Ok((Some(body), Some(content_type)));
        }
        if let Some(path) = &self.upload_file {
            let text = format!("@{}", path.display());
            return Ok((Some(part(&text, "-T")?.bytes), None));
        }
        let mut parts: Vec<Vec<u8>> = body::body(&self.data, &self.data_binary, &[])?.into_iter().collect();
        parts.extend(self.data_raw.iter().map(|text| text.clone().into_bytes()));
        for text in &self.data_urlencode {
            parts.push(urlencoded(text)?);
        }
        parts.extend(body::body(&[], &[], &self.field)?);
        Ok((if parts.is_empty() { None } else { Some(parts.join(&b'&')) }, Some(URLENCODED.into())))
    }
}

impl Said {
    /// Completes an address: with the query of --get, and the name of -T.
    pub(in crate::get) fn address(&self, url: Uri) -> Result<Uri, Failure> {
        if self.query.is_none() && self.name.is_none() {
            return Ok(url);
        }
        let mut path = url.path().to_owned();
        if let Some(name) = self.name.as_ref().filter(|_| path.ends_with('/')) {
            path += name;
        }
        let queries = url.query().into_iter().chain(self.query.as_deref()).collect::<Vec<_>>().join("&");
        if !queries.is_empty() {
            path = path + "?" + &queries;
        }
        let mut parts = url.into_parts();
        parts.path_and_query =
            Some(path.parse().map_err(|error| Failure::Usage(format!("what --get gives is no query: {error}")))?);
        Uri::from_parts(parts).map_err(|error| Failure::Usage(error.to_string()))
    }
}

fn add(headers: &mut HeaderMap, option: &str, name: HeaderName, value: &str) -> Result<(), Failure> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Failure::Usage(format!("{option} has a character that no header may have, such as the end of a line"))
    })?;
    value.set_sensitive(true);
    headers.entry(name).or_insert(value);
    Ok(())
}

/// Encodes the content of --data-urlencode as curl does.
fn urlencoded(text: &str) -> Result<Vec<u8>, Failure> {
    let (name, content) = match text.find(['=', '@']) {
        None => ("", text.to_owned()),
        Some(at) if text.as_bytes()[at] == b'=' => (&text[..at], text[at + 1..].to_owned()),
        Some(at) => (&text[..at], self::text(part(&text[at..], "--data-urlencode")?.bytes)?),
    };
    let content = utf8_percent_encode(&content, ENCODED);
    Ok(if name.is_empty() { content.to_string() } else { format!("{name}={content}") }.into_bytes())
}

fn text(bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure::Usage("what is to be a part of a URL is not UTF-8".into()))
}
