//! A stream between the proxy and a peer, with TLS or without.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};

/// The first byte of a client's TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// A stream, for one thread.
pub(super) struct Stream {
    socket: Arc<TcpStream>,
    tls: Option<RefCell<ServerConnection>>,
}

impl Stream {
    pub(super) const fn plain(socket: Arc<TcpStream>) -> Self {
        Self { socket, tls: None }
    }

    /// Waits for the client's first byte, and accepts TLS if that is what begins.
    pub(super) fn accept(socket: Arc<TcpStream>, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        let mut first = [0];
        let Some(config) = tls.filter(|_| socket.peek(&mut first).is_ok() && first == [HANDSHAKE]) else {
            return Ok(Self::plain(socket));
        };
        let mut session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        session.set_buffer_limit(None);
        session.complete_io(&mut &*socket)?;
        Ok(Self { socket, tls: Some(RefCell::new(session)) })
    }

    pub(super) const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub(super) fn read(&self, piece: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            Some(session) => rustls::Stream::new(&mut *session.borrow_mut(), &mut &*self.socket).read(piece),
            None => (&*self.socket).read(piece),
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.tls {
            Some(session) => {
                let session = &mut *session.borrow_mut();
                session.writer().write_all(bytes)?;
                self.flush(session)
            }
            None => (&*self.socket).write_all(bytes),
        }
    }

    /// Writes the last bytes, and with them the end of the TLS stream; the connection stays open.
    pub(super) fn write_last(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(session) = &self.tls else { return self.write(bytes) };
        let session = &mut *session.borrow_mut();
        session.writer().write_all(bytes)?;
        session.send_close_notify();
        self.flush(session)
    }

    /// One write to the socket as long as it takes all: what belongs together arrives together.
    fn flush(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            session.write_tls(&mut &*self.socket)?;
        }
        Ok(())
    }
}
