//! The body of a request, and what is known of whether it can be sent more than once.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use ureq::http::HeaderValue;
use ureq::http::header::CONTENT_LENGTH;
use ureq::http::request::Parts;
use ureq::{AsSendBody, Error, SendBody};

use crate::transport::{Copy, Framing};

/// The number of bytes of a long body that are read at a time, to find out what it is.
const CHUNK: usize = 16 << 10;

/// The body of a request.
pub(crate) enum Payload<'a> {
    None,
    /// Nothing of it was read. What it is shows in what the first attempt writes.
    Unread(SendBody<'a>),
    /// Buffered in memory: can be sent any number of times, from any thread.
    Buffered(Buffered),
    /// The caller's own bytes: can be sent any number of times, from the caller's thread.
    Borrowed(SendBody<'a>),
    /// A reader: can be sent once.
    Once(Box<dyn Read + 'a>),
    /// A reader of which too much was read: cannot be sent again.
    Gone,
}

/// A body that is buffered in memory.
#[derive(Clone)]
pub(crate) struct Buffered {
    bytes: Arc<[u8]>,
    is_chunked: bool,
}

impl<'a> Payload<'a> {
    /// Reads a body for attempts on several threads, if it is no longer than the limit. `framing` is that which ureq would
    /// give it.
    pub(crate) fn read(
        mut body: SendBody<'a>,
        framing: Framing,
        limit: usize,
        parts: &mut Parts,
    ) -> Result<Self, Error> {
        match framing {
            Framing::None => return Ok(Self::None),
            Framing::Length(length) => {
                // ureq forgets the length of a body that it was asked for.
                set_length(parts, length);
                if length > limit as u64 {
                    return Ok(Self::Unread(body));
                }
            }
            Framing::Chunked => {}
        }
        let bytes = read(&mut body, limit as u64 + 1)?;
        let is_whole = match framing {
            Framing::Length(length) => bytes.len() as u64 == length,
            _ => bytes.len() <= limit,
        };
        if is_whole {
            return Ok(Self::Buffered(Buffered { bytes: bytes.into(), is_chunked: framing == Framing::Chunked }));
        }
        // The length may have changed, as a file's may: sending it makes ureq report that.
        Ok(Self::Once(Box::new(Cursor::new(bytes).chain(body.into_reader()))))
    }

    /// Returns whether what an attempt writes of it is to be copied.
    pub(crate) const fn is_unread(&self) -> bool {
        matches!(self, Self::Unread(_))
    }

    /// Learns from what an attempt has written what the body is, and makes it ready for the next.
    pub(crate) fn learn(&mut self, copy: Copy, limit: usize, parts: &mut Parts) -> Result<(), Error> {
        // Without a head nothing was asked of the body.
        let (Self::Unread(_), Some(framing)) = (&self, copy.framing()) else { return Ok(()) };
        let Self::Unread(mut body) = std::mem::replace(self, Self::Gone) else { return Ok(()) };
        let written = copy.written();
        let (mut before, is_all) = copy.into_body();
        match framing {
            Framing::None => *self = Self::None,
            Framing::Length(length) => {
                set_length(parts, length);
                *self = if written == 0 && length > limit as u64 {
                    Self::Unread(body)
                } else if is_all && before.len() as u64 == length {
                    Self::buffered(before, false)
                } else if length <= limit as u64 && is_all {
                    let rest = read(&mut body, length + 1)?;
                    let is_from_the_start = written == 0 || rest.len() as u64 == length;
                    if is_from_the_start {
                        before.clear();
                    }
                    before.extend_from_slice(&rest);
                    if before.len() as u64 == length {
                        Self::buffered(before, false)
                    } else {
                        Self::Once(Box::new(Cursor::new(before).chain(body.into_reader())))
                    }
                } else if is_bytes(&mut body, &before, length)? {
                    Self::Borrowed(body)
                } else {
                    Self::Gone
                };
            }
            Framing::Chunked => {
                if !is_all {
                    return Ok(());
                }
                before.extend(read(&mut body, (limit + 1).saturating_sub(before.len()) as u64)?);
                *self = if before.len() <= limit {
                    Self::buffered(before, true)
                } else {
                    Self::Once(Box::new(Cursor::new(before).chain(body.into_reader())))
                };
            }
        }
        Ok(())
    }

    fn buffered(bytes: Vec<u8>, is_chunked: bool) -> Self {
        Self::Buffered(Buffered { bytes: bytes.into(), is_chunked })
    }

    /// Returns whether the body can be sent any number of times, as far as is known.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_) | Self::Gone)
    }

    /// Copies the body for other threads, if it can be sent from them.
    pub(crate) fn for_threads(&self) -> Option<Option<Buffered>> {
        match self {
            Self::None => Some(None),
            Self::Buffered(kept) => Some(Some(kept.clone())),
            _ => None,
        }
    }

    /// Calls `send` with the body of one attempt.
    pub(crate) fn with<T>(&mut self, send: impl FnOnce(SendBody<'_>) -> T) -> T {
        match self {
            Self::None | Self::Gone => send(SendBody::none()),
            Self::Buffered(Buffered { bytes, is_chunked: false }) => send((&mut &bytes[..]).as_body()),
            Self::Buffered(Buffered { bytes, is_chunked: true }) => send(SendBody::from_reader(&mut &bytes[..])),
            Self::Unread(body) | Self::Borrowed(body) => send(body.as_body()),
            Self::Once(reader) => send(SendBody::from_reader(reader)),
        }
    }
}

impl From<Option<Buffered>> for Payload<'_> {
    fn from(kept: Option<Buffered>) -> Self {
        kept.map_or(Self::None, Self::Buffered)
    }
}

fn set_length(parts: &mut Parts, length: u64) {
    parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
}

fn read(body: &mut SendBody<'_>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    body.as_body().into_reader().take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns whether a body of which something was sent is bytes, which begin anew each time they are read; a reader goes
/// on, and has less left than its length.
///
/// A reader is read no further than that shows.
fn is_bytes(body: &mut SendBody<'_>, before: &[u8], length: u64) -> io::Result<bool> {
    let mut rest = body.as_body().into_reader();
    let (mut left, mut chunk) = (length, vec![0; CHUNK]);
    let mut before = before;
    while left > 0 {
        let read = rest.read(&mut chunk)?;
        if read == 0 || read as u64 > left {
            return Ok(false);
        }
        let compared = read.min(before.len());
        if chunk[..compared] != before[..compared] {
            return Ok(false);
        }
        before = &before[compared..];
        left -= read as u64;
    }
    Ok(rest.read(&mut chunk[..1])? == 0)
}

#[cfg(test)]
mod tests;
