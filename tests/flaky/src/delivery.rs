//! Gives one request its answer, or the fault that the script wants.

use crate::answer::{Answer, FaultKind, Framing, Start, Then};
use crate::inbox::{Gone, Inbox};
use crate::record::Ending;
use crate::wire;
use std::io::Write;
use std::net::TcpStream;

/// The end of a long answer that is written after its ending is recorded; less than any system buffers.
const TAIL: usize = 16 << 10;

/// Says what becomes of the connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Keep,
    Close,
    Reset,
    ResetOnReuse,
}

/// One answer on its way to a client.
pub(crate) struct Delivery<'a, E> {
    pub(crate) socket: &'a TcpStream,
    pub(crate) inbox: &'a mut Inbox,
    /// Records how the request ended. It is told before the client can see it, so that a test that has its answer
    /// never finds the request still open.
    pub(crate) end: E,
}

impl<E: Fn(Ending)> Delivery<'_, E> {
    pub(crate) fn give(&mut self, answer: &Answer, method: &str, persistent: bool) -> Result<Next, Gone> {
        self.inbox.wait(Some(answer.delay))?;
        match &answer.start {
            Start::Head => self.give_head_and_body(answer, method, persistent),
            Start::Raw(bytes) => {
                self.finish(bytes, Ending::Failed)?;
                Ok(Next::Close)
            }
            Start::Reset => {
                (self.end)(Ending::Failed);
                Ok(Next::Reset)
            }
            Start::Close => {
                (self.end)(Ending::Failed);
                Ok(Next::Close)
            }
            Start::Never => {
                self.inbox.wait(None)?;
                Ok(Next::Close)
            }
        }
    }

    fn give_head_and_body(&mut self, answer: &Answer, method: &str, persistent: bool) -> Result<Next, Gone> {
        let has_body = wire::has_body(answer, method);
        let body = if has_body { &answer.body[..wire::sent(answer)] } else { &[] };
        let mut out = wire::head(answer, method, persistent);
        let mut pieces = body.chunks(answer.pace.map_or(usize::MAX, |pace| pace.bytes)).peekable();
        while let Some(piece) = pieces.next() {
            wire::piece(&mut out, answer.framing, piece);
            if let (Some(_), Some(pace)) = (pieces.peek(), answer.pace) {
                self.write(&out)?;
                out.clear();
                self.inbox.wait(Some(pace.pause))?;
            }
        }
        match answer.fault.map(|fault| fault.kind) {
            None => {
                if has_body {
                    wire::last(&mut out, answer.framing);
                }
                self.finish(&out, Ending::Answered)?;
                Ok(match answer.then {
                    _ if !persistent || answer.framing == Framing::UntilClose => Next::Close,
                    Then::Keep => Next::Keep,
                    Then::Close => Next::Close,
                    Then::ResetOnReuse => Next::ResetOnReuse,
                })
            }
            Some(FaultKind::Cut) => {
                self.finish(&out, Ending::Failed)?;
                Ok(Next::Close)
            }
            Some(FaultKind::Reset) => {
                self.finish(&out, Ending::Failed)?;
                Ok(Next::Reset)
            }
            Some(FaultKind::Stall) => {
                self.write(&out)?;
                self.inbox.wait(None)?;
                Ok(Next::Close)
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Gone> {
        let mut socket = self.socket;
        socket.write_all(bytes).map_err(|_| Gone::Left)
    }

    /// Writes the last of an answer. A client that is gone by then turns the ending into `Left`, by the error.
    fn finish(&self, bytes: &[u8], ending: Ending) -> Result<(), Gone> {
        let (most, tail) = bytes.split_at(if bytes.len() > 2 * TAIL { bytes.len() - TAIL } else { 0 });
        if !most.is_empty() {
            self.write(most)?;
        }
        (self.end)(ending);
        self.write(tail)
    }
}
