//! Cancels one attempt by shutting down the connections that it uses at that moment, and no others.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use ureq::Error;
use ureq::unversioned::transport::ShutdownHandle;

/// The number of a look-up, in the place of a connection's.
pub(super) const LOOK_UP: u64 = 0;

/// The canceller of one attempt of a race: the attempt's thread binds connections to it, another thread cancels.
#[derive(Default)]
pub(crate) struct Cancel(Mutex<State>);

#[derive(Default)]
struct State {
    phase: Phase,
    /// The sockets in use, by the number of their connection.
    bound: Vec<(u64, Weak<dyn ShutdownHandle>)>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Phase {
    #[default]
    Running,
    Cancelled,
    /// The attempt has ended: cancelling has no effect on what its connections do now.
    Over,
}

impl Cancel {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shuts down the connections that the attempt uses, and refuses it further ones.
    pub(crate) fn cancel(&self) {
        let bound = {
            let mut state = self.lock();
            if state.phase != Phase::Running {
                return;
            }
            state.phase = Phase::Cancelled;
            std::mem::take(&mut state.bound)
        };
        for (_, socket) in bound {
            if let Some(socket) = socket.upgrade() {
                socket.shutdown();
            }
        }
    }

    /// Ends the attempt, and returns whether it was cancelled before.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.lock();
        state.bound.clear();
        if state.phase == Phase::Running {
            state.phase = Phase::Over;
        }
        state.phase == Phase::Cancelled
    }

    /// Binds a socket that the attempt is about to use.
    pub(crate) fn bind(&self, connection: u64, socket: &Weak<dyn ShutdownHandle>) -> Result<(), Error> {
        let mut state = self.lock();
        match state.phase {
            Phase::Running => {
                state.bound.push((connection, Weak::clone(socket)));
                Ok(())
            }
            Phase::Cancelled => Err(cancelled()),
            Phase::Over => Ok(()),
        }
    }

    /// Releases a connection that the attempt no longer uses.
    pub(crate) fn release(&self, connection: u64) {
        self.lock().bound.retain(|(bound, _)| *bound != connection);
    }

    /// Fails if the attempt was cancelled.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.lock().phase == Phase::Cancelled { Err(cancelled()) } else { Ok(()) }
    }
}

pub(super) fn cancelled() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::ConnectionAborted, "the attempt was cancelled"))
}
