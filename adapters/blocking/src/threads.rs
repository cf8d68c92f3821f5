//! Makes the attempts of a race on detached threads: the winner does not wait for the losers.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use insist_core::{AsPolicy, Attempt, Call, CancelReason, Gate, Hook, Instant, Judge, Repeat, Terms, fresh_seed};

use crate::attempt::{LiveAttempt, run};
use crate::caller::CallerLane;
use crate::canceller::Canceller;
use crate::clock::SystemClock;
use crate::drive::{Lanes, Outcome, Thrift, Woken, drive};
use crate::finish::Finish;
use crate::panic::{Payload, discard};
use crate::race::LANES;
use crate::way::{OnThreads, Run};

impl<F, T, E, P, J, H, G> Run<P, J, H, G> for OnThreads<'_, F, T, E>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
    P: AsPolicy,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
{
    fn run<O: Finish<T, E, H>>(self, terms: Terms<P, J, H, G>, finish: O) -> O::Output {
        let Self { operation, canceller, .. } = self;
        let Terms { policy, mut judge, mut hook, gate, repeat, seed, .. } = terms;
        let is_interrupted =
            policy.as_policy().get_attempt_timeout().is_some() || policy.as_policy().get_deadline().is_some();
        let has_one_lane = policy.as_policy().get_lanes() <= 1 || repeat != Repeat::Always;
        let started = Instant::now();
        let is_listening = hook.is_listening();
        // The seed is drawn at the start, because the machine draws a wait after a timeout by itself.
        let thrift = Thrift { is_listening, is_timeless: false, ends_untimed: false, is_seeded: true };
        let seed = seed.unwrap_or_else(fresh_seed);
        let mut call = Call::with_lanes::<LANES>(policy, gate, started, seed).repeat(repeat);
        let end = if has_one_lane && !is_interrupted {
            let mut lane = CallerLane { operation, clock: SystemClock, canceller, waited: None, past: None };
            drive(&mut call, &mut lane, &mut judge, &mut hook, started, thrift)
        } else {
            let mut lanes = ThreadLanes::new(operation, canceller);
            drive(&mut call, &mut lanes, &mut judge, &mut hook, started, thrift)
        };
        finish.finish(end, &call, started, hook)
    }
}

/// The lanes of a race. Each attempt has a thread, which ends when the operation returns.
pub(crate) struct ThreadLanes<'a, F, T, E> {
    operation: Arc<F>,
    in_flight: Vec<(u32, Canceller)>,
    sender: Sender<Message<T, E>>,
    /// `Some` until this is dropped.
    receiver: Option<Receiver<Message<T, E>>>,
    user: Option<(&'a Canceller, u64)>,
}

enum Message<T, E> {
    Ended(u32, Result<T, E>),
    Panicked(u32, Payload),
    /// Wakes the call because the user has cancelled; the canceller's flag is set too.
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
        Self { operation: Arc::new(operation), in_flight: Vec::new(), sender, receiver: Some(receiver), user }
    }

    /// Turns a message into an outcome. Messages of cancelled attempts are dropped, panics too.
    fn open(&mut self, message: Message<T, E>) -> Option<Outcome<T, E>> {
        match message {
            Message::Ended(id, result) => match self.take(id) {
                Some(_) => Some(Outcome { id, result: Some(result), verdict: None }),
                None => {
                    discard(result);
                    None
                }
            },
            Message::Panicked(id, payload) => match self.take(id) {
                // Dropping the lanes on the way cancels the others.
                Some(_) => resume_unwind(payload),
                None => {
                    discard(payload);
                    None
                }
            },
            Message::Cancelled => None,
        }
    }
}

impl<F, T, E> ThreadLanes<'_, F, T, E> {
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
        // The attempt's span is current on this thread while it is sent.
        #[cfg(feature = "tracing")]
        let context = insist_tracing::Context::current();
        let work = move || run(attempt, Some(&told), &*operation);
        #[cfg(feature = "tracing")]
        let work = move || context.in_scope(work);
        let body = move || {
            // Drops what the operation owns in here too, so that a panic of that is caught as well.
            let result = catch_unwind(AssertUnwindSafe(work));
            // Fails if the call is over and the receiver is gone.
            _ = sender.send(match result {
                Ok(result) => Message::Ended(id, result),
                Err(payload) => Message::Panicked(id, payload),
            });
        };
        match std::thread::Builder::new().name(format!("insist-{id}")).spawn(body) {
            Ok(_) => self.in_flight.push((id, canceller)),
            Err(_) => return Some(Outcome { id, result: None, verdict: None }),
        }
        self.ready()
    }

    fn wait(&mut self, until: Option<Instant>) -> Woken<T, E> {
        // A sender is kept here, so only the timeout makes these fail.
        let message = self.receiver.as_ref().and_then(|receiver| match until {
            Some(until) => receiver.recv_timeout(until.saturating_since(Instant::now())).ok(),
            None => receiver.recv().ok(),
        });
        match message {
            Some(message) => self.open(message).map_or(Woken::Cancelled, Woken::Outcome),
            None => Woken::Due,
        }
    }

    fn ready(&mut self) -> Option<Outcome<T, E>> {
        while let Ok(message) = self.receiver.as_ref()?.try_recv() {
            if let Some(outcome) = self.open(message) {
                return Some(outcome);
            }
        }
        None
    }

    fn cancel(&mut self, id: u32, reason: CancelReason) {
        if let Some(canceller) = self.take(id) {
            // A panic of its callbacks is not the call's.
            discard(canceller.cancel_because(reason));
        }
    }

    fn is_cancelled(&self) -> bool {
        self.user.is_some_and(|(canceller, _)| canceller.is_cancelled())
    }
}

/// Cancels every attempt in flight, whatever ended the call, a panic of the judge included.
impl<F, T, E> Drop for ThreadLanes<'_, F, T, E> {
    fn drop(&mut self) {
        if let Some((canceller, key)) = self.user {
            canceller.forget(key);
        }
        for (_, canceller) in self.in_flight.drain(..) {
            discard(canceller.cancel_because(CancelReason::Cancelled));
        }
        // It may hold results that came too late.
        discard(self.receiver.take());
    }
}
