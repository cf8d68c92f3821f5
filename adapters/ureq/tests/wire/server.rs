//! A server whose script is a function of each connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use insist_ureq::tls::{Certificate, RootCerts, TlsConfig};
use insist_ureq::{Agent, Insist, insisting::Policy};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;

use crate::certificate::certificate;

pub(crate) const SOON: Duration = Duration::from_millis(1);
pub(crate) const POLICY: Policy = Policy::constant(SOON).attempts(3);

/// A server on loopback. It lives as long as the process.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Scripted {
    /// Starts a server that calls the script with the number of each connection, from 1, on a thread of its own.
    pub(crate) fn start(script: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, script) = (Arc::new(AtomicUsize::new(0)), Arc::new(script));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { break };
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let script = Arc::clone(&script);
                thread::spawn(move || script(number, socket));
            }
        });
        Self { address, connections }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The number of connections that were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// One request: its first line, its fields, and its body if it has a length.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) fields: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|field| {
            let (own, value) = field.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Reads the head of a request; `None` at the end of the connection.
pub(crate) fn head(reader: &mut impl BufRead) -> Option<Request> {
    let mut request = Request::default();
    reader.read_line(&mut request.line).ok().filter(|read| *read > 0)?;
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok()?;
        match field.trim_end() {
            "" => return Some(request),
            field => request.fields.push(field.to_owned()),
        }
    }
}

/// Reads a body in chunks.
fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim_end(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

/// Reads a request with its body.
pub(crate) fn request(reader: &mut impl BufRead) -> Option<Request> {
    let mut request = head(reader)?;
    if let Some(length) = request.field("content-length") {
        request.body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut request.body).ok()?;
    } else if request.field("transfer-encoding").is_some() {
        request.body = chunks(reader)?;
    }
    Some(request)
}

pub(crate) fn reader(socket: &TcpStream) -> BufReader<TcpStream> {
    BufReader::new(socket.try_clone().unwrap())
}

pub(crate) fn write(mut socket: &TcpStream, bytes: impl AsRef<[u8]>) {
    let _ = socket.write_all(bytes.as_ref());
}

/// Sends an answer with status 200 and this body.
pub(crate) fn ok(socket: &TcpStream, body: &str) {
    write(socket, format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
}

/// Closes a connection with RST.
pub(crate) fn reset(socket: TcpStream) {
    SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Keeps a connection open, and says nothing, until the client leaves.
pub(crate) fn hold(socket: &TcpStream) {
    let _ = reader(socket).read_to_end(&mut Vec::new());
}

/// Relays bytes in both directions until both sides have ended.
pub(crate) fn relay(one: &TcpStream, other: &TcpStream) {
    thread::scope(|scope| {
        for (mut from, mut to) in [(one, other), (other, one)] {
            scope.spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
        }
    });
}

/// A certificate for 127.0.0.1 and localhost, made for this test.
pub(crate) struct Tls {
    server: Arc<ServerConfig>,
    certificate: Vec<u8>,
}

pub(crate) type TlsStream = StreamOwned<ServerConnection, TcpStream>;

impl Tls {
    pub(crate) fn new() -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let (certificate, server) = certificate(names);
        Self { server, certificate: certificate.der().to_vec() }
    }

    /// A function that accepts TLS on a connection.
    pub(crate) fn acceptor(&self) -> impl Fn(TcpStream) -> TlsStream + Send + Sync + 'static {
        let server = Arc::clone(&self.server);
        move |socket| StreamOwned::new(ServerConnection::new(Arc::clone(&server)).unwrap(), socket)
    }

    /// An agent that trusts the certificate.
    pub(crate) fn agent(&self) -> Agent {
        let certificate = Certificate::from_der(&self.certificate).to_owned();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[certificate])).build();
        Agent::config_builder().tls_config(tls).policy(POLICY).build().into()
    }
}

pub(crate) fn agent() -> Agent {
    Agent::new_with_defaults().policy(POLICY)
}
