//! The body of a request, made ready to be sent more than once if it can be.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use ureq::http::HeaderValue;
use ureq::http::header::CONTENT_LENGTH;
use ureq::http::request::Parts;
use ureq::{AsSendBody, Error, SendBody};

use crate::probe::Framing;

/// The least number of bytes of a long body that are compared at a time.
const LEAST_CHUNK: usize = 4 << 10;

/// The body of a request.
pub(crate) enum Payload<'a> {
    None,
    /// Buffered in memory: can be sent any number of times, from any thread.
    Buffered(Buffered),
    /// The caller's own bytes: can be sent any number of times, from the caller's thread.
    Borrowed(SendBody<'a>),
    /// A reader: can be sent once.
    Once(Box<dyn Read + 'a>),
}

/// A body that is buffered in memory.
#[derive(Clone)]
pub(crate) struct Buffered {
    bytes: Arc<[u8]>,
    is_chunked: bool,
}

impl<'a> Payload<'a> {
    /// Reads a body to learn whether it can be sent again, and buffers at most `limit` bytes of it.
    pub(crate) fn read(
        mut body: SendBody<'a>,
        framing: Framing,
        limit: usize,
        parts: &mut Parts,
    ) -> Result<Self, Error> {
        match framing {
            Framing::None => Ok(Self::None),
            Framing::Length(length) if length > limit as u64 => {
                // ureq forgets the length of a body whose framing was probed.
                parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
                match find_reader(&mut body, length, limit.max(LEAST_CHUNK))? {
                    None => Ok(Self::Borrowed(body)),
                    Some(read) => Ok(Self::Once(Box::new(read.chain(body.into_reader())))),
                }
            }
            Framing::Length(_) | Framing::Chunked => {
                let mut bytes = Vec::new();
                body.as_body().into_reader().take(limit as u64 + 1).read_to_end(&mut bytes)?;
                match framing {
                    Framing::Length(length) if bytes.len() as u64 != length => {
                        // The length has changed, as a file's may: sending it makes ureq report that.
                        parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
                        Ok(Self::Once(Box::new(Cursor::new(bytes).chain(body.into_reader()))))
                    }
                    Framing::Chunked if bytes.len() > limit => {
                        Ok(Self::Once(Box::new(Cursor::new(bytes).chain(body.into_reader()))))
                    }
                    _ => Ok(Self::Buffered(Buffered { bytes: bytes.into(), is_chunked: framing == Framing::Chunked })),
                }
            }
        }
    }

    /// Returns whether the body can be sent any number of times.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// Copies the body for other threads, if it can be sent from them.
    pub(crate) fn for_threads(&self) -> Option<Option<Buffered>> {
        match self {
            Self::None => Some(None),
            Self::Buffered(kept) => Some(Some(kept.clone())),
            Self::Borrowed(_) | Self::Once(_) => None,
        }
    }

    /// Calls `send` with the body of one attempt.
    pub(crate) fn with<T>(&mut self, send: impl FnOnce(SendBody<'_>) -> T) -> T {
        match self {
            Self::None => send(SendBody::none()),
            Self::Buffered(Buffered { bytes, is_chunked: false }) => send((&mut &bytes[..]).as_body()),
            Self::Buffered(Buffered { bytes, is_chunked: true }) => send(SendBody::from_reader(&mut &bytes[..])),
            Self::Borrowed(body) => send(body.as_body()),
            Self::Once(reader) => send(SendBody::from_reader(reader)),
        }
    }
}

impl From<Option<Buffered>> for Payload<'_> {
    fn from(kept: Option<Buffered>) -> Self {
        kept.map_or(Self::None, Self::Buffered)
    }
}

/// Returns what was read of a body that comes from a reader; `None` if it is bytes, which begin anew each time.
///
/// `SendBody` does not say which it is, so its first chunk is read again and again: bytes give the same chunk for ever,
/// while a reader goes on, and ends after `length` bytes even if it repeats itself.
fn find_reader(body: &mut SendBody<'_>, length: u64, chunk: usize) -> io::Result<Option<Box<dyn Read>>> {
    let first = read_chunk(body, chunk)?;
    let mut same = first.len() as u64;
    while same <= length {
        let next = read_chunk(body, chunk)?;
        if next != first {
            return Ok(Some(Box::new(Repeated { chunk: first, at: 0, left: same }.chain(Cursor::new(next)))));
        }
        same += next.len() as u64;
    }
    Ok(None)
}

fn read_chunk(body: &mut SendBody<'_>, chunk: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(chunk);
    body.as_body().into_reader().take(chunk as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A reader that repeats a chunk.
struct Repeated {
    chunk: Vec<u8>,
    at: usize,
    left: u64,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let read = (&self.chunk[self.at..]).read(buffer)?;
        self.left -= read as u64;
        self.at = (self.at + read) % self.chunk.len();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use ureq::http::Request;

    use super::*;

    fn read<'a>(body: SendBody<'a>, framing: Framing, limit: usize) -> Payload<'a> {
        let (mut parts, ()) = Request::new(()).into_parts();
        Payload::read(body, framing, limit, &mut parts).unwrap()
    }

    fn sent(payload: &mut Payload<'_>) -> Vec<u8> {
        payload.with(|body| {
            let mut bytes = Vec::new();
            body.into_reader().read_to_end(&mut bytes).unwrap();
            bytes
        })
    }

    #[test]
    fn long_bytes_can_be_sent_again_without_a_copy() {
        for byte in [b'x', 0] {
            let mut long = vec![byte; 100_000];
            long[50_000] = 1;
            let mut payload = read(long.as_body(), Framing::Length(100_000), 10_000);
            assert!(matches!(payload, Payload::Borrowed(_)));
            assert_eq!(sent(&mut payload).len(), 100_000);
            assert_eq!(sent(&mut payload).len(), 100_000);
        }
    }

    #[test]
    fn a_long_reader_is_sent_once_and_whole_even_if_it_repeats_itself() {
        for end in [0, 1, 10_000, 12_345] {
            for last in [b'x', b'y'] {
                let mut long = vec![b'x'; 50_000 + end];
                *long.last_mut().unwrap() = last;
                let length = long.len() as u64;
                let mut reader = &long[..];
                let body = SendBody::from_reader(&mut reader);
                let mut payload = read(body, Framing::Length(length), 10_000);
                assert!(!payload.is_repeatable());
                assert_eq!(sent(&mut payload), long);
            }
        }
    }

    #[test]
    fn a_short_reader_is_kept_and_a_long_one_is_sent_once() {
        let mut reader: &[u8] = b"hello";
        let mut payload = read(SendBody::from_reader(&mut reader), Framing::Chunked, 5);
        assert!(payload.is_repeatable());
        assert_eq!((sent(&mut payload), sent(&mut payload)), (b"hello".to_vec(), b"hello".to_vec()));

        let mut reader: &[u8] = b"hello!";
        let mut payload = read(SendBody::from_reader(&mut reader), Framing::Chunked, 5);
        assert!(!payload.is_repeatable());
        assert_eq!(sent(&mut payload), b"hello!");
    }

    #[test]
    fn a_file_that_is_shorter_than_it_says_is_not_called_repeatable() {
        let mut reader: &[u8] = b"hello";
        let mut payload = read(SendBody::from_reader(&mut reader), Framing::Length(7), 10);
        assert!(!payload.is_repeatable());
        assert_eq!(sent(&mut payload), b"hello");
    }
}
