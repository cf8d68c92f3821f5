//! A proxy that does to each request what its draw says: it stands between a client and a healthy HTTP/1.1 server.
//!
//! Clients that begin with TLS are spoken to in TLS, if the proxy has a certificate. A client that asks for a tunnel
//! (CONNECT) gets one, wherever to: in it are requests like any other, with TLS or without.
//!
//! What it did is in its [`Exchange`]s: which request reached it, whether the server had it, and how much of the answer
//! went out. Linux only: it refuses connections by ceasing to listen, and listens again on the same socket.

mod connection;
mod fault;
mod garbage;
mod message;
mod stream;
mod unframed;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use socket2::SockRef;

pub use fault::Fault;
pub use message::{Arrival, Exchange, Given};

/// The most connections that wait to be accepted: a client that finds the queue full waits a second.
const QUEUE: i32 = 1024;
const STACK: usize = 256 << 10;

/// A proxy on a port of 127.0.0.1. Each connection has a thread; dropping the proxy joins them all.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    listener: Arc<TcpListener>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Holds what the threads of a proxy have in common.
struct Shared {
    upstream: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    faults: Box<dyn Fn(&Arrival) -> Fault + Send + Sync>,
    exchanges: Mutex<Vec<Exchange>>,
    /// Until when connections are refused, if they are.
    refuses_until: Mutex<Option<Instant>>,
    stopping: AtomicBool,
    /// The number of the connection that was accepted last.
    latest: AtomicUsize,
    /// The number of the last connection that was retired, as those before it were.
    retired: AtomicUsize,
    open: Mutex<Vec<(usize, Arc<TcpStream>)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// Starts a proxy for this server. The closure says what is to happen to each request that arrives.
    ///
    /// # Errors
    ///
    /// Returns what the system says to a new socket or thread.
    pub fn start(upstream: SocketAddr, faults: impl Fn(&Arrival) -> Fault + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_with(upstream, None, faults)
    }

    /// Does what [`start`](Self::start) does, and accepts TLS too.
    ///
    /// # Errors
    ///
    /// Returns what the system says to a new socket or thread.
    pub fn start_tls(
        upstream: SocketAddr,
        tls: Arc<ServerConfig>,
        faults: impl Fn(&Arrival) -> Fault + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start_with(upstream, Some(tls), faults)
    }

    fn start_with(
        upstream: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        faults: impl Fn(&Arrival) -> Fault + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = Arc::new(listen()?);
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            tls,
            faults: Box::new(faults),
            exchanges: Mutex::default(),
            refuses_until: Mutex::default(),
            stopping: AtomicBool::new(false),
            latest: AtomicUsize::new(0),
            retired: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let thread = {
            let (listener, shared) = (Arc::clone(&listener), Arc::clone(&shared));
            thread::Builder::new().name("proxy".into()).stack_size(STACK).spawn(move || accept(&listener, &shared))?
        };
        Ok(Self { address, listener, shared, thread: Some(thread) })
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path, which starts with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that it did until now, in the order in which the requests arrived.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.shared.exchanges).clone()
    }

    /// Closes every connection, joins every thread, and gives everything that was done.
    #[must_use]
    pub fn stop(mut self) -> Vec<Exchange> {
        self.end();
        std::mem::take(&mut lock(&self.shared.exchanges))
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        {
            let _refuses_until = lock(&self.shared.refuses_until);
            self.shared.stopping.store(true, Ordering::SeqCst);
            let _ = SockRef::from(&*self.listener).shutdown(Shutdown::Both);
        }
        let _ = thread.join();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

impl Shared {
    /// Retires every connection that was accepted until now.
    fn retire(&self) {
        self.retired.fetch_max(self.latest.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Refuses connections for this long, from now on. Those that wait to be accepted are reset.
    fn refuse(&self, listener: &TcpListener, time: Duration) {
        let mut until = lock(&self.refuses_until);
        // Linux would hand a second shutdown down to the connections that are accepted later.
        if until.is_none() {
            *until = Some(Instant::now() + time);
            let _ = SockRef::from(listener).shutdown(Shutdown::Both);
        }
    }
}

/// Listens on a port that it asks for by its number: one that the system picked would be lost by ceasing to listen.
fn listen() -> io::Result<TcpListener> {
    let mut last = None;
    for _ in 0..100 {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        match TcpListener::bind(free) {
            Ok(listener) => {
                SockRef::from(&listener).listen(QUEUE)?;
                return Ok(listener);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

fn accept(listener: &Arc<TcpListener>, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for number in 1.. {
        let socket = loop {
            let accepted = listener.accept();
            if shared.stopping.load(Ordering::SeqCst) {
                break None;
            }
            if let Ok((socket, _)) = accepted {
                break Some(socket);
            }
            let until = *lock(&shared.refuses_until);
            thread::sleep(until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now())));
            let mut until = lock(&shared.refuses_until);
            // Whoever stops it after this finds it listening.
            if !shared.stopping.load(Ordering::SeqCst) {
                let _ = SockRef::from(&**listener).listen(QUEUE);
            }
            *until = None;
        };
        let Some(socket) = socket else { break };
        shared.latest.store(number, Ordering::SeqCst);
        let (listener, shared) = (Arc::clone(listener), Arc::clone(shared));
        let builder = thread::Builder::new().name("proxy connection".into()).stack_size(STACK);
        threads.extend(builder.spawn(move || connection::serve(&shared, &listener, number, socket)));
        if number % 64 == 0 {
            threads.retain(|thread| !thread.is_finished());
        }
    }
    for (_, socket) in &*lock(&shared.open) {
        let _ = socket.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}
