//! The server: it listens, gives each connection a thread, and ends them all when it is stopped.

use crate::connection::Connection;
use crate::record::{Record, Seen};
use crate::script::Script;
use crate::watch::Watch;
use socket2::{Domain, SockRef, Socket, Type};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Small, so that thousands of connections fit; a script's closure runs on it.
const STACK: usize = 512 << 10;
/// The most connections that wait to be accepted; the system may allow fewer.
const QUEUE: i32 = 4096;

/// A server on a free port of 127.0.0.1 that answers as its [`Script`] says.
///
/// Each connection has a thread. Dropping or [stopping](Self::stop) the server closes every socket and joins every
/// thread. A request head may have 64 KiB and 128 lines, a body 16 MiB; what is larger is refused with 431 or 413, what
/// is malformed with 400 or 501, and the connection is closed.
///
/// A client that closes its sending half while it waits counts as one that left.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

struct Running {
    listener: Arc<TcpListener>,
    thread: JoinHandle<()>,
}

/// Holds what the threads of a server have in common.
pub(crate) struct Shared {
    pub(crate) script: Script,
    pub(crate) watch: Watch,
    pub(crate) stopping: AtomicBool,
    sockets: Mutex<HashMap<usize, Arc<TcpStream>>>,
}

impl Shared {
    /// The sockets of the open connections, by their numbers.
    pub(crate) fn sockets(&self) -> MutexGuard<'_, HashMap<usize, Arc<TcpStream>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Starts a server with this script.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a list of answers in the script is empty; else what the system says to a new socket or thread.
    pub fn start(script: impl Into<Script>) -> io::Result<Self> {
        let script = script.into();
        script.check()?;
        let listener = Arc::new(listen()?);
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script,
            watch: Watch::default(),
            stopping: AtomicBool::new(false),
            sockets: Mutex::default(),
        });
        let thread = {
            let (listener, shared) = (Arc::clone(&listener), Arc::clone(&shared));
            thread::Builder::new().name("flaky".into()).stack_size(STACK).spawn(move || accept(&listener, &shared))?
        };
        Ok(Self { address, shared, running: Mutex::new(Some(Running { listener, thread })) })
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL of a path, which starts with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that it saw until now.
    #[must_use]
    pub fn record(&self) -> Arc<Record> {
        self.shared.watch.now()
    }

    /// Every request that was read whole, in the order of their numbers, with how it ended.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.record().requests().to_vec()
    }

    /// Returns how many requests were read whole.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.record().request_count()
    }

    /// Returns how many requests were for this path: with this query if `path` has one, else with any.
    #[must_use]
    pub fn hits(&self, path: &str) -> usize {
        self.record().hits(path)
    }

    /// Returns how many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.record().connections()
    }

    /// Returns how many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.record().open_connections()
    }

    /// Returns how many connections their client closed while a request waited for its answer or the answer was being
    /// written.
    #[must_use]
    pub fn disconnects(&self) -> usize {
        self.record().disconnects()
    }

    /// Waits until the condition holds for what was seen, at most this long, and says whether it came to hold. No
    /// sleeping and no polling: the condition is asked again whenever something was seen.
    ///
    /// ```
    /// # use insist_flaky::{Answer, Server};
    /// # use std::time::Duration;
    /// # let server = Server::start(Answer::ok("hello")).unwrap();
    /// let _client = std::net::TcpStream::connect(server.address()).unwrap();
    /// assert!(server.wait_until(|seen| seen.connections() == 1, Duration::from_secs(10)));
    /// ```
    #[must_use]
    pub fn wait_until(&self, holds: impl Fn(&Record) -> bool, limit: Duration) -> bool {
        self.shared.watch.wait_until(holds, limit)
    }

    /// Stops listening, closes every connection and joins every thread. What was seen can still be read afterwards.
    ///
    /// Stopping again does nothing. A script's closure must not call it: it would wait for itself.
    pub fn stop(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Running { listener, thread }) = running.take() else { return };
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Linux wakes the accepting thread at the shutdown of its socket; elsewhere it takes a connection to it.
        let _ = SockRef::from(&*listener).shutdown(Shutdown::Both);
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        let _ = thread.join();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).field("script", &self.shared.script).finish()
    }
}

/// Listens with a long queue: a client that finds it full waits a second before it tries again.
fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(QUEUE)?;
    Ok(socket.into())
}

/// Accepts connections until the server stops, then ends those that are open.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut reap_at = 64;
    let mut number = 0;
    loop {
        let accepted = listener.accept();
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok((socket, _)) = accepted else {
            // Out of descriptors, most likely: a pause, so that the thread does not spin until some are free.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        number += 1;
        let connection = Connection::open(shared, number, socket);
        let builder = thread::Builder::new().name(format!("flaky connection {number}")).stack_size(STACK);
        // Without a thread the connection is dropped, which closes it.
        if let Ok(thread) = builder.spawn(move || connection.serve()) {
            threads.push(thread);
        }
        // A thread that is not joined keeps its stack; looking only when many have gathered keeps the cost constant.
        if threads.len() >= reap_at {
            let (ended, running) = threads.into_iter().partition(JoinHandle::is_finished);
            let ended: Vec<_> = ended;
            threads = running;
            for thread in ended {
                let _ = thread.join();
            }
            reap_at = 2 * threads.len() + 64;
        }
    }
    for socket in shared.sockets().values() {
        let _ = socket.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}
