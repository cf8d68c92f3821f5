//! Gives the operation its attempt: number, lane and timeout, and whether the attempt was cancelled.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use insist_core::{Attempt, CancelReason};

use crate::Canceller;

/// An attempt in flight, as its operation sees it: the [`Attempt`] (`id`, `retry`, `lane`, `timeout()` …), and
/// whether it was cancelled.
///
/// A blocking operation cannot be stopped from outside. One that takes long asks [`is_cancelled`](Self::is_cancelled)
/// from time to time, or says with [`on_cancel`](Self::on_cancel) how to stop it. On the caller's thread nothing ends
/// an attempt at its timeout, so pass `timeout()` to whatever the operation calls.
#[derive(Debug)]
pub struct LiveAttempt<'a> {
    attempt: Attempt,
    canceller: Option<&'a Canceller>,
    /// The key of its functions at the canceller; 0 until one is registered.
    key: AtomicU64,
}

impl LiveAttempt<'_> {
    /// Returns whether the attempt was cancelled: another one won, it took too long, or the call was cancelled.
    #[inline]
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.canceller.is_some_and(Canceller::is_cancelled)
    }

    /// Returns why the attempt was cancelled; `None` if it was not.
    #[inline]
    #[must_use]
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.canceller?.reason()
    }

    /// Runs a function when the attempt is cancelled, on the thread that cancels it; at once if it is cancelled
    /// already.
    ///
    /// The function should be quick: close a socket, kill a process, set a flag. It is dropped unrun when the operation
    /// returns first, or if nothing can cancel the attempt; one that is running at that moment runs to its end. If it
    /// panics, the attempt's other functions still run.
    pub fn on_cancel(&self, callback: impl FnOnce() + Send + 'static) {
        let Some(canceller) = self.canceller else { return };
        let mut key = self.key.load(Ordering::Acquire);
        if key == 0 {
            key = canceller.key();
            if let Err(other) = self.key.compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire) {
                key = other;
            }
        }
        canceller.register(key, Box::new(callback));
    }
}

impl Deref for LiveAttempt<'_> {
    type Target = Attempt;

    #[inline]
    fn deref(&self) -> &Attempt {
        &self.attempt
    }
}

/// Runs an operation, and then drops the functions that it registered, also if it panics.
#[inline]
pub(crate) fn run<R>(
    attempt: Attempt,
    canceller: Option<&Canceller>,
    operation: impl FnOnce(&LiveAttempt<'_>) -> R,
) -> R {
    let live = LiveAttempt { attempt, canceller, key: AtomicU64::new(0) };
    // A value of its own, so that an attempt without a canceller has no destructor.
    let _forget = Forget { canceller, key: &live.key };
    operation(&live)
}

struct Forget<'a> {
    canceller: Option<&'a Canceller>,
    key: &'a AtomicU64,
}

impl Drop for Forget<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(canceller) = self.canceller {
            let key = self.key.load(Ordering::Acquire);
            if key != 0 {
                canceller.forget(key);
            }
        }
    }
}
