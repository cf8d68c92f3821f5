//! Reads the body of an answer before the answer is handed on: to free the connection, or as a part of the attempt.

use std::io::{self, Cursor, Read};
use std::sync::LazyLock;
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::{Body, BodyReader, Error};

/// The most that is read of an unwanted body, so that its connection can be used again: 64 KiB. Reading more costs more
/// than a new connection.
const UNWANTED: usize = 64 << 10;

/// The most time that this may take: 100 ms. An error page comes with its head.
pub(crate) const UNWANTED_TIME: Duration = Duration::from_millis(100);

/// Reads the body of an answer that is to be retried, so that its connection can be used again. The answer can still be
/// handed on.
pub(crate) fn read_unwanted(answer: Response<Body>) -> Response<Body> {
    if is_longer(&answer, UNWANTED) {
        return answer;
    }
    let taken = Taken::take(answer, UNWANTED);
    match taken.failure {
        None => taken.into_answer(),
        Some(error) => {
            let rest = match Error::from(error) {
                // Only the time for unwanted bodies is over: the rest can still be read.
                Error::Timeout(_) => return Taken { failure: None, ..taken }.into_answer(),
                error => Failing(Some(error.into_io())),
            };
            let body = taken.body.reader(Cursor::new(taken.bytes).chain(rest));
            Response::from_parts(taken.parts, body)
        }
    }
}

/// Reads what is left of an answer that nobody wants, so that its connection can be used again.
pub(crate) fn drain(answer: Response<Body>) {
    if is_longer(&answer, UNWANTED) {
        return;
    }
    let rest = answer.into_body().into_reader().take(UNWANTED as u64 + 1);
    // What fails here has no consequence but the end of the connection.
    let _ = io::copy(&mut { rest }, &mut io::sink());
}

/// Returns whether answers with this status never have a body (RFC 9110, section 6.4.1).
#[inline]
pub(crate) const fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Makes the body of an answer empty that has none: ureq decodes it as its fields say, and finds the end too early.
#[cold]
pub(crate) fn without_body(answer: Response<Body>) -> Response<Body> {
    answer.map(|body| same_kind(&body).data(Vec::new()))
}

/// Reads the whole body of an answer, unless it is longer than the limit.
pub(crate) fn read_whole(answer: Response<Body>, limit: usize) -> Result<Response<Body>, Error> {
    if is_longer(&answer, limit) {
        return Ok(answer);
    }
    match Taken::take(answer, limit) {
        Taken { failure: Some(error), .. } => Err(error.into()),
        taken => Ok(taken.into_answer()),
    }
}

/// Returns whether the answer's length is known to exceed the limit; then none of it is read.
fn is_longer(answer: &Response<Body>, limit: usize) -> bool {
    answer.body().content_length().is_some_and(|length| length > limit as u64)
}

/// An answer whose body was read, to its end or up to a limit.
struct Taken {
    parts: ureq::http::response::Parts,
    body: ureq::BodyBuilder,
    bytes: Vec<u8>,
    /// The rest of the body, if there is any.
    rest: Option<BodyReader<'static>>,
    failure: Option<io::Error>,
}

impl Taken {
    fn take(answer: Response<Body>, limit: usize) -> Self {
        let limit = limit as u64;
        let (parts, body) = answer.into_parts();
        let builder = same_kind(&body);
        let mut reader = body.into_reader();
        let mut bytes = Vec::new();
        let read = (&mut reader).take(limit.saturating_add(1)).read_to_end(&mut bytes);
        let is_whole = read.is_ok() && bytes.len() as u64 <= limit;
        Self { parts, body: builder, bytes, rest: (!is_whole).then_some(reader), failure: read.err() }
    }

    fn into_answer(self) -> Response<Body> {
        let body = match self.rest {
            None => self.body.data(self.bytes),
            Some(rest) => self.body.reader(Cursor::new(self.bytes).chain(rest)),
        };
        Response::from_parts(self.parts, body)
    }
}

/// Makes a builder for a body like this one, of bytes that have been decoded already.
fn same_kind(body: &Body) -> ureq::BodyBuilder {
    // With ureq's feature `charset`, which another crate may have set, text comes out of the reader as UTF-8.
    static DECODES: LazyLock<bool> = LazyLock::new(|| {
        let mut body = Body::builder().mime_type("text/plain").charset("iso-8859-1").data([0xe9]);
        body.read_to_vec().is_ok_and(|bytes| bytes.len() == 2)
    });
    let mut builder = Body::builder();
    if let Some(mime_type) = body.mime_type() {
        builder = builder.mime_type(mime_type);
    }
    if let Some(charset) = body.charset() {
        let is_decoded = body.mime_type().is_some_and(|mime_type| mime_type.starts_with("text/")) && *DECODES;
        builder = builder.charset(if is_decoded { "utf-8" } else { charset });
    }
    builder
}

/// The reader after the bytes of a body that broke off: it returns the error.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Response<Body> {
        Response::new(Body::builder().reader(io::repeat(b'x').take(bytes as u64)))
    }

    #[test]
    fn a_body_within_the_limit_is_there_whole() {
        let mut read = read_whole(answer(10), 10).unwrap();
        assert_eq!(read.body().content_length(), Some(10));
        assert_eq!(read.body_mut().read_to_string().unwrap(), "xxxxxxxxxx");
    }

    #[test]
    fn a_body_over_the_limit_is_handed_on_whole() {
        for bytes in [11, 1000] {
            let mut read = read_whole(answer(bytes), 10).unwrap();
            assert_eq!(read.body().content_length(), None);
            assert_eq!(read.body_mut().read_to_vec().unwrap().len(), bytes);
        }
    }

    #[test]
    fn a_body_that_breaks_off_is_a_failure_and_stays_one() {
        let torn = || {
            let torn = b"abc".chain(Failing(Some(io::ErrorKind::UnexpectedEof.into())));
            Response::new(Body::builder().reader(torn))
        };
        assert!(matches!(read_whole(torn(), 10), Err(Error::Io(_))));
        let mut unwanted = read_unwanted(torn());
        assert!(matches!(unwanted.body_mut().read_to_vec(), Err(Error::Io(_))));
    }

    #[test]
    fn text_is_decoded_once() {
        let body = Body::builder().mime_type("text/plain").charset("iso-8859-1").data([0xe9]);
        let plain = Response::new(body).into_body().read_to_vec().unwrap();
        let body = Body::builder().mime_type("text/plain").charset("iso-8859-1").data([0xe9]);
        let mut read = read_whole(Response::new(body), 10).unwrap();
        assert_eq!(read.body_mut().read_to_vec().unwrap(), plain);
        assert_eq!(read.body().mime_type(), Some("text/plain"));
    }
}
