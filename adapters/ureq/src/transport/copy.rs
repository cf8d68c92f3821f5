//! A copy of what an attempt writes: its head, and the beginning of its body. From it a body is made ready to be sent once
//! more, which nothing has read before.

use std::cell::RefCell;

use ureq::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

use super::answer_head::fields;

thread_local! {
    static COPY: RefCell<Copy> = const { RefCell::new(Copy::NONE) };
}

/// The bytes that were written of a request.
#[derive(Debug)]
pub(crate) struct Copy {
    /// The head, as far as it was written.
    head: Vec<u8>,
    is_head_whole: bool,
    /// The beginning of the body, without its framing.
    body: Vec<u8>,
    /// The number of bytes of the body that were written.
    written: u64,
    /// `None` before the body has begun.
    is_chunked: Option<bool>,
    /// The number of bytes of the body that are kept.
    limit: usize,
    /// Another request has begun, after a redirect.
    is_over: bool,
}

/// The framing of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
}

impl Copy {
    const NONE: Self = Self {
        head: Vec::new(),
        is_head_whole: false,
        body: Vec::new(),
        written: 0,
        is_chunked: None,
        limit: 0,
        is_over: false,
    };

    /// Begins a copy on this thread.
    pub(crate) fn begin(limit: usize) {
        COPY.with_borrow_mut(|copy| {
            // The room for head and body is used again.
            copy.head.clear();
            copy.body.clear();
            copy.is_head_whole = false;
            copy.written = 0;
            copy.is_chunked = None;
            copy.limit = limit;
            copy.is_over = false;
        });
    }

    /// Takes the copy of this thread.
    pub(crate) fn take() -> Self {
        COPY.replace(Self::NONE)
    }

    /// Adds what is about to be written; `is_new` if a request begins with it.
    pub(super) fn add(bytes: &[u8], is_new: bool) {
        COPY.with_borrow_mut(|copy| copy.push(bytes, is_new));
    }

    #[cfg(test)]
    pub(crate) fn add_for_test(bytes: &[u8], is_new: bool) {
        Self::add(bytes, is_new);
    }

    fn push(&mut self, bytes: &[u8], is_new: bool) {
        self.is_over |= is_new && self.is_head_whole;
        if self.is_over {
        } else if self.is_head_whole {
            // The head is searched only where it matters.
            let is_chunked = *self
                .is_chunked
                .get_or_insert_with(|| bytes.ends_with(b"\r\n") && fields(&self.head).contains_key(TRANSFER_ENCODING));
            if is_chunked {
                for chunk in Chunks(bytes) {
                    self.push_body(chunk);
                }
            } else {
                self.push_body(bytes);
            }
        } else {
            if is_new {
                self.head.clear();
            }
            self.head.extend_from_slice(bytes);
            self.is_head_whole = self.head.ends_with(b"\r\n\r\n");
        }
    }

    fn push_body(&mut self, bytes: &[u8]) {
        self.written += bytes.len() as u64;
        let room = self.limit.saturating_sub(self.body.len());
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Returns the framing of the body; `None` if no head was written.
    pub(crate) fn framing(&self) -> Option<Framing> {
        if !self.is_head_whole {
            return None;
        }
        let fields = fields(&self.head);
        if fields.contains_key(TRANSFER_ENCODING) {
            return Some(Framing::Chunked);
        }
        let length = fields.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
        Some(length.map_or(Framing::None, Framing::Length))
    }

    /// Returns the number of bytes of the body that were written.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// Returns the beginning of the body, and whether that is all that was written of it.
    pub(crate) fn into_body(self) -> (Vec<u8>, bool) {
        let is_all = self.written == self.body.len() as u64;
        (self.body, is_all)
    }
}

/// The bytes of whole chunks. ureq writes no parts of them.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.0.windows(2).position(|end| end == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&self.0[..line]).ok()?, 16).ok()?;
        let chunk = self.0.get(line + 2..line + 2 + size)?;
        self.0 = self.0.get(line + size + 4..).unwrap_or_default();
        Some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(limit: usize, writes: &[&[u8]]) -> Copy {
        Copy::begin(limit);
        for (index, bytes) in writes.iter().enumerate() {
            Copy::add(bytes, index == 0);
        }
        Copy::take()
    }

    #[test]
    fn a_body_is_framed_as_its_head_says() {
        let framing = |head: &str| copy(10, &[head.as_bytes()]).framing();
        assert_eq!(framing("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"), Some(Framing::Length(5)));
        assert_eq!(framing("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"), Some(Framing::Chunked));
        assert_eq!(framing("GET / HTTP/1.1\r\n\r\n"), Some(Framing::None));
        assert_eq!(framing("GET / HTTP/1.1\r\nContent-Le"), None);
    }

    #[test]
    fn only_the_beginning_of_the_body_is_kept() {
        let copy = copy(5, &[b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n", b"\r\n", b"abc", b"defghi"]);
        assert_eq!(copy.written(), 9);
        assert_eq!(copy.into_body(), (b"abcde".to_vec(), false));
    }

    #[test]
    fn the_framing_of_chunks_is_removed() {
        let head = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let copy = copy(100, &[head, b"5\r\nhello\r\nb\r\n wide world\r\n", b"2\r\n\r\n\r\n", b"0\r\n\r\n"]);
        assert_eq!(copy.into_body(), (b"hello wide world\r\n".to_vec(), true));
    }

    #[test]
    fn what_follows_a_redirect_is_another_request() {
        Copy::begin(100);
        Copy::add(b"PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\n", true);
        Copy::add(b"hi", false);
        Copy::add(b"GET / HTTP/1.1\r\n\r\n", true);
        let copy = Copy::take();
        assert_eq!(copy.framing(), Some(Framing::Length(2)));
        assert_eq!(copy.into_body(), (b"hi".to_vec(), true));
    }
}
