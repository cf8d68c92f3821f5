//! One connection: reads its requests, asks the server, and hands on the answers, or what the fault leaves of them.

use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::garbage::garbage;
use super::message::{Framing, Head, Inbox};
use super::stream::Stream;
use super::unframed::unframed;
use super::{Arrival, Exchange, Fault, Given, Shared, lock};

/// So much of an answer is trickled a byte at a time; the rest of a long one goes out at once.
const TRICKLED: usize = 1 << 10;

struct Connection<'a> {
    shared: &'a Shared,
    listener: &'a TcpListener,
    number: usize,
    socket: Arc<TcpStream>,
    stream: Rc<Stream>,
    inbox: Inbox,
    /// The number of requests so far, in the tunnel if it is one.
    requests: usize,
    /// To the server, once it was asked.
    upstream: Option<(Rc<Stream>, Inbox)>,
}

/// An answer as it is to go out.
struct Answer {
    head: Vec<u8>,
    body: Vec<u8>,
    framing: Framing,
    /// The most of the body that is less than all of it.
    most: usize,
    is_last: bool,
}

/// Says what becomes of the connection.
enum Next {
    Keep,
    /// The TLS stream, if it is one, and the connection.
    Close,
    /// The connection alone.
    Drop,
    Reset,
}

pub(super) fn serve(shared: &Shared, listener: &TcpListener, number: usize, socket: TcpStream) {
    let _ = socket.set_nodelay(true);
    let socket = Arc::new(socket);
    lock(&shared.open).push((number, Arc::clone(&socket)));
    // A proxy that stops sees a connection in `open`, or the connection sees that it stops.
    if !shared.stopping.load(Ordering::SeqCst) {
        if let Ok(stream) = Stream::accept(Arc::clone(&socket), shared.tls.as_ref()).map(Rc::new) {
            let inbox = Inbox::new(Rc::clone(&stream));
            Connection { shared, listener, number, socket, stream, inbox, requests: 0, upstream: None }.run();
        }
    }
    // What closes it is the drop of its last reference.
    lock(&shared.open).retain(|(open, _)| *open != number);
}

impl Connection<'_> {
    fn run(&mut self) {
        while !self.shared.stopping.load(Ordering::SeqCst) {
            match self.exchange() {
                Ok(Some(Next::Keep)) => {}
                Ok(Some(Next::Close)) => {
                    let _ = self.stream.write_last(&[]);
                    return;
                }
                Ok(Some(Next::Reset)) => {
                    let _ = SockRef::from(&*self.socket).set_linger(Some(Duration::ZERO));
                    return;
                }
                Ok(Some(Next::Drop) | None) | Err(_) => return,
            }
        }
    }

    /// One request, from its first byte to the end of its answer; `None` if there is none.
    fn exchange(&mut self) -> io::Result<Option<Next>> {
        let Some(head) = self.inbox.head()? else { return Ok(None) };
        let [method, path, _] = head.line.clone();
        let is_connect = method == "CONNECT";
        self.requests += usize::from(!is_connect);
        let arrival = Arrival { method, path, connection: self.number, number_on_connection: self.requests };
        let fault = self.fitting((self.shared.faults)(&arrival), &head, is_connect);
        let is_head = arrival.method == "HEAD";
        let index = {
            let mut exchanges = lock(&self.shared.exchanges);
            let given = Given::Nothing;
            exchanges.push(Exchange { arrival, fault, is_read: false, status: None, given, is_awaited: false });
            exchanges.len() - 1
        };
        match fault {
            Fault::ResetUnread | Fault::ResetReused => return Ok(Some(Next::Reset)),
            Fault::Early(status) => return self.answer_early(index, status).map(Some),
            _ => {}
        }
        let body = self.inbox.body(head.body)?;
        self.change(index, |exchange| exchange.is_read = true);
        match fault {
            Fault::ResetRead => return Ok(Some(Next::Reset)),
            Fault::CloseRead | Fault::CloseReused => return Ok(Some(Next::Close)),
            Fault::StallReused => {
                self.stall(index);
                return Ok(Some(Next::Close));
            }
            _ => {}
        }
        if is_connect {
            return self.tunnel(index, fault).map(Some);
        }
        let answer = self.ask(index, &head, &body, is_head)?;
        let next = self.give(index, fault, &answer)?;
        Ok(Some(match next {
            Next::Keep if answer.is_last || head.is_last => Next::Close,
            next => next,
        }))
    }

    /// Does to this request what its fault says.
    fn fitting(&self, fault: Fault, head: &Head, is_connect: bool) -> Fault {
        let is_reused = self.requests > 1;
        match fault {
            _ if is_reused && self.number <= self.shared.retired.load(Ordering::SeqCst) => Fault::ResetReused,
            Fault::CloseReused | Fault::ResetReused | Fault::StallReused if !is_reused => Fault::None,
            Fault::CloseNotify | Fault::EndTorn if !self.stream.is_tls() => Fault::None,
            Fault::Early(_) if !is_connect && head.body == Framing::Length(0) => Fault::None,
            fault => fault,
        }
    }

    fn answer_early(&self, index: usize, status: u16) -> io::Result<Next> {
        self.change(index, |exchange| exchange.status = Some(status));
        let (body, length) = (Fault::EARLY, Fault::EARLY.len());
        let head = format!(
            "HTTP/1.1 {status} Early\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        self.write(&[head.as_bytes(), body.as_bytes()].concat())?;
        self.change(index, |exchange| exchange.given = Given::Whole);
        Ok(Next::Close)
    }

    /// Opens a tunnel, which leads to the server wherever it was to lead.
    fn tunnel(&mut self, index: usize, fault: Fault) -> io::Result<Next> {
        self.change(index, |exchange| exchange.status = Some(200));
        let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        let answer = Answer { head, body: Vec::new(), framing: Framing::Length(0), most: 0, is_last: false };
        let next = self.give(index, fault, &answer)?;
        if let Next::Keep = next {
            self.stream = Rc::new(Stream::accept(Arc::clone(&self.socket), self.shared.tls.as_ref())?);
            self.inbox = Inbox::new(Rc::clone(&self.stream));
            self.requests = 0;
        }
        Ok(next)
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Exchange)) {
        change(&mut lock(&self.shared.exchanges)[index]);
    }

    /// Hands on a request and reads its whole answer.
    fn ask(&mut self, index: usize, head: &Head, body: &[u8], is_head: bool) -> io::Result<Answer> {
        let (stream, inbox) = match &mut self.upstream {
            Some(upstream) => upstream,
            none => {
                let socket = Arc::new(TcpStream::connect(self.shared.upstream)?);
                socket.set_nodelay(true)?;
                let stream = Rc::new(Stream::plain(socket));
                let inbox = Inbox::new(Rc::clone(&stream));
                none.insert((stream, inbox))
            }
        };
        stream.write(&[&head.bytes, body].concat())?;
        let head = inbox.head()?.ok_or(ErrorKind::UnexpectedEof)?;
        let body = if is_head { Vec::new() } else { inbox.body(head.body)? };
        let is_last = head.is_last;
        if is_last {
            self.upstream = None;
        }
        self.change(index, |exchange| exchange.status = head.line[1].parse().ok());
        // The last chunk is not cut: without its line break, the body may well count as whole.
        let most =
            body.len() - if !is_head && head.body == Framing::Chunked { "0\r\n\r\n".len() } else { 1.min(body.len()) };
        Ok(Answer { head: head.bytes, body, framing: head.body, most, is_last })
    }

    fn give(&self, index: usize, fault: Fault, answer: &Answer) -> io::Result<Next> {
        let has_body = !answer.body.is_empty();
        match fault {
            Fault::ResetAnswered => return Ok(Next::Reset),
            Fault::Garbage(seed) => {
                self.write(&garbage(seed))?;
                return Ok(Next::Close);
            }
            Fault::Stall => {
                self.stall(index);
                return Ok(Next::Close);
            }
            Fault::CutHead(share) => {
                // At least a byte of it, and not the one that ends it.
                self.write(&answer.head[..=part(share, answer.head.len() - 2)])?;
                return Ok(Next::Close);
            }
            Fault::StallBody(share) | Fault::CutBody(share) | Fault::ResetBody(share) if has_body => {
                self.change(index, |exchange| exchange.given = Given::Head);
                self.write(&[&answer.head, &answer.body[..part(share, answer.most)]].concat())?;
                return Ok(match fault {
                    Fault::ResetBody(_) => Next::Reset,
                    Fault::CutBody(_) => Next::Close,
                    _ => {
                        self.stall(index);
                        Next::Close
                    }
                });
            }
            Fault::EndByReset(share) if has_body => {
                let (head, body) = unframed(&answer.head, &answer.body, answer.framing);
                self.change(index, |exchange| exchange.given = Given::Head);
                self.write(&[&head, &body[..part(share, body.len() + 1)]].concat())?;
                return Ok(Next::Reset);
            }
            Fault::EndTorn if has_body => {
                self.change(index, |exchange| exchange.given = Given::Head);
                let (head, body) = unframed(&answer.head, &answer.body, answer.framing);
                self.write(&[head, body].concat())?;
                return Ok(Next::Drop);
            }
            Fault::EndByClose => {
                let (head, body) = unframed(&answer.head, &answer.body, answer.framing);
                self.stream.write_last(&[head, body].concat())?;
                self.change(index, |exchange| exchange.given = Given::Whole);
                return Ok(Next::Close);
            }
            Fault::CloseNotify => {
                self.stream.write_last(&[&*answer.head, &answer.body].concat())?;
                self.change(index, |exchange| exchange.given = Given::Whole);
                return Ok(Next::Keep);
            }
            Fault::Retire => self.shared.retire(),
            Fault::Trickle => self.trickle(index, answer, |_| Ok(()))?,
            Fault::Drip(pause) => self.trickle(index, answer, |connection| connection.wait(pause))?,
            Fault::Late(delay) => self.wait(delay)?,
            _ => {}
        }
        if !matches!(fault, Fault::Trickle | Fault::Drip(_)) {
            self.write(&[&*answer.head, &answer.body].concat())?;
        }
        self.change(index, |exchange| exchange.given = Given::Whole);
        match fault {
            Fault::CloseIdle(after) => {
                thread::sleep(after);
                Ok(Next::Close)
            }
            Fault::Refuse(time) => {
                self.shared.refuse(self.listener, time);
                Ok(Next::Close)
            }
            _ => Ok(Next::Keep),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write(bytes)
    }

    /// Hands on an answer a byte at a time.
    fn trickle(&self, index: usize, answer: &Answer, pause: impl Fn(&Self) -> io::Result<()>) -> io::Result<()> {
        let whole = [&*answer.head, &answer.body].concat();
        let (slow, rest) = whole.split_at(whole.len().min(TRICKLED));
        for (at, byte) in slow.iter().enumerate() {
            self.write(&[*byte])?;
            if at + 1 == answer.head.len() {
                self.change(index, |exchange| exchange.given = Given::Head);
            }
            pause(self)?;
        }
        self.write(rest)
    }

    /// Waits until the client leaves, and notes it if it does not.
    fn stall(&self, index: usize) {
        if self.wait(Exchange::PATIENCE).is_ok() && !self.shared.stopping.load(Ordering::SeqCst) {
            self.change(index, |exchange| exchange.is_awaited = true);
        }
    }

    /// Waits this long; an error if the client leaves, or sends more before its answer is whole.
    fn wait(&self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Ok(());
            }
            self.socket.set_read_timeout(Some(rest))?;
            let seen = self.socket.peek(&mut [0]);
            self.socket.set_read_timeout(None)?;
            match seen {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => return Err(ErrorKind::ConnectionAborted.into()),
            }
        }
    }
}

/// This share of a length, in 65,536ths: less than all of it, unless it is 0.
fn part(share: u16, length: usize) -> usize {
    (usize::from(share) * length) >> 16
}
