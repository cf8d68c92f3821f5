//! One connection: reads its requests, asks the script, delivers the answers, and ends the way it should.

use crate::answer::Answer;
use crate::delivery::{Delivery, Next};
use crate::inbox::{Gone, Inbox};
use crate::intake::{self, Intake, Nothing};
use crate::record::{Ending, Record};
use crate::request::Request;
use crate::server::Shared;
use crate::wire;
use socket2::SockRef;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(crate) struct Connection {
    inbox: Inbox,
    socket: Arc<TcpStream>,
    // Dropped last: it gives up the last reference to the socket, which closes it.
    place: Place,
}

/// A connection's place among the server's open ones. Dropping it closes the socket.
struct Place {
    shared: Arc<Shared>,
    number: usize,
    /// The number of the request that is being answered; zero before the first.
    current: usize,
}

impl Connection {
    /// Registers a socket, so that stopping the server can end it.
    pub(crate) fn open(shared: &Arc<Shared>, number: usize, socket: TcpStream) -> Self {
        let _ = socket.set_nodelay(true);
        let socket = Arc::new(socket);
        shared.sockets().insert(number, Arc::clone(&socket));
        shared.watch.change(Record::connect);
        let place = Place { shared: Arc::clone(shared), number, current: 0 };
        Self { inbox: Inbox::new(Arc::clone(&socket)), socket, place }
    }

    pub(crate) fn serve(mut self) {
        for number_on_connection in 1.. {
            let taken = intake::read(&mut self.inbox, &*self.socket);
            if self.place.shared.stopping.load(Ordering::SeqCst) {
                return;
            }
            let next = match taken {
                Ok(intake) => match self.answer(intake, number_on_connection) {
                    Some(next) => next,
                    None => return,
                },
                Err(Nothing::Ended) => return,
                Err(Nothing::Refused(status, why)) => {
                    let answer = wire::refusal(status, why);
                    if (&*self.socket).write_all(&answer).is_err() {
                        return;
                    }
                    Next::Close
                }
            };
            match next {
                Next::Keep => {}
                Next::Close => return self.close(),
                Next::Reset => return self.reset(),
                Next::ResetOnReuse => {
                    let used = !self.inbox.unread().is_empty() || matches!(self.inbox.fill(), Ok(1..));
                    if used {
                        self.reset();
                    }
                    return;
                }
            }
        }
    }

    /// Answers one request. None: the connection is of no more use.
    fn answer(&mut self, intake: Intake, number_on_connection: usize) -> Option<Next> {
        let shared = Arc::clone(&self.place.shared);
        let Intake { method, path, headers, body, persistent } = intake;
        let connection = self.place.number;
        let request = Request { method, path, headers, body, connection, number: 0, number_on_connection };
        // Numbered and routed under one lock, so that the first request gets the first answer.
        let (request, route) = shared.watch.change(|record| {
            let request = record.begin(request);
            let route = shared.script.route(&request.path);
            (request, route)
        });
        self.place.current = request.number;
        let answer = route.map_or_else(
            || Answer::status(404).body(format!("the script has no answer for {}\n", request.path)),
            |(leaf, number)| leaf.answer(&request, number),
        );
        let end = |ending| shared.watch.change(|record| record.end(request.number, ending));
        let mut delivery = Delivery { socket: &self.socket, inbox: &mut self.inbox, end };
        match delivery.give(&answer, &request.method, persistent) {
            Ok(next) => Some(next),
            Err(gone) => {
                let stopped = shared.stopping.load(Ordering::SeqCst);
                end(if stopped || gone == Gone::Flooded { Ending::Dropped } else { Ending::Left });
                None
            }
        }
    }

    /// Ends with a FIN, and only with a FIN: also what the client still sends is read.
    fn close(mut self) {
        if self.socket.shutdown(Shutdown::Write).is_ok() {
            self.inbox.drain();
        }
    }

    /// Ends with an RST: a linger of zero makes the close, which the drop brings, a reset.
    fn reset(self) {
        let _ = SockRef::from(&*self.socket).set_linger(Some(Duration::ZERO));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.sockets().remove(&self.number);
        self.shared.watch.change(|record| {
            // Only a script that panicked leaves a request open.
            if record.is_open(self.current) {
                record.end(self.current, Ending::Dropped);
            }
            record.disconnect();
        });
    }
}
