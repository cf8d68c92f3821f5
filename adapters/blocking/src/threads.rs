//! Attempts on threads of their own, detached: the winner does not wait for the losers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use insist_core::{Attempt, Instant};

use crate::attempt::{LiveAttempt, run};
use crate::canceller::Canceller;
use crate::drive::{Lanes, Outcome, Woken};

/// Several lanes, each attempt on a thread that ends when its operation does.
pub(crate) struct ThreadLanes<'a, F, T, E> {
    operation: Arc<F>,
    in_flight: Vec<(u32, Canceller)>,
    sender: Sender<Message<T, E>>,
    receiver: Receiver<Message<T, E>>,
    user: Option<(&'a Canceller, u64)>,
}

enum Message<T, E> {
    Ended(u32, Result<T, E>),
    Panicked(u32, Box<dyn Any + Send>),
    /// The user has cancelled; the flag says so too.
    Cancelled,
}

impl<'a, F, T: Send + 'static, E: Send + 'static> ThreadLanes<'a, F, T, E> {
    pub(crate) fn new(operation: F, canceller: Option<&'a Canceller>) -> Self {
        let (sender, receiver) = channel();
        let user = canceller.map(|canceller| {
            let (key, sender) = (canceller.key(), sender.clone());
            canceller.register(key, Box::new(move || _ = sender.send(Message::Cancelled)));
            (canceller, key)
        });
        Self { operation: Arc::new(operation), in_flight: Vec::new(), sender, receiver, user }
    }

    /// What a message comes to. Those of attempts that were cancelled are dropped, panics too.
    fn open(&mut self, message: Message<T, E>) -> Option<Outcome<T, E>> {
        match message {
            Message::Ended(id, result) => self.take(id).map(|_| Outcome { id, result: Some(result) }),
            Message::Panicked(id, payload) => {
                self.take(id)?;
                // Dropping the lanes on the way cancels the others.
                resume_unwind(payload)
            }
            Message::Cancelled => None,
        }
    }

    fn take(&mut self, id: u32) -> Option<Canceller> {
        let index = self.in_flight.iter().position(|(other, _)| *other == id)?;
        Some(self.in_flight.swap_remove(index).1)
    }
}

impl<T, E, F> Lanes<T, E> for ThreadLanes<'_, F, T, E>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn send(&mut self, attempt: Attempt) -> Option<Outcome<T, E>> {
        let (id, canceller) = (attempt.id, Canceller::new());
        let (operation, sender, told) = (Arc::clone(&self.operation), self.sender.clone(), canceller.clone());
        let body = move || {
            // What the operation owns is dropped in there too: a panic on the way must not go by unheard.
            let result = catch_unwind(AssertUnwindSafe(move || run(attempt, Some(&told), &*operation)));
            // The call may be over, and nobody there to receive.
            _ = sender.send(match result {
                Ok(result) => Message::Ended(id, result),
                Err(payload) => Message::Panicked(id, payload),
            });
        };
        match std::thread::Builder::new().name(format!("insist-{id}")).spawn(body) {
            Ok(_) => self.in_flight.push((id, canceller)),
            Err(_) => return Some(Outcome { id, result: None }),
        }
        self.ready()
    }

    fn wait(&mut self, until: Option<Instant>) -> Woken<T, E> {
        // A sender is kept here, so nothing but the timeout makes these fail.
        let message = match until {
            Some(until) => self.receiver.recv_timeout(until.saturating_since(Instant::now())).ok(),
            None => self.receiver.recv().ok(),
        };
        match message {
            Some(message) => self.open(message).map_or(Woken::Cancelled, Woken::Outcome),
            None => Woken::Due,
        }
    }

    fn ready(&mut self) -> Option<Outcome<T, E>> {
        while let Ok(message) = self.receiver.try_recv() {
            if let Some(outcome) = self.open(message) {
                return Some(outcome);
            }
        }
        None
    }

    fn cancel(&mut self, id: u32) {
        if let Some(canceller) = self.take(id) {
            canceller.cancel();
        }
    }

    fn is_cancelled(&self) -> bool {
        self.user.is_some_and(|(canceller, _)| canceller.is_cancelled())
    }
}

/// Whatever ends the call, a panic of the judge included, no attempt is left running without being told.
impl<F, T, E> Drop for ThreadLanes<'_, F, T, E> {
    fn drop(&mut self) {
        if let Some((canceller, key)) = self.user {
            canceller.forget(key);
        }
        for (_, canceller) in self.in_flight.drain(..) {
            canceller.cancel();
        }
    }
}
