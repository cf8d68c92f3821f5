//! A socket, below TLS: reads the answer that a server gave before it refused the rest of a request, and can be asked
//! whether there is more to come without waiting.

use std::io::{Error as IoError, ErrorKind};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::scope;

/// Wraps what the connectors before it have connected.
#[derive(Debug, Default)]
pub(crate) struct SocketConnector;

impl<In: Transport> Connector<In> for SocketConnector {
    type Out = Socket<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Socket { inner, is_broken: false, is_unseen: false }))
    }
}

/// A socket.
#[derive(Debug)]
pub(crate) struct Socket<T> {
    inner: T,
    /// The peer takes no more output.
    is_broken: bool,
    /// There is input that came while output was written.
    is_unseen: bool,
}

impl<T: Transport> Socket<T> {
    /// Looks for an answer that came before the peer refused the output.
    #[cold]
    fn look_for_answer(&mut self, error: Error, timeout: NextTimeout) -> Result<(), Error> {
        if !is_broken(&error) || !matches!(self.inner.await_input(timeout), Ok(true)) {
            return Err(error);
        }
        self.is_broken = true;
        self.is_unseen = true;
        Ok(())
    }
}

fn is_broken(error: &Error) -> bool {
    let Error::Io(error) = error else { return false };
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

impl<T: Transport> Transport for Socket<T> {
    #[inline]
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_broken {
            return Ok(());
        }
        match self.inner.transmit_output(amount, timeout) {
            Ok(()) => Ok(()),
            Err(error) => self.look_for_answer(error, timeout),
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.is_unseen {
            self.is_unseen = false;
            return Ok(true);
        }
        if scope::is_probing() {
            return Err(Error::Io(IoError::from(ErrorKind::WouldBlock)));
        }
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        !self.is_broken && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
