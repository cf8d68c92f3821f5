//! Bodies of blocking requests.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

/// Sets how much of a reader is read at a time.
const PIECE: usize = 16 << 10;

/// The body of a blocking request: bytes, text, a file, or any reader.
pub struct Body(reqwest::Body);

impl Body {
    /// Makes a body of a reader, which is read while it is sent, on a thread for such work.
    ///
    /// ```
    /// use std::io::Cursor;
    ///
    /// let body = insist_reqwest::blocking::Body::new(Cursor::new(b"hello"));
    /// assert!(body.as_bytes().is_none());
    /// ```
    pub fn new<R: Read + Send + 'static>(reader: R) -> Self {
        Self::of(Box::new(reader), SizeHint::default())
    }

    /// Does the same, with the number of bytes that the reader gives.
    pub fn sized<R: Read + Send + 'static>(reader: R, length: u64) -> Self {
        Self::of(Box::new(reader.take(length)), SizeHint::with_exact(length))
    }

    fn of(reader: Box<dyn Read + Send>, hint: SizeHint) -> Self {
        Self(reqwest::Body::wrap(Reading { step: Step::Idle(Some(Alone(Mutex::new(reader)))), hint }))
    }

    /// Returns the bytes, if it is not a reader.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_bytes()
    }

    pub(super) fn into_async(self) -> reqwest::Body {
        self.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! from {
    ($($bytes:ty),*) => {$(
        impl From<$bytes> for Body {
            fn from(bytes: $bytes) -> Self {
                Self(bytes.into())
            }
        }
    )*};
}

from!(Vec<u8>, String, &'static [u8], &'static str, Bytes);

/// Makes a body of a file, with its length if the system tells it.
impl From<File> for Body {
    fn from(file: File) -> Self {
        match file.metadata() {
            Ok(metadata) => Self::sized(file, metadata.len()),
            Err(_) => Self::new(file),
        }
    }
}

impl From<reqwest::Body> for Body {
    fn from(body: reqwest::Body) -> Self {
        Self(body)
    }
}

type Piece = (Alone, io::Result<Vec<u8>>);

/// A reader that only one thread at a time has, which the lock, never contended, says to the compiler.
struct Alone(Mutex<Box<dyn Read + Send>>);

struct Reading {
    step: Step,
    hint: SizeHint,
}

enum Step {
    /// `None` at the end.
    Idle(Option<Alone>),
    Busy(JoinHandle<Piece>),
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            match &mut self.step {
                Step::Idle(reader) => {
                    let Some(mut reader) = reader.take() else { return Poll::Ready(None) };
                    self.step = Step::Busy(spawn_blocking(move || {
                        let mut piece = vec![0; PIECE];
                        let read = reader.0.get_mut().unwrap_or_else(PoisonError::into_inner).read(&mut piece);
                        let read = read.map(|length| {
                            piece.truncate(length);
                            piece
                        });
                        (reader, read)
                    }));
                }
                Step::Busy(piece) => {
                    let (reader, piece) = ready!(Pin::new(piece).poll(context)).map_err(io::Error::other)?;
                    let piece = piece?;
                    if piece.is_empty() {
                        self.step = Step::Idle(None);
                        return Poll::Ready(None);
                    }
                    self.step = Step::Idle(Some(reader));
                    return Poll::Ready(Some(Ok(Frame::data(piece.into()))));
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}
