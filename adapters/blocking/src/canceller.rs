//! Cancels a call or an attempt from another thread: sets a flag, wakes its waits, and runs its functions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use insist_core::{CancelReason, Instant};

use crate::panic::{Payload, go_on, run_each};

/// Cancels calls from another thread: their waits end at once, and attempts in flight are cancelled.
///
/// Clones cancel together. One canceller may serve many calls, at once and one after the other; once cancelled it stays
/// cancelled, and every later call with it ends before anything is sent.
///
/// ```
/// use std::time::Duration;
/// use insist_blocking::{Canceller, Policy, Reason, retry};
///
/// let canceller = Canceller::new();
/// let other = canceller.clone();
/// std::thread::spawn(move || other.cancel());
///
/// let patient = Policy::constant(Duration::from_secs(3600));
/// let gave_up = retry(patient, |_| Err::<(), _>("down")).cancel_with(&canceller).try_call().unwrap_err();
/// assert_eq!(gave_up.reason, Reason::Cancelled);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Canceller {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The reason, once it was cancelled.
    reason: OnceLock<CancelReason>,
    /// The next key to give out. Starts at 0, and 0 is never given out.
    key: AtomicU64,
    callbacks: Mutex<Vec<(u64, Callback)>>,
    cancelled: Condvar,
}

pub(crate) type Callback = Box<dyn FnOnce() + Send>;

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("reason", &self.reason.get()).finish_non_exhaustive()
    }
}

impl Canceller {
    /// Makes a canceller that has not been cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels every call that was given this canceller or a clone of it. The second time has no effect.
    ///
    /// Runs the functions given to [`on_cancel`](crate::LiveAttempt::on_cancel) on this thread before it returns.
    ///
    /// # Panics
    ///
    /// If such a function panics. All of them run first; then the first panic continues here.
    pub fn cancel(&self) {
        go_on(self.cancel_because(CancelReason::Cancelled));
    }

    /// Returns whether it was cancelled.
    #[inline]
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Returns why it was cancelled, if it was.
    #[inline]
    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.shared.reason.get().copied()
    }

    /// Cancels, and returns the first panic of the functions that ran.
    pub(crate) fn cancel_because(&self, reason: CancelReason) -> Option<Payload> {
        let callbacks = {
            let mut callbacks = self.lock();
            if self.shared.reason.set(reason).is_err() {
                return None;
            }
            std::mem::take(&mut *callbacks)
        };
        self.shared.cancelled.notify_all();
        run_each(callbacks.into_iter().map(|(_, callback)| callback))
    }

    /// Returns a new key, under which callbacks can be registered and forgotten.
    pub(crate) fn key(&self) -> u64 {
        self.shared.key.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Runs the callback when this is cancelled, or now if it is cancelled already.
    pub(crate) fn register(&self, key: u64, callback: Callback) {
        let mut callbacks = self.lock();
        if self.is_cancelled() {
            drop(callbacks);
            callback();
        } else {
            callbacks.push((key, callback));
        }
    }

    /// Drops the callbacks of a key, so that a canceller that outlives many calls does not grow.
    pub(crate) fn forget(&self, key: u64) {
        let forgotten = {
            let mut callbacks = self.lock();
            let (forgotten, kept): (Vec<_>, Vec<_>) = callbacks.drain(..).partition(|(other, _)| *other == key);
            *callbacks = kept;
            forgotten
        };
        // Dropped without the lock: what a callback owns may lock it too when it is dropped, or panic.
        go_on(run_each(forgotten.into_iter().map(|(_, callback)| || drop(callback))));
    }

    /// Blocks until an instant or until this is cancelled, whichever is first.
    pub(crate) fn wait_until(&self, until: Instant) {
        let mut callbacks = self.lock();
        loop {
            let left = until.saturating_since(Instant::now());
            if left.is_zero() || self.is_cancelled() {
                return;
            }
            let waited = self.shared.cancelled.wait_timeout(callbacks, left);
            callbacks = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u64, Callback)>> {
        self.shared.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_not_run_and_does_not_stay() {
        let canceller = Canceller::new();
        let runs = Arc::new(AtomicU64::new(0));
        let count = |key| {
            let runs = Arc::clone(&runs);
            canceller.register(key, Box::new(move || _ = runs.fetch_add(key, Ordering::SeqCst)));
        };
        count(1);
        count(20);
        count(1);
        canceller.forget(1);
        assert_eq!(canceller.lock().len(), 1);
        canceller.cancel();
        canceller.cancel();
        assert_eq!(runs.load(Ordering::SeqCst), 20);
        assert_eq!(Arc::strong_count(&runs), 1);
    }

    #[test]
    fn what_is_registered_after_the_cancel_runs_at_once() {
        let canceller = Canceller::new();
        canceller.clone().cancel();
        let (sender, receiver) = std::sync::mpsc::channel();
        canceller.register(1, Box::new(move || sender.send("ran").unwrap()));
        assert_eq!(receiver.try_recv(), Ok("ran"));
    }
}
