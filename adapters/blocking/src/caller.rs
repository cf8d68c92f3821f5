//! Attempts on the caller's thread, one at a time: an outcome is there as soon as its attempt was sent.

use insist_core::{Attempt, Instant};

use crate::attempt::{LiveAttempt, run};
use crate::canceller::Canceller;
use crate::clock::Clock;
use crate::drive::{Lanes, Outcome, Woken};

/// One lane, run by the thread that asked.
pub(crate) struct CallerLane<'a, F, C> {
    pub(crate) operation: F,
    pub(crate) clock: C,
    pub(crate) canceller: Option<&'a Canceller>,
    /// Where nothing depends on the time of day: the sum of the waits, in place of the clock.
    pub(crate) waited: Option<Instant>,
}

impl<T, E, F, C> Lanes<T, E> for CallerLane<'_, F, C>
where
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
    C: Clock,
{
    #[inline]
    fn now(&self) -> Instant {
        self.waited.unwrap_or_else(|| self.clock.now())
    }

    #[inline]
    fn send(&mut self, attempt: Attempt) -> Option<Outcome<T, E>> {
        let result = run(attempt, self.canceller, &mut self.operation);
        Some(Outcome { id: attempt.id, result: Some(result) })
    }

    #[inline]
    fn wait(&mut self, until: Option<Instant>) -> Woken<T, E> {
        // Nothing is in flight here, so the machine waits for an instant, never for an outcome.
        if let Some(until) = until {
            match (self.canceller, self.waited) {
                (Some(canceller), _) => self.clock.wait_until(until, canceller),
                (None, None) => self.clock.sleep_until(until),
                (None, Some(waited)) => {
                    self.clock.sleep(until.saturating_since(waited));
                    self.waited = Some(until);
                }
            }
        }
        if Lanes::<T, E>::is_cancelled(self) { Woken::Cancelled } else { Woken::Due }
    }

    #[inline]
    fn ready(&mut self) -> Option<Outcome<T, E>> {
        None
    }

    #[inline]
    fn cancel(&mut self, _: u32) {}

    #[inline]
    fn is_cancelled(&self) -> bool {
        self.canceller.is_some_and(Canceller::is_cancelled)
    }
}
