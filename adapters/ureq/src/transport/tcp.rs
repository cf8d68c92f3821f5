//! TCP for attempts that another thread may cancel: connecting can be interrupted, which ureq's cannot.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};
use ureq::Error;
use ureq::unversioned::transport::time;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle, Transport,
};

use super::scope;

const STREAM: Token = Token(0);
const WAKER: Token = Token(1);

/// Connects for attempts that can be cancelled, and leaves the others to the next connector.
#[derive(Debug, Default)]
pub(crate) struct InterruptibleTcp;

impl<In: Transport> Connector<In> for InterruptibleTcp {
    type Out = Either<In, Tcp>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        if chained.is_some() || scope::cancel().is_none() {
            return Ok(chained.map(Either::A));
        }
        let stream = connect(details)?;
        stream.set_nodelay(details.config.no_delay())?;
        let stream = Arc::new(stream);
        (details.register_shutdown)(Arc::downgrade(&stream) as Weak<dyn ShutdownHandle>)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(Tcp { stream, buffers, read_timeout: None, write_timeout: None })))
    }
}

/// Wakes a thread that connects.
struct Interrupt(Waker);

impl ShutdownHandle for Interrupt {
    fn shutdown(&self) {
        // It fails only if the process can have no more events; then connecting ends at its timeout.
        _ = self.0.wake();
    }
}

/// Connects to the first address that can be connected to. Each has half of the time that is left, the last one all.
fn connect(details: &ConnectionDetails<'_>) -> Result<TcpStream, Error> {
    let mut poll = Poll::new()?;
    let interrupt = Arc::new(Interrupt(Waker::new(poll.registry(), WAKER)?));
    (details.register_shutdown)(Arc::downgrade(&interrupt) as Weak<dyn ShutdownHandle>)?;

    let deadline = match details.timeout.after {
        time::Duration::Exact(after) => Instant::now().checked_add(after),
        time::Duration::NotHappening => None,
    };
    let mut last = Error::Io(ErrorKind::ConnectionRefused.into());
    for (index, address) in details.addrs.iter().enumerate() {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Error::Timeout(details.timeout.reason));
        }
        let is_last = index + 1 == details.addrs.len();
        let until = left.and_then(|left| Instant::now().checked_add(if is_last { left } else { left / 2 }));
        match connect_to(*address, until, &mut poll) {
            Ok(Some(stream)) => return Ok(stream),
            Ok(None) if is_last => return Err(Error::Timeout(details.timeout.reason)),
            Ok(None) => last = Error::Timeout(ureq::Timeout::Connect),
            Err(error) if concerns_one_address(&error) => last = Error::Io(error),
            Err(error) => return Err(Error::Io(error)),
        }
    }
    Err(last)
}

/// Connects to an address. Returns `None` if that has not been done at the instant.
fn connect_to(address: SocketAddr, until: Option<Instant>, poll: &mut Poll) -> io::Result<Option<TcpStream>> {
    let mut stream = mio::net::TcpStream::connect(address)?;
    poll.registry().register(&mut stream, STREAM, Interest::WRITABLE)?;
    let mut events = Events::with_capacity(2);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match poll.poll(&mut events, left) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        if events.iter().any(|event| event.token() == WAKER) {
            return Err(io::Error::new(ErrorKind::ConnectionAborted, "connecting was interrupted"));
        }
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        match stream.peer_addr() {
            Ok(_) => break,
            Err(error) if error.kind() != ErrorKind::NotConnected => return Err(error),
            Err(_) if left.is_some_and(|left| left.is_zero()) => return Ok(None),
            Err(_) => {}
        }
    }
    poll.registry().deregister(&mut stream)?;
    let stream = TcpStream::from(stream);
    stream.set_nonblocking(false)?;
    Ok(Some(stream))
}

/// Returns whether another address of the same name may do.
fn concerns_one_address(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
    )
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Tcp {
    /// Shared with the handle that shuts it down.
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    /// The timeouts that the socket has.
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

/// Returns how long an operation may take; an error if no time is left.
fn limit(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    match timeout.after {
        time::Duration::Exact(after) if after.is_zero() => Err(Error::Timeout(timeout.reason)),
        time::Duration::Exact(after) => Ok(Some(after)),
        time::Duration::NotHappening => Ok(None),
    }
}

fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        let limit = limit(timeout)?;
        if limit != self.write_timeout {
            self.stream.set_write_timeout(limit)?;
            self.write_timeout = limit;
        }
        match (&*self.stream).write_all(&self.buffers.output()[..amount]) {
            Err(error) if timed_out(&error) => Err(Error::Timeout(timeout.reason)),
            written => Ok(written?),
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let mut left = limit(timeout)?;
        let until = left.and_then(|left| Instant::now().checked_add(left));
        loop {
            if left != self.read_timeout {
                self.stream.set_read_timeout(left)?;
                self.read_timeout = left;
            }
            match (&*self.stream).read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if timed_out(&error) => return Err(Error::Timeout(timeout.reason)),
                // A signal ends a read that has a timeout.
                Err(error) if error.kind() == ErrorKind::Interrupted && until.is_some() => {
                    left = until.map(|until| until.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(Error::Timeout(timeout.reason));
                    }
                }
                Err(error) => return Err(Error::Io(error)),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        let probe = || {
            self.stream.set_nonblocking(true)?;
            let read = (&*self.stream).read(&mut [0]);
            self.stream.set_nonblocking(false)?;
            read
        };
        // Anything but silence is the end, or was not asked for.
        matches!(probe(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}
