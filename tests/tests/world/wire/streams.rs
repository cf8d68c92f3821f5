//! A server of HTTP/2 that breaks streams as the proxy breaks connections, and lets connections go while it answers.
//!
//! It does what is drawn as far as a stream can: what resets a connection resets the stream, what closes an idle one says
//! GOAWAY, and what meets a connection before its request was read refuses the stream, so that it was certainly not processed.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use hyper::body::Bytes;
use hyper::{Request, Response};
use insist_tests::proxy::{Arrival, Exchange, Fault, Given};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::ask::numbers;
use super::draws::Draws;
use super::round::{Expected, expected, hint};

/// A server on a port of 127.0.0.1.
pub(crate) struct Streams {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    seed: u64,
    draws: Draws,
    exchanges: Mutex<Vec<Exchange>>,
    is_over: Notify,
}

/// Says what is to become of a stream's connection.
enum Then {
    /// It stays.
    Stay,
    /// It takes no more streams.
    Leave,
}

impl Streams {
    pub(crate) fn start(seed: u64, draws: Draws) -> io::Result<Self> {
        let shared = Arc::new(Shared { seed, draws, exchanges: Mutex::default(), is_over: Notify::new() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let server = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let is_over = server.is_over.notified();
                tokio::select! {
                    () = accept(&listener, &server) => {}
                    () = is_over => {}
                }
            });
        });
        Ok(Self { address, shared, thread })
    }

    /// Closes every connection, and gives everything that was done.
    pub(crate) fn stop(self) -> Vec<Exchange> {
        self.shared.is_over.notify_one();
        self.thread.join().unwrap();
        std::mem::take(&mut self.shared.lock())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Exchange)) {
        change(&mut self.lock()[index]);
    }
}

async fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for number in 1.. {
        let Ok((socket, _)) = listener.accept().await else { return };
        let _ = socket.set_nodelay(true);
        tokio::spawn(serve(socket, number, Arc::clone(shared)));
    }
}

async fn serve(socket: TcpStream, connection: usize, shared: Arc<Shared>) -> io::Result<()> {
    let socket = socket.into_std()?;
    let mut kept = TcpStream::from_std(socket.try_clone()?)?;
    streams(TcpStream::from_std(socket)?, connection, shared).await;
    // Closing on what the client still says would reset the connection, and take its last answers away.
    kept.shutdown().await?;
    while kept.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

async fn streams(socket: TcpStream, connection: usize, shared: Arc<Shared>) {
    let mut builder = Builder::new();
    // Whoever resets streams as fast as this is taken for an attacker by default.
    builder.max_pending_accept_reset_streams(1_000_000).max_local_error_reset_streams(None);
    let Ok(mut streams) = builder.handshake::<_, Bytes>(socket).await else { return };
    let leaves = Arc::new(Notify::new());
    for number_on_connection in 1.. {
        let accepted = loop {
            tokio::select! {
                accepted = streams.accept() => break accepted,
                () = leaves.notified() => streams.graceful_shutdown(),
            }
        };
        let Some(Ok((request, answer))) = accepted else { return };
        let (shared, leaves) = (Arc::clone(&shared), Arc::clone(&leaves));
        tokio::spawn(async move {
            let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
            let arrival = Arrival { method, path, connection, number_on_connection };
            // Whatever error: the client has reset the stream, or left.
            if let Ok(Then::Leave) = exchange(&shared, arrival, request, answer).await {
                leaves.notify_one();
            }
        });
    }
}

/// One stream, from its head to the end of its answer.
async fn exchange(
    shared: &Shared,
    arrival: Arrival,
    request: Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
) -> Result<Then, h2::Error> {
    let fault = fitting(shared.draws.fault(&arrival), arrival.number_on_connection);
    let ((call, attempt), method) = (numbers(&arrival.path), arrival.method.clone());
    let index = {
        let mut exchanges = shared.lock();
        let given = Given::Nothing;
        exchanges.push(Exchange { arrival, fault, is_read: false, status: None, given, is_awaited: false });
        exchanges.len() - 1
    };
    if fault == Fault::ResetUnread {
        answer.send_reset(Reason::REFUSED_STREAM);
        return Ok(Then::Stay);
    }
    let mut body = request.into_body();
    let mut sent = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        sent.extend_from_slice(&piece);
    }
    shared.change(index, |exchange| exchange.is_read = true);
    let Expected { status, body } = expected(shared.seed, &method, call, attempt, &sent);
    shared.change(index, |exchange| exchange.status = Some(status));
    match fault {
        Fault::ResetRead => {
            answer.send_reset(Reason::INTERNAL_ERROR);
            return Ok(Then::Stay);
        }
        Fault::Stall => {
            let waits = timeout(Exchange::PATIENCE, poll_fn(|context| answer.poll_reset(context))).await;
            shared.change(index, |exchange| exchange.is_awaited = waits.is_err());
            return Ok(Then::Stay);
        }
        Fault::Late(delay) => {
            tokio::select! {
                () = sleep(delay) => {}
                reason = poll_fn(|context| answer.poll_reset(context)) => return reason.map(|_| Then::Stay),
            }
        }
        _ => {}
    }
    let mut head = Response::builder().status(status);
    if status == 503 {
        head = head.header("Retry-After", hint(shared.seed, call, attempt));
    }
    let (head, is_head) = (head.body(()).unwrap(), method == "HEAD");
    let mut stream = answer.send_response(head, is_head)?;
    if !is_head {
        shared.change(index, |exchange| exchange.given = Given::Head);
        if !send(&mut stream, body, fault)? {
            if let Fault::StallBody(_) = fault {
                let waits = timeout(Exchange::PATIENCE, poll_fn(|context| stream.poll_reset(context))).await;
                shared.change(index, |exchange| exchange.is_awaited = waits.is_err());
            }
            return Ok(Then::Stay);
        }
    }
    shared.change(index, |exchange| exchange.given = Given::Whole);
    Ok(if matches!(fault, Fault::CloseIdle(_)) { Then::Leave } else { Then::Stay })
}

/// Sends a body, or the part of it that the fault leaves; returns whether that is all.
fn send(stream: &mut SendStream<Bytes>, mut body: Vec<u8>, fault: Fault) -> Result<bool, h2::Error> {
    if let Fault::StallBody(share) | Fault::ResetBody(share) = fault {
        body.truncate((usize::from(share) * body.len()) >> 16);
        stream.send_data(body.into(), false)?;
        if let Fault::ResetBody(_) = fault {
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
        return Ok(false);
    }
    stream.send_data(body.into(), true)?;
    Ok(true)
}

/// Returns what a fault of connections is on a stream.
fn fitting(fault: Fault, number_on_connection: usize) -> Fault {
    match fault {
        Fault::ResetUnread | Fault::CloseRead => Fault::ResetUnread,
        Fault::ResetReused | Fault::CloseReused | Fault::StallReused if number_on_connection == 1 => Fault::None,
        Fault::ResetReused | Fault::CloseReused => Fault::ResetUnread,
        Fault::ResetRead | Fault::ResetAnswered | Fault::CutHead(_) | Fault::Garbage(_) => Fault::ResetRead,
        Fault::Stall | Fault::StallReused => Fault::Stall,
        Fault::StallBody(share) => Fault::StallBody(share),
        Fault::CutBody(share) | Fault::ResetBody(share) | Fault::EndByReset(share) => Fault::ResetBody(share),
        Fault::Late(delay) => Fault::Late(delay),
        Fault::Drip(_) | Fault::Trickle | Fault::Early(_) | Fault::None => Fault::None,
        Fault::CloseIdle(_)
        | Fault::Refuse(_)
        | Fault::Retire
        | Fault::EndByClose
        | Fault::EndTorn
        | Fault::CloseNotify => Fault::CloseIdle(Duration::ZERO),
    }
}
