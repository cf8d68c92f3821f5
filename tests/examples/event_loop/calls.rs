//! The loop: sockets that are ready, timers that are due, and what the machine says to do about them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use insist_core::{Action, Call, Gate, Instant, Policy, Reason, Verdict, fresh_seed};
use polling::{Event, Events, Poller};
use socket2::{Domain, Socket, Type};

/// Sets how many attempts of a call there is room for at once.
const LANES: usize = 2;

/// Calls, the sockets of their attempts, and when each call wants to be asked again.
pub(crate) struct EventLoop<G: Gate> {
    poller: Poller,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    fetches: Vec<Fetch<G>>,
    running: usize,
}

/// One call, with its attempts in flight: one socket for each lane.
pub(crate) struct Fetch<G: Gate> {
    call: Call<&'static Policy, G, LANES>,
    server: SocketAddr,
    path: String,
    exchanges: [Option<Exchange>; LANES],
    due: Option<Instant>,
    last: Vec<u8>,
    /// Says how it ended: with the winning response, or why it gave up.
    pub(crate) end: Option<Result<Vec<u8>, Reason>>,
}

impl<G: Gate> EventLoop<G> {
    /// A loop without calls.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { poller: Poller::new()?, timers: BinaryHeap::new(), fetches: Vec::new(), running: 0 })
    }

    /// Starts a call; its number is its place among the calls.
    pub(crate) fn fetch(
        &mut self,
        policy: &'static Policy,
        gate: G,
        server: SocketAddr,
        path: &str,
    ) -> io::Result<usize> {
        let call = Call::with_lanes::<LANES>(policy, gate, Instant::now(), fresh_seed());
        let (path, index) = (path.to_owned(), self.fetches.len());
        let exchanges = [const { None }; LANES];
        self.fetches.push(Fetch { call, server, path, exchanges, due: None, last: Vec::new(), end: None });
        self.running += 1;
        self.drive(index)?;
        Ok(index)
    }

    /// Gives a call up: its sockets are closed at once.
    pub(crate) fn cancel(&mut self, index: usize) -> io::Result<()> {
        self.fetches[index].call.cancel(Instant::now());
        self.drive(index)
    }

    /// Waits for what comes first, a socket or a timer, and does what follows. Gives how many calls still run.
    pub(crate) fn turn(&mut self) -> io::Result<usize> {
        if self.running == 0 {
            return Ok(0);
        }
        let wait = self.timers.peek().map(|Reverse((due, _))| due.saturating_since(Instant::now()));
        let mut events = Events::new();
        self.poller.wait(&mut events, wait)?;
        // Answers before timers: one that is there at its timeout counts.
        for event in events.iter() {
            let (index, lane) = (event.key / LANES, event.key % LANES);
            let fetch = &mut self.fetches[index];
            let Some(exchange) = &mut fetch.exchanges[lane] else { continue };
            match exchange.go_on() {
                None => self.poller.modify(&exchange.socket, exchange.interest(event.key))?,
                Some(verdict) => {
                    let id = exchange.id;
                    fetch.last = std::mem::take(&mut exchange.response);
                    self.close(index, lane)?;
                    self.fetches[index].call.handle(Instant::now(), id, verdict);
                    self.drive(index)?;
                }
            }
        }
        while let Some(Reverse((due, index))) = self.timers.peek().copied() {
            if due > Instant::now() {
                break;
            }
            self.timers.pop();
            // A timer that the call has replaced since is passed over.
            if self.fetches[index].due == Some(due) {
                self.drive(index)?;
            }
        }
        Ok(self.running)
    }

    /// The calls, in the order of their starts.
    pub(crate) fn fetches(&self) -> &[Fetch<G>] {
        &self.fetches
    }

    /// Does what the machine says until it wants to wait.
    fn drive(&mut self, index: usize) -> io::Result<()> {
        loop {
            let fetch = &mut self.fetches[index];
            fetch.due = None;
            match fetch.call.poll(Instant::now()) {
                Action::Send(attempt) => {
                    let (lane, key) = (usize::from(attempt.lane), index * LANES + usize::from(attempt.lane));
                    match Exchange::start(attempt.id, fetch.server, &fetch.path) {
                        #[allow(unsafe_code)] // polling asks for a promise.
                        // SAFETY: `close` takes the socket out of the poller before it is dropped.
                        Ok(exchange) => unsafe {
                            self.poller.add(&exchange.socket, exchange.interest(key))?;
                            fetch.exchanges[lane] = Some(exchange);
                        },
                        Err(_) => _ = fetch.call.handle(Instant::now(), attempt.id, Verdict::retry().unsent()),
                    }
                }
                Action::Cancel { attempt: id, .. } => {
                    let lane = fetch.exchanges.iter().position(|slot| slot.as_ref().is_some_and(|one| one.id == id));
                    lane.map_or(Ok(()), |lane| self.close(index, lane))?;
                }
                Action::Wait { until, .. } => {
                    fetch.due = until;
                    self.timers.extend(until.map(|until| Reverse((until, index))));
                    return Ok(());
                }
                end @ (Action::Return(_) | Action::GiveUp(_)) => {
                    if fetch.end.is_none() {
                        let last = std::mem::take(&mut fetch.last);
                        fetch.end = Some(if let Action::GiveUp(stop) = end { Err(stop.reason()) } else { Ok(last) });
                        self.running -= 1;
                    }
                    return Ok(());
                }
            }
        }
    }

    fn close(&mut self, index: usize, lane: usize) -> io::Result<()> {
        let exchange = self.fetches[index].exchanges[lane].take();
        exchange.map_or(Ok(()), |exchange| self.poller.delete(&exchange.socket))
    }
}

/// An attempt in flight. Dropping it closes its socket.
struct Exchange {
    /// The attempt.
    id: u32,
    /// Its own socket.
    socket: TcpStream,
    /// Holds what is still to be written.
    request: Vec<u8>,
    /// Holds what was read so far.
    response: Vec<u8>,
}

impl Exchange {
    /// Connects without waiting for it.
    fn start(id: u32, server: SocketAddr, path: &str) -> io::Result<Self> {
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

    /// Returns what to be told of: until the request is written, that it can be; then, that there is something to read.
    fn interest(&self, key: usize) -> Event {
        if self.request.is_empty() { Event::readable(key) } else { Event::writable(key) }
    }

    /// Writes and reads what can be now. A verdict once it has ended.
    fn go_on(&mut self) -> Option<Verdict> {
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
