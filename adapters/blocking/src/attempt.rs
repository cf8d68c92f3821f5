//! The attempt as its operation sees it: what it is, and whether it still matters.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use insist_core::{Attempt, CancelReason};

use crate::Canceller;

/// An attempt in flight, as its operation sees it: the [`Attempt`] (`id`, `retry`, `lane`, `timeout()` …), and
/// whether it was cancelled.
///
/// A blocking operation cannot be stopped from outside. One that takes long asks [`is_cancelled`](Self::is_cancelled)
/// from time to time, or says with [`on_cancel`](Self::on_cancel) how to stop it. On the caller's thread nothing
/// ends an attempt at its timeout: an operation that can be given a timeout is given `timeout()`.
#[derive(Debug)]
pub struct LiveAttempt<'a> {
    attempt: Attempt,
    canceller: Option<&'a Canceller>,
    /// Under which its functions are registered; 0 until there is one.
    key: AtomicU64,
}

impl LiveAttempt<'_> {
    /// Returns whether its outcome no longer matters: another attempt won, it took too long, or the call was cancelled.
    #[inline]
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.canceller.is_some_and(Canceller::is_cancelled)
    }

    /// Returns why its outcome no longer matters, if it was cancelled.
    #[inline]
    #[must_use]
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.canceller?.reason()
    }

    /// Runs this when the attempt is cancelled, on the thread that cancels, or at once if that was before.
    ///
    /// It is forgotten when the operation returns; one that is running at that moment runs to its end. It should be
    /// quick: close a socket, kill a process, set a flag. If it panics, the others run all the same. It is dropped
    /// where nothing can cancel.
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

/// Runs an operation, and forgets what it registered, also if it panics.
#[inline]
pub(crate) fn run<R>(
    attempt: Attempt,
    canceller: Option<&Canceller>,
    operation: impl FnOnce(&LiveAttempt<'_>) -> R,
) -> R {
    let live = LiveAttempt { attempt, canceller, key: AtomicU64::new(0) };
    // Apart from the attempt, so that one without a canceller has nothing to drop.
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
