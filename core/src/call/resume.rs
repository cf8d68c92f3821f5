//! Suspends a call, and resumes it, perhaps in another process.

use core::fmt;
use core::mem;

use super::judge::FailedAttempt;
use super::lane::{DueBy, Lane};
use super::state::{NEVER, Phase, State};
use super::validate::StateError;
use super::{Call, Reason};
use crate::attempt::{AttemptEnd, Kind};
use crate::draw::PLACE;
use crate::gate::Gate;
use crate::jitter::Jitter;
use crate::policy::AsPolicy;
use crate::time::Instant;
use crate::verdict::Failure;

/// Overdue retries draw from places that no lane has, beyond those of lane 255.
const OVERDUE: u64 = PLACE << 40;
/// A retry that is late by less than this is simply due: 1 minute.
const LATE: u64 = 60_000_000_000;
/// Instants that lie further apart do not count from one origin: 30 years.
const FAR: u64 = 30 * 365 * 86_400 * 1_000_000_000;

/// A state that was not resumed, and why.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResumeError<const LANES: usize = 1> {
    /// The state, as it was: it may be resumed with another policy, or at another instant.
    pub state: State<LANES>,
    /// The reason why it was not resumed.
    pub error: StateError,
}

/// Prints why.
impl<const LANES: usize> fmt::Display for ResumeError<LANES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call was not resumed")
    }
}

/// The source is the [`StateError`].
impl<const LANES: usize> core::error::Error for ResumeError<LANES> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<P, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Suspends the call: what is reserved is refunded, what is in flight is settled as cancelled.
    ///
    /// The driver stops what is in flight. [`State`] says how it is kept, and from which origin a call counts that is
    /// to outlive its process.
    pub fn suspend(mut self) -> State<LANES> {
        self.release();
        // The rest has nothing open that dropping it would give back a second time.
        let rest = State { lanes: [Lane::UNOPENED; LANES], ..self.state.clone() };
        mem::replace(&mut self.state, rest)
    }
}

impl<P: AsPolicy, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Resumes a call where [`suspend`](Self::suspend) left it: waits are reserved anew, and attempts that were in
    /// flight count as failed, possibly sent.
    ///
    /// A deadline that has passed gives up at once. The deadline is the one that the call started with; everything
    /// else is the policy's that it is given now.
    ///
    /// A retry that should have been sent a minute ago or earlier is overdue. After a long outage thousands may be, so
    /// each is put off by a delay drawn anew from the policy's jittered range, by no more than it is late, and so that
    /// it still comes before the deadline; each wait only once, so that a job that looks in every hour gets its send
    /// done. A policy without jitter puts nothing off. Nor is a first send put off: nothing has failed, so there is no
    /// backoff that could spread it.
    ///
    /// # Errors
    ///
    /// The state and why it was not resumed: the policy does not fit it ([`State::fits`]), or `now` counts from
    /// another origin than the state ([`StateError::Origin`]).
    ///
    /// ```
    /// use insist_core::{Call, Instant, Policy, StateError};
    ///
    /// let policy = Policy::zero();
    /// let state = Call::new(&policy, (), Instant::from_nanos(5), 7).suspend();
    /// let refused = Call::try_resume(&policy.lanes(2), (), Instant::from_nanos(9), state).unwrap_err();
    /// assert_eq!(refused.error, StateError::Room { lanes: 2, room: 1 });
    /// assert!(Call::try_resume(&policy, (), Instant::from_nanos(9), refused.state).is_ok());
    /// ```
    pub fn try_resume(policy: P, gate: G, now: Instant, state: State<LANES>) -> Result<Self, ResumeError<LANES>> {
        if let Err(error) = state.check_origin(now).and_then(|()| state.fits(&policy)) {
            return Err(ResumeError { state, error });
        }
        let mut call = Self { policy, gate, refusal: None, gate_times: [0; LANES], state };
        let now = call.advance(now);
        if call.is_over() {
            call.close_lanes();
        } else if now.as_nanos() >= call.state.deadline && call.state.deadline != NEVER {
            call.close_lanes();
            call.state.phase = Phase::GaveUp;
            call.state.reason = Reason::Deadline;
        } else {
            call.keep_promises(now);
            call.fail_lost(now);
            call.finish_if_no_lane_can_go_on();
        }
        Ok(call)
    }

    /// Nothing is open in a state that was suspended, so there is nothing to give back.
    fn close_lanes(&mut self) {
        for lane in &mut self.state.lanes {
            *lane = lane.ended();
        }
    }

    /// Waits are reserved anew; a send that the policy no longer allows ends its lane.
    fn keep_promises(&mut self, now: Instant) {
        let limits = self.policy.as_policy().limits();
        let sends = self.state.sends().saturating_sub(self.state.uncounted(limits.unsent_attempts));
        let mut left = limits.attempts.saturating_sub(sends);
        for index in 0..LANES {
            let lane = self.state.lanes[index];
            if !lane.is_opening() && !lane.is_waiting() {
                continue;
            }
            let counted = lane.counted(lane.retry(), limits.unsent_attempts);
            let is_allowed = left > 0 && counted < limits.lane_attempts && index < usize::from(limits.lanes);
            let refused = if !is_allowed {
                Some(None)
            } else if lane.is_waiting() && lane.cause(index).kind != Kind::First {
                self.gate.reserve(now, &lane.cause(index)).err().map(Some)
            } else {
                None
            };
            match (refused, lane) {
                (None, Lane::Waiting { .. }) => {
                    left -= 1;
                    self.gate_times[index] = now.as_nanos();
                    self.put_off(index, now.as_nanos());
                }
                (None, _) => left -= 1,
                // It counts its hedge delay from now, as if the lane before it had just opened.
                (Some(_), Lane::Opening { not_before, .. }) => {
                    self.state.lanes[index] = Lane::Unopened { since: now.as_nanos(), not_before };
                }
                (Some(refusal), _) => {
                    self.state.lanes[index] = lane.ended();
                    match refusal {
                        Some(refusal) => self.refused(refusal),
                        None => self.state.reason = Reason::Attempts,
                    }
                }
            }
        }
    }

    /// An overdue retry comes a little later, each at a time of its own.
    fn put_off(&mut self, index: usize, now: u64) {
        let lane = self.state.lanes[index];
        let Lane::Waiting { due, began, retry: retry @ 1.., due_by, why, .. } = lane else {
            return;
        };
        let late = now.saturating_sub(due);
        // At the end of time there is nothing to put it off to.
        if due_by.was_put_off() || late < LATE || now == NEVER || self.policy.as_policy().get_jitter() == Jitter::None {
            return;
        }
        let seed = self.state.seed.wrapping_add(OVERDUE);
        let waited = due.saturating_sub(began);
        let policy = self.policy.as_policy();
        let restart = if policy.limits().restarts { lane.restart() } else { 0 };
        let Some(drawn) = self.draw(seed, index, retry, waited, why.is_throttled(), restart) else { return };
        // A remainder, and not the lesser of two, so that what does not fit is spread as well.
        let most = late.min(self.state.deadline.saturating_sub(1).saturating_sub(now));
        let span = drawn % most.saturating_add(1);
        if let Lane::Waiting { due, began, due_by, .. } = &mut self.state.lanes[index] {
            *due = now.saturating_add(span);
            // It counts as long as it was to be, or as it is put off, whichever is longer.
            *began = due.saturating_sub(waited.max(span));
            *due_by = DueBy::PutOff;
        }
    }

    /// Judges the attempts that were in flight, by id. None of them ends the call before all are judged.
    fn fail_lost(&mut self, now: Instant) {
        let in_flight = |lanes: &[Lane; LANES]| {
            (0..LANES).filter_map(|index| lanes[index].in_flight().map(|attempt| (attempt, index))).min()
        };
        while let Some((_, index)) = in_flight(&self.state.lanes) {
            let failed = FailedAttempt::of(&self.state.lanes[index], AttemptEnd::Retry(Failure::new()));
            self.state.lanes[index] = self.state.lanes[index].ended();
            self.open_next(now, None);
            if let Err(reason) = self.schedule(index, now, failed) {
                self.state.reason = reason;
            }
        }
    }
}

impl<const LANES: usize> State<LANES> {
    fn check_origin(&self, now: Instant) -> Result<(), StateError> {
        if self.clock.abs_diff(now.as_nanos()) <= FAR {
            return Ok(());
        }
        Err(StateError::Origin { state: Instant::from_nanos(self.clock), now })
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::action::Action;
    use crate::policy::Policy;
    use crate::verdict::Verdict;

    #[test]
    fn an_instant_of_another_origin_is_noticed() {
        let policy = Policy::zero();
        let (process, epoch) = (Instant::from_nanos(5), Instant::from_nanos(1_795_000_000_000_000_000));
        for (then, now) in [(process, epoch), (epoch, process)] {
            let state = Call::new(&policy, (), then, 7).suspend();
            let refused = Call::try_resume(&policy, (), now, state.clone()).unwrap_err();
            assert_eq!(refused, ResumeError { state, error: StateError::Origin { state: then, now } });
        }
        let later = Instant::from_nanos(epoch.as_nanos() + FAR);
        assert!(Call::try_resume(&policy, (), later, Call::new(&policy, (), epoch, 7).suspend()).is_ok());
    }

    /// Lane 0 waits for its retry and lane 1 is to open after the hint, and one attempt is left.
    #[test]
    fn a_lane_that_may_not_open_after_all_is_unopened_again() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let policy = Policy::zero().lanes(2).hedge_after(Duration::from_secs(1)).hedge_on_failure(true);
        let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 7);
        assert!(matches!(call.poll(at(0)), Action::Send(_)));
        let _ = call.handle(at(10), 1, Verdict::retry().after(Duration::from_millis(500)));
        let state = call.suspend();
        assert!(state.lanes[0].is_waiting() && state.lanes[1].is_opening());
        let policy = policy.attempts(2);
        let mut call = Call::try_resume(&policy, &(), at(20), state).unwrap();
        assert!(call.state.lanes[0].is_waiting());
        // The hint holds it up as well.
        assert_eq!(call.state.lanes[1], Lane::Unopened { since: 20_000_000, not_before: 510_000_000 });
        assert_eq!(call.state.opened, 1);
        assert!(matches!(call.poll(at(510)), Action::Send(attempt) if attempt.lane == 0));
        assert!(matches!(call.poll(at(9000)), Action::Wait { until: None, .. }));
    }
    /// Lanes 0 and 1 wait for a retry, lanes 2 and 3 are to open after hints, and three attempts are left.
    #[test]
    fn of_the_lanes_that_are_to_open_only_as_many_are_as_there_are_attempts() {
        let ms = Duration::from_millis;
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let policy = Policy::zero().attempts(9).lanes(4).hedge_after(ms(50)).hedge_on_failure(true);
        let mut call = Call::with_lanes::<4>(&policy, &(), at(0), 7);
        for millis in [0, 50] {
            assert!(matches!(call.poll(at(millis)), Action::Send(_)));
        }
        for id in [1, 2] {
            let _ = call.handle(at(60), id, Verdict::retry().after(ms(500)));
        }
        let state = call.suspend();
        assert!(state.lanes[2].is_opening() && state.lanes[3].is_opening());
        let policy = policy.attempts(5);
        let call = Call::try_resume(&policy, &(), at(70), state).unwrap();
        assert!(call.state.lanes[0].is_waiting() && call.state.lanes[1].is_waiting());
        assert!(call.state.lanes[2].is_opening());
        assert!(call.state.lanes[3].is_unopened());
    }
}
