//! What a client has sent and nobody has read yet, and the wait that sees the client leave.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The largest request head, in bytes.
pub(crate) const MAX_HEAD: usize = 64 << 10;
/// The largest request body, in bytes.
pub(crate) const MAX_BODY: usize = 16 << 20;

/// Sets how late a socket's timeout may come: two ticks of a kernel that ticks 100 times a second.
const COARSE: Duration = Duration::from_millis(20);
/// The end of a wait is slept in slices, which are exact, with a glance at the socket between them.
const SLICE: Duration = Duration::from_millis(1);
/// Sets how long a connection that the server has closed waits for its client to close too.
const SILENCE: Duration = Duration::from_secs(5);

/// Says why an answer cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The connection is closed or broken.
    Left,
    /// The client sent more than a whole request ahead of its answer.
    Flooded,
}

pub(crate) struct Inbox {
    socket: Arc<TcpStream>,
    bytes: Vec<u8>,
    start: usize,
}

impl Inbox {
    pub(crate) const fn new(socket: Arc<TcpStream>) -> Self {
        Self { socket, bytes: Vec::new(), start: 0 }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.bytes.len().min(self.start + count);
    }

    /// Waits for more and appends it to what is unread. Zero bytes are the end.
    pub(crate) fn fill(&mut self) -> io::Result<usize> {
        // Moving what is unread only when it is the smaller part keeps the cost of many small requests linear.
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let mut piece = [0; 16 << 10];
        loop {
            match (&*self.socket).read(&mut piece) {
                Ok(count) => {
                    self.bytes.extend_from_slice(&piece[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits this long, or for ever, unless the client leaves. What it sends meanwhile is kept for later.
    pub(crate) fn wait(&mut self, delay: Option<Duration>) -> Result<(), Gone> {
        let end = delay.and_then(|delay| Instant::now().checked_add(delay));
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let peeked = match left {
                Some(left) if left <= COARSE => self.glance(),
                _ => self.peek(left.map(|left| left - COARSE)),
            };
            match peeked {
                Ok(0) => return Err(Gone::Left),
                Ok(_) if left == Some(Duration::ZERO) => return Ok(()),
                Ok(_) if self.unread().len() >= MAX_HEAD + MAX_BODY => return Err(Gone::Flooded),
                Ok(_) => {
                    if !matches!(self.fill(), Ok(1..)) {
                        return Err(Gone::Left);
                    }
                }
                Err(error) => match (error.kind(), left) {
                    (ErrorKind::WouldBlock | ErrorKind::TimedOut, Some(Duration::ZERO)) => return Ok(()),
                    (ErrorKind::WouldBlock | ErrorKind::TimedOut, Some(left)) if left <= COARSE => {
                        thread::sleep(left.min(SLICE));
                    }
                    (ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted, _) => {}
                    _ => return Err(Gone::Left),
                },
            }
        }
    }

    /// Looks whether something has arrived, without waiting.
    fn glance(&self) -> io::Result<usize> {
        self.socket.set_nonblocking(true)?;
        let seen = self.socket.peek(&mut [0]);
        self.socket.set_nonblocking(false)?;
        seen
    }

    /// Looks whether something arrives within this time, or ever.
    fn peek(&self, limit: Option<Duration>) -> io::Result<usize> {
        self.socket.set_read_timeout(limit)?;
        let seen = self.socket.peek(&mut [0]);
        self.socket.set_read_timeout(None)?;
        seen
    }

    /// Reads and forgets what the client still sends, until it closes, falls silent for 5 s, or has sent more
    /// than a whole request. Closing a socket with unread bytes would turn the FIN into an RST.
    pub(crate) fn drain(&mut self) {
        let _ = self.socket.set_read_timeout(Some(SILENCE));
        let mut forgotten = 0;
        while forgotten < 2 * (MAX_HEAD + MAX_BODY) {
            self.start = self.bytes.len();
            match self.fill() {
                Ok(0) | Err(_) => return,
                Ok(count) => forgotten += count,
            }
        }
    }
}
