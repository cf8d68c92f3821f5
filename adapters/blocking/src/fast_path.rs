//! The fast path: makes a call without a machine, if it has one lane, no hook, no gate and no canceller, for as long as
//! its attempts fail without a hint and no deadline bounds its waits.
//!
//! It costs a fraction of what the machine costs, and most calls end on it. As soon as anything else happens, a machine
//! is made and told of the attempts so far; `tests/fast_path.rs` checks that it would have decided the same.

use insist_core::{AsPolicy, Attempt, Instant, Judge, Kind, Repeat, Verdict, fresh_seed};

use crate::attempt::{LiveAttempt, run};
use crate::clock::Clock;

/// The attempts that the fast path made: a number of failures, each with its wait behind it, and then one outcome.
pub(crate) struct Past<T, E> {
    pub(crate) failures: u32,
    pub(crate) result: Result<T, E>,
    pub(crate) verdict: Verdict,
    /// True if the machine would end the call with this outcome.
    pub(crate) is_end: bool,
}

/// The parts of a call's terms that the fast path needs.
pub(crate) struct Plain<'a, P, J, C> {
    pub(crate) policy: &'a P,
    pub(crate) judge: &'a mut J,
    pub(crate) clock: &'a C,
    pub(crate) repeat: Repeat,
    /// `None` until the first failure, unless the call was given one.
    pub(crate) seed: &'a mut Option<u64>,
    pub(crate) is_timeless: bool,
}

impl<P: AsPolicy, J, C: Clock> Plain<'_, P, J, C> {
    /// Returns the attempt that the machine would send first; `None` if it would refuse the policy.
    #[inline]
    pub(crate) fn first(&self) -> Option<Attempt> {
        let policy = self.policy.as_policy();
        let is_valid = policy.validate().is_ok() && policy.get_lanes() == 1;
        if is_valid { Some(Attempt::first(policy)) } else { None }
    }

    /// Sends an attempt and its retries, and waits between them.
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
            let verdict = self.judge.judge_attempt(attempt.id, &result);
            let mut is_end = verdict == Verdict::Accept;
            if self.is_timeless && self.repeat == Repeat::Always && verdict == Verdict::retry() {
                if self.seed.is_none() {
                    let seed = fresh_seed();
                    (*self.seed, delays) = (Some(seed), policy.delays(seed));
                }
                // The end, unless an attempt is left, the backoff gives a delay, and the instant after it exists.
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
