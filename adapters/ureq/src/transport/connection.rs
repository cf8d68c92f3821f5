//! A connection that knows which attempt uses it, since pooled connections pass from one attempt to the next.

use std::fmt;
use std::sync::{Arc, Weak};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, ShutdownHandle, Transport};

use super::{Cancel, scope};

/// A transport that is bound to the attempt that uses it, from its first byte until it goes back to the pool.
pub(crate) struct Connection<T> {
    number: u64,
    inner: T,
    sockets: Vec<Weak<dyn ShutdownHandle>>,
    bound: Option<Arc<Cancel>>,
}

impl<T> Connection<T> {
    pub(super) const fn new(
        number: u64,
        inner: T,
        sockets: Vec<Weak<dyn ShutdownHandle>>,
        bound: Option<Arc<Cancel>>,
    ) -> Self {
        Self { number, inner, sockets, bound }
    }

    /// Binds the connection to this thread's attempt: to its remaining time, and to its canceller.
    fn bind(&mut self, timeout: NextTimeout) -> Result<NextTimeout, Error> {
        let timeout = scope::limit(timeout)?;
        let Some(cancel) = scope::cancel() else { return Ok(timeout) };
        if self.bound.as_ref().is_some_and(|bound| Arc::ptr_eq(bound, &cancel)) {
            return Ok(timeout);
        }
        self.release();
        for socket in &self.sockets {
            cancel.bind(self.number, socket)?;
        }
        self.bound = Some(cancel);
        Ok(timeout)
    }

    #[cold]
    fn release(&mut self) {
        if let Some(bound) = self.bound.take() {
            bound.release(self.number);
        }
    }
}

/// The paths of attempts with a timeout or a canceller, kept apart so that others only pass through.
impl<T: Transport> Connection<T> {
    #[cold]
    fn transmit_bound(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = self.bind(timeout)?;
        scope::sending();
        self.inner.transmit_output(amount, timeout)
    }

    #[cold]
    fn await_bound(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = self.bind(timeout)?;
        self.inner.await_input(timeout)
    }
}

impl<T: Transport> Transport for Connection<T> {
    #[inline]
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if scope::is_bound() {
            return self.transmit_bound(amount, timeout);
        }
        scope::sending();
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if scope::is_bound() { self.await_bound(timeout) } else { self.inner.await_input(timeout) }
    }

    fn is_open(&mut self) -> bool {
        // ureq calls this on the way into the pool and out of it. The old attempt has ended, and its cancel must not
        // hit the next.
        if self.bound.is_some() {
            self.release();
        }
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T: fmt::Debug> fmt::Debug for Connection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
