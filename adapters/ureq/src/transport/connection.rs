//! A connection that knows which attempt uses it, since pooled connections pass from one attempt to the next, and how far
//! its answer is.

use std::fmt;
use std::io::{Error as IoError, ErrorKind};
use std::sync::{Arc, Weak};
use std::time::Instant;

use ureq::unversioned::transport::{Buffers, NextTimeout, ShutdownHandle, Transport};
use ureq::{Error, Timeout};

use super::copy::Copy;
use super::{Cancel, head, scope};

/// A transport that is bound to the attempt that uses it, from its first byte until it goes back to the pool.
pub(crate) struct Connection<T> {
    number: u64,
    inner: T,
    sockets: Vec<Weak<dyn ShutdownHandle>>,
    bound: Option<Arc<Cancel>>,
    /// The end of the call, for its body that is read later.
    deadline: Option<Instant>,
    stage: Stage,
    /// It has been in the pool.
    is_reused: bool,
    /// It can be asked whether it has ended without waiting.
    can_probe: bool,
    /// There is another one above it, which copies what the attempt writes.
    is_below: bool,
}

/// The part of the answer that comes next.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Nothing was written: the connection is new, or in the pool.
    Idle,
    /// An interim answer was waited for.
    Interim,
    Head,
    Body,
}

impl<T> Connection<T> {
    pub(super) const fn new(
        number: u64,
        inner: T,
        sockets: Vec<Weak<dyn ShutdownHandle>>,
        bound: Option<Arc<Cancel>>,
        can_probe: bool,
        is_below: bool,
    ) -> Self {
        Self {
            number,
            inner,
            sockets,
            bound,
            deadline: None,
            stage: Stage::Idle,
            is_reused: false,
            can_probe,
            is_below,
        }
    }

    /// Binds the connection to the canceller of this thread's attempt, if it has one.
    fn bind(&mut self) -> Result<(), Error> {
        let Some(cancel) = scope::cancel() else { return Ok(()) };
        if self.bound.as_ref().is_some_and(|bound| Arc::ptr_eq(bound, &cancel)) {
            return Ok(());
        }
        self.release();
        for socket in &self.sockets {
            cancel.bind(self.number, socket)?;
        }
        self.bound = Some(cancel);
        Ok(())
    }

    #[cold]
    fn release(&mut self) {
        if let Some(bound) = self.bound.take() {
            bound.release(self.number);
        }
    }
}

/// The paths that most attempts do not take, kept apart so that others only pass by.
impl<T: Transport> Connection<T> {
    #[cold]
    fn transmit_bound(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = scope::limit(timeout)?;
        self.bind()?;
        self.deadline = scope::deadline();
        scope::sending(self.is_reused);
        self.inner.transmit_output(amount, timeout)
    }

    #[inline(never)]
    fn copy(&mut self, amount: usize) {
        let is_new = matches!(self.stage, Stage::Idle | Stage::Body);
        Copy::add(&self.inner.buffers().output()[..amount], is_new);
    }

    #[cold]
    fn await_bound(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        // An attempt has its own limit, which is no later.
        let deadline = if scope::is_bound() { None } else { self.deadline };
        let timeout = scope::limit_both(timeout, deadline)?;
        self.bind()?;
        self.inner.await_input(timeout)
    }

    /// Looks at the beginning of an answer that ureq has not seen yet.
    #[cold]
    fn mend_head(&mut self) {
        if scope::is_connecting() {
            // A proxy's.
            scope::keep_head(self.inner.buffers().input());
            return;
        }
        match head::class(self.inner.buffers().input()) {
            None => return,
            Some(b'1') => {
                head::strip_interim(self.inner.buffers());
                return;
            }
            Some(b'3') if scope::keeps_redirect() => {
                let input = self.inner.buffers().input();
                let Some(length) = head::length(input) else { return };
                scope::keep_head(&input[..length]);
                if scope::keeps_method() {
                    head::keep_method(self.inner.buffers());
                }
            }
            Some(_) => {}
        }
        if self.stage == Stage::Head {
            self.stage = Stage::Body;
        }
    }

    /// Makes an error of a reset, or of a TLS stream that was torn off, that ureq does not take for the end of a body.
    #[cold]
    fn failed(&self, error: Error) -> Error {
        let Error::Io(error) = error else { return error };
        let is_cut = match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => true,
            ErrorKind::UnexpectedEof => self.inner.is_tls(),
            _ => false,
        };
        Error::Io(if is_cut && self.stage == Stage::Body { IoError::other(error) } else { error })
    }
}

impl<T: Transport> Transport for Connection<T> {
    #[inline]
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if scope::is_copied() && !self.is_below {
            self.copy(amount);
        }
        self.stage = Stage::Head;
        if scope::is_bound() {
            return self.transmit_bound(amount, timeout);
        }
        self.deadline = None;
        scope::sending(self.is_reused);
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if timeout.reason == Timeout::Await100 {
            self.stage = Stage::Interim;
        } else if self.stage == Stage::Interim {
            self.stage = Stage::Head;
            // ureq waits for more, though it has not looked at this as the head of the final answer.
            if !self.inner.buffers().input().is_empty() {
                return Ok(true);
            }
        }
        let awaited = if scope::is_bound() || self.deadline.is_some() {
            self.await_bound(timeout)
        } else {
            self.inner.await_input(timeout)
        };
        match awaited {
            Ok(more) => {
                if self.stage != Stage::Body {
                    match head::class(self.inner.buffers().input()) {
                        Some(b'2') if self.stage == Stage::Head && !scope::is_connecting() => self.stage = Stage::Body,
                        _ => self.mend_head(),
                    }
                }
                Ok(more)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn is_open(&mut self) -> bool {
        // ureq calls this on the way into the pool and out of it. The old attempt has ended, and its cancel must not
        // hit the next.
        if self.bound.is_some() {
            self.release();
        }
        self.deadline = None;
        if self.stage == Stage::Idle && scope::is_fresh() {
            return false;
        }
        self.stage = Stage::Idle;
        self.is_reused = true;
        self.inner.is_open() && !(self.can_probe && self.inner.is_tls() && has_ended(&mut self.inner))
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Returns whether a TLS stream has ended, or sends what nobody asked for, though its socket is open.
fn has_ended(tls: &mut impl Transport) -> bool {
    let awaited = scope::probing(|| tls.await_input(NextTimeout::default()));
    !matches!(awaited, Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock)
}

impl<T: fmt::Debug> fmt::Debug for Connection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
