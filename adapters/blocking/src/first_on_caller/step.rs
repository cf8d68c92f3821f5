//! A step of a race: the thread that takes it, the attempt that comes of it, and what the call waits for after it.

use insist_core::{Action, Attempt, CancelReason, Instant};

use crate::canceller::Canceller;
use crate::panic::{Payload, discard};

/// The thing that the call waits for.
pub(super) enum Next {
    /// An instant, or the end of an attempt.
    Until(Option<Instant>),
    /// Nothing: it ended with this action.
    Ended(Action),
    /// Nothing: an attempt, the judge, the hook or the gate panicked on another thread.
    Panicked(Payload),
}

/// The thread that tells the machine something.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum By {
    Caller,
    /// One that makes attempts.
    Helper,
    /// The timer's, because no other can be had.
    Timer,
}

/// An attempt that a thread is to make.
pub(super) struct Job {
    pub(super) attempt: Attempt,
    pub(super) canceller: Canceller,
    /// The attempt's span is current when it is sent.
    #[cfg(feature = "tracing")]
    pub(super) context: insist_tracing::Context,
}

impl Job {
    pub(super) fn new(attempt: Attempt) -> Self {
        Self {
            attempt,
            canceller: Canceller::new(),
            #[cfg(feature = "tracing")]
            context: insist_tracing::Context::current(),
        }
    }
}

/// The things that a thread has to do once it has let go of the state.
pub(super) struct Todo {
    /// The attempts to cancel.
    pub(super) cancels: Vec<(Canceller, CancelReason)>,
    pub(super) job: Option<Job>,
}

impl Todo {
    pub(super) const NOTHING: Self = Self { cancels: Vec::new(), job: None };

    /// Cancels the attempts that the machine no longer wants, and returns the one that this thread is to make.
    pub(super) fn cancel(self) -> Option<Job> {
        for (canceller, reason) in self.cancels {
            // A panic of its functions is not the call's.
            discard(canceller.cancel_because(reason));
        }
        self.job
    }
}
