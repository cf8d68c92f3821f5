//! Reads the bodies of answers into memory: whole ones that are part of an attempt, and the beginning of those that nobody
//! wants, so that their connections can be used again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use reqwest::{Body, Error, Response, ResponseBuilderExt};
use tokio::time::timeout;

/// Limits how much of an unwanted body is read, and for how long.
const DRAINED: usize = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_millis(100);

/// Makes the body of an answer part of its attempt. One that is longer than the limit is handed on with what was read of
/// it before the rest.
pub(crate) async fn with_whole_body(answer: Response, limit: usize) -> Result<Response, Error> {
    if answer.content_length().is_some_and(|length| length > limit as u64) {
        return Ok(answer);
    }
    let mut reading = Reading::new(answer);
    match reading.up_to(limit).await {
        None => Ok(reading.into_answer()),
        Some(error) => Err(error.with_url(reading.url)),
    }
}

/// Reads a bounded part of a body that nobody wants. What was read stays in the answer, for it may be the last.
pub(crate) async fn drained(answer: Response) -> Response {
    if answer.content_length().is_some_and(|length| length == 0 || length > DRAINED as u64) {
        return answer;
    }
    let mut reading = Reading::new(answer);
    if let Ok(Some(error)) = timeout(DRAIN_TIME, reading.up_to(DRAINED)).await {
        reading.broken = Some(error);
    }
    reading.into_answer()
}

/// Keeps the URL of an answer whose parts become an answer of reqwest's again. reqwest has it in an extension of a private
/// type, which its own builder makes.
pub(crate) fn keep_url(parts: &mut http::response::Parts, url: reqwest::Url) {
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(with_url.into_parts().0.extensions);
    }
}

/// An answer whose body is being read.
struct Reading {
    parts: http::response::Parts,
    body: Body,
    url: reqwest::Url,
    read: BytesMut,
    has_ended: bool,
    trailers: Option<http::HeaderMap>,
    broken: Option<Error>,
}

impl Reading {
    fn new(answer: Response) -> Self {
        let url = answer.url().clone();
        let (parts, body) = http::Response::<Body>::from(answer).into_parts();
        Self { parts, body, url, read: BytesMut::new(), has_ended: false, trailers: None, broken: None }
    }

    /// Reads until the body has ended or is longer than the limit. Returns the error if it breaks off.
    async fn up_to(&mut self, limit: usize) -> Option<Error> {
        while self.read.len() <= limit {
            match self.body.frame().await {
                None => {
                    self.has_ended = true;
                    return None;
                }
                Some(Err(error)) => return Some(error),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.read.extend_from_slice(&data),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
            }
        }
        None
    }

    fn into_answer(self) -> Response {
        let Self { mut parts, body, url, read, has_ended, trailers, broken } = self;
        let read = read.freeze();
        let body = match (has_ended && trailers.is_none(), broken) {
            (true, _) => Body::from(read),
            (false, broken) => {
                Body::wrap(Chained { read: Some(read), trailers, broken, rest: (!has_ended).then_some(body) })
            }
        };
        keep_url(&mut parts, url);
        Response::from(http::Response::from_parts(parts, body))
    }
}

/// Gives what was read of a body, and then the rest of it.
struct Chained {
    read: Option<Bytes>,
    trailers: Option<http::HeaderMap>,
    broken: Option<Error>,
    rest: Option<Body>,
}

impl http_body::Body for Chained {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(read) = self.read.take().filter(|read| !read.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(read))));
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        if let Some(error) = self.broken.take() {
            self.rest = None;
            return Poll::Ready(Some(Err(error)));
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        Poll::Ready(ready!(Pin::new(rest).poll_frame(context)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
