//! The thread that writes to the store for a process. Whatever has gathered is one transaction: calls that are enqueued,
//! attempts that are over, and the claims of the next.

mod desk;
mod post;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::backend::{Clock, Connection};
use crate::crew::Finished;
use crate::error::StoreError;
use crate::new_call::NewCall;
use crate::ticket::Reply;
use desk::Desk;
pub(crate) use post::{Post, Progress};

/// Tells the thread what to do.
pub(crate) enum Message {
    Enqueue(Vec<NewCall>, Reply),
    /// Claim for these workers from now on.
    Attach(Box<Post>),
    /// An attempt of the workers with this number is over.
    Finished(u64, Box<Finished>),
    /// Claim no more for the workers with this number.
    Detach(u64),
    /// Something may be due.
    Wake,
    Quit,
}

/// The thread, and the way to it.
pub(crate) struct Clerk {
    to: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Clerk {
    pub(crate) fn start(connection: Box<dyn Connection>, clock: Clock) -> Result<Self, StoreError> {
        let (to, inbox) = channel();
        let desk = Desk::new(connection, clock, inbox);
        let thread = std::thread::Builder::new()
            .name("insist-store".into())
            .spawn(|| desk.run())
            .map_err(|error| StoreError::Failed(Arc::new(error)))?;
        Ok(Self { to, thread: Some(thread) })
    }

    pub(crate) fn tell(&self, message: Message) -> Result<(), StoreError> {
        self.to.send(message).map_err(|_| StoreError::Stopped)
    }
}

/// Writes first what was enqueued before.
impl Drop for Clerk {
    fn drop(&mut self) {
        let _ = self.to.send(Message::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
