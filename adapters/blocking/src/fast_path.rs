//! The fast path: a call with one lane that nobody watches, holds back or cancels is made without a machine for as long
//! as its attempts fail plainly and its waits are not bound by a deadline.
//!
//! It costs a fraction of a call that is made, asked and told, and most calls need no more: the first attempt succeeds,
//! or a later one. As soon as anything else happens, a machine is made and told what was done; it would have decided the
//! same, which `tests/fast_path.rs` holds it to.

use insist_core::{AsPolicy, Attempt, Instant, Judge, Kind, Repeat, Verdict, fresh_seed};

use crate::attempt::{LiveAttempt, run};
use crate::clock::Clock;

/// What happened before there was a machine: so many plain failures that were waited for, and then this outcome.
pub(crate) struct Past<T, E> {
    pub(crate) failures: u32,
    pub(crate) result: Result<T, E>,
    pub(crate) verdict: Verdict,
    /// Whether a machine would end the call with this outcome.
    pub(crate) is_end: bool,
}

/// What of a call's terms the fast path goes by.
pub(crate) struct Plain<'a, P, J, C> {
    pub(crate) policy: &'a P,
    pub(crate) judge: &'a mut J,
    pub(crate) clock: &'a C,
    pub(crate) repeat: Repeat,
    /// Drawn at the first failure, if there is none.
    pub(crate) seed: &'a mut Option<u64>,
    pub(crate) is_timeless: bool,
}

impl<P: AsPolicy, J, C: Clock> Plain<'_, P, J, C> {
    /// Returns the attempt that a machine would send first, if it would.
    #[inline]
    pub(crate) fn first(&self) -> Option<Attempt> {
        let policy = self.policy.as_policy();
        let fits = policy.validate().is_ok() && policy.get_lanes() == 1;
        if fits { Some(Attempt::first(policy)) } else { None }
    }

    /// Sends this attempt and those that follow from it, and waits between them.
    #[inline]
    pub(crate) fn send<T, E, F>(self, mut attempt: Attempt, operation: &mut F) -> Past<T, E>
    where
        F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
        J: Judge<T, E>,
    {
        let policy = self.policy.as_policy();
        let mut delays = policy.delays(self.seed.unwrap_or(0));
        let mut now = Instant::ZERO;
        loop {
            let result = run(attempt, None, &mut *operation);
            let verdict = self.judge.judge(&result);
            let mut is_end = verdict == Verdict::Accept;
            if self.is_timeless && self.repeat == Repeat::Always && verdict == Verdict::retry() {
                if self.seed.is_none() {
                    let seed = fresh_seed();
                    (*self.seed, delays) = (Some(seed), policy.delays(seed));
                }
                // Without attempts, or a backoff, or an instant that is left, this is the end.
                is_end = true;
                let due = |delay| now.checked_add(delay).filter(|due| *due < Instant::from_nanos(u64::MAX));
                if let Some((delay, due)) = delays.next().and_then(|delay| Some((delay, due(delay)?))) {
                    drop(result);
                    if !delay.is_zero() {
                        self.clock.sleep(delay);
                    }
                    (now, attempt.retry, attempt.kind) = (due, attempt.id, Kind::Retry);
                    attempt.id = attempt.id.saturating_add(1);
                    continue;
                }
            }
            return Past { failures: attempt.id - 1, result, verdict, is_end };
        }
    }
}
