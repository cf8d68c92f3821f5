//! The acknowledgement of what was enqueued: one can block for it, or await it on any runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::StoreError;

/// Says whether an enqueued call is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a key is known, or it is not")]
pub enum Enqueued {
    /// It is on disk.
    New,
    /// A call with its key is on disk already; nothing was changed.
    Known,
}

type Answer = Result<Vec<Enqueued>, StoreError>;

/// The acknowledgement of calls that are being enqueued: [`wait`](Self::wait) for it, or `.await` it on any runtime.
///
/// Dropping it changes nothing: the calls are enqueued all the same.
///
/// ```
/// use insist_store::{Calls, Enqueued, NewCall, Sqlite};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("calls.db");
/// let calls = Calls::open(Sqlite::file(path))?;
/// let ticket = calls.submit([NewCall::new("order-17/paid", "webhooks"), NewCall::new("order-18/paid", "webhooks")])?;
/// assert_eq!(ticket.wait()?, [Enqueued::New, Enqueued::New]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "calls are acknowledged by their ticket"]
pub struct Ticket(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct State {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// The other end of a ticket. Dropped without an answer, it says that the writer has stopped.
#[derive(Debug)]
pub(crate) struct Reply(Arc<Shared>);

pub(crate) fn ticket() -> (Ticket, Reply) {
    let shared = Arc::new(Shared::default());
    (Ticket(Arc::clone(&shared)), Reply(shared))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, answer: Answer) {
        let waker = {
            let mut state = self.lock();
            if state.answer.is_none() {
                state.answer = Some(answer);
            }
            state.waker.take()
        };
        self.answered.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Reply {
    pub(crate) fn send(self, answer: Answer) {
        self.0.answer(answer);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.0.answer(Err(StoreError::Stopped));
    }
}

impl Ticket {
    /// Blocks until the calls are on disk, and says of each whether it is new.
    ///
    /// # Errors
    ///
    /// The store failed: none of them is on disk, unless it failed in the very moment of the commit. Enqueue them again; those
    /// that are known change nothing.
    pub fn wait(self) -> Result<Vec<Enqueued>, StoreError> {
        let mut state = self.0.lock();
        loop {
            if let Some(answer) = state.answer.take() {
                return answer;
            }
            state = self.0.answered.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Ends as [`wait`](Ticket::wait) does.
impl Future for Ticket {
    type Output = Result<Vec<Enqueued>, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        if let Some(answer) = state.answer.clone() {
            return Poll::Ready(answer);
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}
