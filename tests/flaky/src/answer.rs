//! What the server does with one request: a status, or a fault, after a delay.

use std::time::Duration;

/// Tells the server what to do with one request.
///
/// It is begun with a head ([`status`](Self::status), [`ok`](Self::ok)) or with what comes instead of one
/// ([`reset`](Self::reset), [`close`](Self::close), [`raw`](Self::raw), [`garbage`](Self::garbage),
/// [`never`](Self::never)); the other methods add to it. Without a head, only [`after`](Self::after) has an effect.
///
/// A fault in the body comes before the end that the head promised, always: where the body is no longer than what the
/// fault lets through, the `Content-Length` is one more than what is sent.
///
/// ```
/// use insist_flaky::Answer;
/// use std::time::Duration;
///
/// let busy = Answer::status(503).header("Retry-After", "1").body("busy").after(Duration::from_millis(20));
/// let torn = Answer::ok("a long text").chunked().cut_at(6);
/// let slow = Answer::ok("a long text").trickle(1, Duration::from_millis(10)).stall_at(4);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Answer {
    pub(crate) delay: Duration,
    pub(crate) start: Start,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) framing: Framing,
    pub(crate) pace: Option<Pace>,
    pub(crate) fault: Option<Fault>,
    pub(crate) then: Then,
}

/// Says what the client gets first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    Head,
    Raw(Vec<u8>),
    Reset,
    Close,
    Never,
}

/// Says how the client learns where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    UntilClose,
}

/// Says how fast the body goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) bytes: usize,
    pub(crate) pause: Duration,
}

/// Says how the body breaks off, after `at` bytes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) kind: FaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Cut,
    Reset,
    Stall,
}

/// Says what becomes of the connection after a whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Keep,
    Close,
    ResetOnReuse,
}

impl Answer {
    const fn starting(start: Start) -> Self {
        Self {
            delay: Duration::ZERO,
            start,
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length,
            pace: None,
            fault: None,
            then: Then::Keep,
        }
    }

    /// A head with this status and an empty body. The number is sent as it is, also one that HTTP does not know.
    pub const fn status(status: u16) -> Self {
        let mut answer = Self::starting(Start::Head);
        answer.status = status;
        answer
    }

    /// Status 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    /// Resets the connection (RST) instead of answering.
    pub const fn reset() -> Self {
        Self::starting(Start::Reset)
    }

    /// Closes the connection (FIN) instead of answering.
    pub const fn close() -> Self {
        Self::starting(Start::Close)
    }

    /// Sends these bytes instead of a head, then closes the connection (FIN).
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::starting(Start::Raw(bytes.into()))
    }

    /// Sends a line that is not HTTP instead of a head, then closes the connection (FIN).
    pub fn garbage() -> Self {
        Self::raw("\u{1}\u{2}this is not HTTP\r\n\r\n")
    }

    /// Never answers: the request waits until its client leaves or the server stops.
    pub const fn never() -> Self {
        Self::starting(Start::Never)
    }

    /// Waits this long before anything is sent or broken. Default: zero.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header line, as it is. A `Content-Length` or `Transfer-Encoding` given here replaces the server's own.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body. An answer to `HEAD`, and one with status 1xx, 204 or 304, is sent without it.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body with `Transfer-Encoding: chunked` (RFC 9112, section 7.1): one chunk, or one a piece of
    /// [`trickle`](Self::trickle).
    pub const fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Sends the body without a length: it ends where the connection is closed (RFC 9112, section 6.3, rule 8).
    /// A cut in such a body cannot be told from its end.
    pub const fn until_close(mut self) -> Self {
        self.framing = Framing::UntilClose;
        self
    }

    /// Sends the body in pieces of this many bytes (at least 1) with this pause between two of them. The first piece
    /// goes out with the head.
    pub const fn trickle(mut self, bytes: usize, pause: Duration) -> Self {
        let bytes = if bytes == 0 { 1 } else { bytes };
        self.pace = Some(Pace { bytes, pause });
        self
    }

    /// Closes the connection (FIN) after this many bytes of the body, before its promised end: fewer bytes than the
    /// `Content-Length` says, or no last chunk.
    pub const fn cut_at(self, bytes: usize) -> Self {
        self.breaking(bytes, FaultKind::Cut)
    }

    /// Resets the connection (RST) after this many bytes of the body. A reset overtakes bytes that the client has not
    /// received yet, so that it may see fewer of a large body.
    pub const fn reset_at(self, bytes: usize) -> Self {
        self.breaking(bytes, FaultKind::Reset)
    }

    /// Resets the connection (RST) after the head: `reset_at(0)`.
    pub const fn reset_after_head(self) -> Self {
        self.reset_at(0)
    }

    /// Sends this many bytes of the body and then nothing, until the client leaves or the server stops.
    pub const fn stall_at(self, bytes: usize) -> Self {
        self.breaking(bytes, FaultKind::Stall)
    }

    const fn breaking(mut self, at: usize, kind: FaultKind) -> Self {
        self.fault = Some(Fault { at, kind });
        self
    }

    /// Closes the connection (FIN) right after the whole answer, without a `Connection: close` that says so. A client
    /// that looks before it uses a pooled connection again finds it closed.
    pub const fn closing(mut self) -> Self {
        self.then = Then::Close;
        self
    }

    /// Keeps the connection open after the whole answer, and resets it (RST) when the next request arrives on it. No
    /// client can see that beforehand. That next request is not read, not counted, and uses up no answer.
    pub const fn resetting_on_reuse(mut self) -> Self {
        self.then = Then::ResetOnReuse;
        self
    }
}
