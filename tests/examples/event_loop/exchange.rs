//! One attempt: a request that is being written to a non-blocking socket, and the response that is being read.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use insist_core::Verdict;
use polling::Event;
use socket2::{Domain, Socket, Type};

/// An attempt in flight. Dropping it closes its socket.
pub(crate) struct Exchange {
    /// The attempt.
    pub(crate) id: u32,
    /// Its own socket.
    pub(crate) socket: TcpStream,
    /// What is still to be written.
    request: Vec<u8>,
    /// What was read so far.
    pub(crate) response: Vec<u8>,
}

impl Exchange {
    /// Connects without waiting for it.
    pub(crate) fn start(id: u32, server: SocketAddr, path: &str) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&server.into()) {
            // The socket becomes writable once it is connected.
            Err(error) if error.raw_os_error() != Some(IN_PROGRESS) && error.kind() != ErrorKind::WouldBlock => {
                return Err(error);
            }
            _ => {}
        }
        let request = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n").into_bytes();
        Ok(Self { id, socket: socket.into(), request, response: Vec::new() })
    }

    /// What to be told of: until the request is written, that it can be; then, that there is something to read.
    pub(crate) fn interest(&self, key: usize) -> Event {
        if self.request.is_empty() { Event::readable(key) } else { Event::writable(key) }
    }

    /// Writes and reads what can be now. A verdict once it has ended.
    pub(crate) fn go_on(&mut self) -> Option<Verdict> {
        let mut buffer = [0; 4096];
        loop {
            let result =
                if self.request.is_empty() { self.socket.read(&mut buffer) } else { self.socket.write(&self.request) };
            match result {
                Ok(count) if !self.request.is_empty() => _ = self.request.drain(..count),
                Ok(0) => return Some(judge(&self.response)),
                Ok(count) => self.response.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Some(Verdict::retry()),
            }
        }
    }
}

/// Connecting goes on: `EINPROGRESS` of Linux.
const IN_PROGRESS: i32 = 115;

/// By its status, once the server has closed the connection.
fn judge(response: &[u8]) -> Verdict {
    match response.get(9..12) {
        Some(b"200") => Verdict::Accept,
        Some(b"429" | b"500" | b"502" | b"503" | b"504") | None => Verdict::retry(),
        Some(_) => Verdict::Stop,
    }
}
