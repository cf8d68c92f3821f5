//! Makes the attempts of a call on the caller's thread, one at a time: sending one returns its outcome.

use insist_core::{AsPolicy, Attempt, Call, CancelReason, Gate, Hook, Instant, Judge, Terms, Verdict};

use crate::attempt::{LiveAttempt, run};
use crate::canceller::Canceller;
use crate::clock::Clock;
use crate::drive::{Lanes, Outcome, Thrift, Woken, drive};
use crate::fast_path::{Past, Plain};
use crate::finish::Finish;
use crate::way::{OnCaller, Run};

impl<F, T, E, C, P, J, H, G> Run<P, J, H, G> for OnCaller<'_, F, T, E, C>
where
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
    C: Clock,
    P: AsPolicy,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
{
    #[inline]
    fn run<O: Finish<T, E, H>>(self, terms: Terms<P, J, H, G>, mut finish: O) -> O::Output {
        let Self { mut operation, clock, canceller, .. } = self;
        let Terms { policy, mut judge, mut hook, gate, repeat, mut seed, .. } = terms;
        let is_listening = hook.is_listening();
        let ends_untimed = !is_listening && gate.is_timeless();
        let is_timeless = ends_untimed && policy.as_policy().is_timeless();
        // Without a deadline nothing depends on when a timeless call started.
        let started = if is_timeless { Instant::ZERO } else { clock.now() };

        let mut past = None;
        if !is_listening && gate.is_open() && canceller.is_none() {
            let (policy, judge, clock) = (&policy, &mut judge, &clock);
            let plain = Plain { policy, judge, clock, repeat, seed: &mut seed, is_timeless };
            if let Some(first) = plain.first() {
                let mut then = plain.send(first, &mut operation);
                if then.is_end {
                    match finish.without_call(then.result, then.verdict) {
                        Ok(output) => return output,
                        Err((same, result)) => (finish, then.result) = (same, result),
                    }
                }
                past = Some(then);
            }
        }

        let waited = if is_timeless && canceller.is_none() { Some(started) } else { None };
        let mut lane = CallerLane { operation, clock, canceller, waited, past };
        let thrift = Thrift { is_listening, is_timeless, ends_untimed, is_seeded: seed.is_some() };
        let mut call = Call::new(policy, gate, started, seed.unwrap_or(0)).repeat(repeat);
        let end = drive(&mut call, &mut lane, &mut judge, &mut hook, started, thrift);
        finish.finish(end, &call, started, hook)
    }
}

/// The one lane of a call on the caller's thread.
pub(crate) struct CallerLane<'a, F, T, E, C> {
    pub(crate) operation: F,
    pub(crate) clock: C,
    pub(crate) canceller: Option<&'a Canceller>,
    /// The sum of the waits, in place of the clock, for a call that needs no clock.
    pub(crate) waited: Option<Instant>,
    /// The attempts that the fast path made, which the machine has yet to be told of.
    pub(crate) past: Option<Past<T, E>>,
}

impl<T, E, F, C> Lanes<T, E> for CallerLane<'_, F, T, E, C>
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
        let id = attempt.id;
        if self.past.as_ref().is_some_and(|past| id <= past.failures) {
            return Some(Outcome { id, result: None, verdict: Some(Verdict::retry()) });
        }
        let (result, verdict) = match self.past.take() {
            Some(past) => (past.result, Some(past.verdict)),
            None => (run(attempt, self.canceller, &mut self.operation), None),
        };
        Some(Outcome { id, result: Some(result), verdict })
    }

    #[inline]
    fn wait(&mut self, until: Option<Instant>) -> Woken<T, E> {
        // Nothing is in flight here, so the machine waits for an instant, never for an outcome.
        if let Some(until) = until {
            match (self.canceller, self.waited) {
                (Some(canceller), _) => self.clock.wait_until(until, canceller),
                (None, None) => self.clock.sleep_until(until),
                (None, Some(waited)) => {
                    if self.past.is_none() {
                        self.clock.sleep(until.saturating_since(waited));
                    }
                    self.waited = Some(until);
                }
            }
        }
        if self.is_cancelled() { Woken::Cancelled } else { Woken::Due }
    }

    #[inline]
    fn ready(&mut self) -> Option<Outcome<T, E>> {
        None
    }

    #[inline]
    fn cancel(&mut self, _: u32, _: CancelReason) {}

    #[inline]
    fn is_cancelled(&self) -> bool {
        self.canceller.is_some_and(Canceller::is_cancelled)
    }
}
