//! A connection in the place of one that could not be opened, for an attempt whose head is copied: it lets ureq write the
//! head, and then fails as the connector did.

use ureq::Error;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::copy::Copy;

#[derive(Debug)]
pub(crate) struct DeadEnd {
    buffers: LazyBuffers,
    error: Option<Error>,
    is_begun: bool,
}

impl DeadEnd {
    /// Makes one that fails like this, with room for this much of a head at once.
    pub(super) fn new(error: Error, room: usize) -> Self {
        Self { buffers: LazyBuffers::new(1, room), error: Some(error), is_begun: false }
    }

    fn fail<T>(&mut self) -> Result<T, Error> {
        Err(self.error.take().unwrap_or(Error::ConnectionFailed))
    }
}

impl Transport for DeadEnd {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let head = &self.buffers.output()[..amount];
        let is_last = head.ends_with(b"\r\n\r\n");
        Copy::add(head, !std::mem::replace(&mut self.is_begun, true));
        if is_last { self.fail() } else { Ok(()) }
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.fail()
    }

    fn is_open(&mut self) -> bool {
        false
    }

    /// So that ureq goes on.
    fn is_tls(&self) -> bool {
        true
    }
}
