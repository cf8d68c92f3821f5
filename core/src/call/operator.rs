//! Changes a suspended call as an operator would: send now, live again, another deadline.

use super::lane::Lane;
use super::state::{NEVER, Phase, State};
use super::validate::StateError;
use crate::action::Reason;
use crate::policy::AsPolicy;
use crate::time::Instant;
use crate::verdict::Repeat;

impl<const LANES: usize> State<LANES> {
    /// Makes every promised send due now: "retry now". Hints and gates that had asked for later are passed over once;
    /// a gate is asked again when the call goes on.
    ///
    /// Nothing happens to a call that has ended, or to sends that are due already.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Call, Instant, Policy, Verdict};
    ///
    /// let policy = Policy::constant(Duration::from_secs(3600));
    /// let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    /// let _ = call.poll(Instant::ZERO);
    /// call.handle(Instant::ZERO, 1, Verdict::retry());
    /// let mut state = call.suspend();
    ///
    /// let now = Instant::from_nanos(5_000_000_000);
    /// state.hasten(now);
    /// assert_eq!(state.due(), Some(now));
    /// ```
    pub fn hasten(&mut self, now: Instant) {
        let now = now.as_nanos().max(self.clock);
        // A deadline that has passed is left to end the call.
        if self.phase != Phase::Running || now >= self.deadline {
            return;
        }
        for lane in &mut self.lanes {
            match lane {
                Lane::Waiting { due, due_by, .. } if *due > now => {
                    *due = now;
                    *due_by = due_by.hastened();
                }
                Lane::Opening { due, not_before } => {
                    *due = (*due).min(now);
                    *not_before = (*not_before).min(now);
                }
                Lane::Unopened { not_before, .. } => *not_before = (*not_before).min(now),
                Lane::Ended { held, .. } => *held = 0,
                Lane::Waiting { .. } | Lane::InFlight { .. } => {}
            }
        }
        self.clock = now;
    }

    /// Lets a call that gave up go on: its first lane sends now, with the seed that it had, attempt numbers that go on,
    /// and the limits and the deadline of this policy, counted from now.
    ///
    /// # Errors
    ///
    /// The call has not given up; the policy is invalid or has more lanes than there is room for; or the call may not
    /// be repeated, and may have reached the server. The state is as it was.
    ///
    /// ```
    /// use insist_core::{Action, Call, Instant, Policy, Verdict};
    ///
    /// let (policy, now) = (Policy::stop(), Instant::ZERO);
    /// let mut call = Call::new(&policy, &(), now, 7);
    /// let _ = call.poll(now);
    /// call.handle(now, 1, Verdict::retry());
    ///
    /// let mut dead_letter = call.suspend();
    /// dead_letter.revive(&policy, now)?;
    /// let mut call = Call::try_resume(&policy, &(), now, dead_letter).map_err(|refused| refused.error)?;
    /// assert!(matches!(call.poll(now), Action::Send(attempt) if attempt.id == 2));
    /// # Ok::<(), insist_core::StateError>(())
    /// ```
    pub fn revive<P: AsPolicy + ?Sized>(&mut self, policy: &P, now: Instant) -> Result<(), StateError> {
        let policy = policy.as_policy();
        if self.phase != Phase::GaveUp {
            return Err(StateError::Alive);
        }
        policy.validate().map_err(StateError::Policy)?;
        let lanes = policy.get_lanes();
        if usize::from(lanes) > LANES {
            return Err(StateError::Room { lanes: lanes.into(), room: LANES });
        }
        if !self.may_be_sent_again() {
            return Err(StateError::Repeat);
        }
        self.clock = self.clock.max(now.as_nanos());
        self.deadline = self.clock.saturating_add(policy.limits().deadline);
        (self.hint, self.forgiven, self.opened) = (0, self.sent, 1);
        (self.phase, self.reason) = (Phase::Running, Reason::Invalid);
        self.lanes = [Lane::UNOPENED; LANES];
        self.lanes[0] = Lane::first(self.clock);
        Ok(())
    }

    /// Returns whether another send is safe. A lane that ended for one of these reasons had an attempt that was not sent, for
    /// whether a failure may be repeated is judged before them.
    fn may_be_sent_again(&self) -> bool {
        let nothing_was_sent = self.sends() == 0 && self.forgiven == 0;
        let was_judged =
            matches!(self.reason, Reason::Attempts | Reason::Backoff | Reason::RetryAfter | Reason::Refused);
        match self.repeat {
            Repeat::Always => true,
            Repeat::IfUnsent => nothing_was_sent || was_judged,
            Repeat::Never => nothing_was_sent,
        }
    }

    /// Puts another deadline in place of the one it has; `None` is no deadline.
    ///
    /// # Errors
    ///
    /// A send is promised for that instant or later: [hasten](Self::hasten) it first, or choose a later deadline. The
    /// state is as it was.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) -> Result<(), StateError> {
        let nanos = deadline.map_or(NEVER, Instant::as_nanos);
        let promised = |lane: &Lane| match lane {
            Lane::Waiting { due, .. } => Some(*due),
            Lane::Opening { due, not_before } => Some((*due).max(*not_before)),
            Lane::Unopened { not_before, .. } => Some(*not_before).filter(|at| *at > 0),
            Lane::InFlight { .. } | Lane::Ended { .. } => None,
        };
        if let (Phase::Running, Some(due)) = (self.phase, self.lanes.iter().filter_map(promised).max()) {
            if nanos != NEVER && due >= nanos {
                return Err(StateError::Deadline { due: Instant::from_nanos(due) });
            }
        }
        self.deadline = nanos;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{Action, Call, Policy, Verdict};

    const fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    /// Attempt 1 failed at once, and the call waits or has given up as the policy says.
    fn failed(policy: &Policy, repeat: Repeat, verdict: Verdict) -> State {
        let mut call = Call::new(policy, (), at(0), 7).repeat(repeat);
        assert!(matches!(call.poll(at(0)), Action::Send(_)));
        call.handle(at(0), 1, verdict);
        call.suspend()
    }

    #[test]
    fn what_is_hastened_is_sent_now_and_its_wait_counts_as_it_was() {
        let policy = Policy::constant(Duration::from_secs(60)).deadline(Duration::from_secs(90));
        let mut state = failed(&policy, Repeat::Always, Verdict::retry());
        state.hasten(at(5_000));
        let mut call = Call::try_resume(&policy, (), at(5_000), state.clone()).unwrap();
        assert!(matches!(call.poll(at(5_000)), Action::Send(attempt) if attempt.id == 2));
        let before = state.clone();
        state.hasten(at(1_000));
        assert_eq!(state, before);
        state.hasten(at(90_000));
        assert_eq!(state, before, "the deadline ends it");
    }

    #[test]
    fn only_the_dead_are_revived_and_only_if_they_may_be_sent_again() {
        let stop = Policy::stop();
        let mut alive = failed(&Policy::zero(), Repeat::Always, Verdict::retry());
        assert_eq!(alive.revive(&stop, at(1)), Err(StateError::Alive));
        for (repeat, verdict, expected) in [
            (Repeat::Always, Verdict::Stop, Ok(())),
            (Repeat::IfUnsent, Verdict::retry().unsent(), Ok(())),
            (Repeat::IfUnsent, Verdict::retry(), Err(StateError::Repeat)),
            (Repeat::IfUnsent, Verdict::Stop, Err(StateError::Repeat)),
            (Repeat::Never, Verdict::retry().unsent(), Err(StateError::Repeat)),
        ] {
            let mut dead = failed(&stop, repeat, verdict);
            assert_eq!(dead.revive(&stop, at(1)), expected, "{repeat:?} {verdict:?}");
        }
        let mut dead = failed(&stop, Repeat::Always, Verdict::retry());
        let error = dead.revive(&Policy::zero().lanes(2), at(1)).unwrap_err();
        assert_eq!(error, StateError::Room { lanes: 2, room: 1 });
    }

    #[test]
    fn a_revived_call_has_all_its_attempts_again_and_their_numbers_go_on() {
        let policy = Policy::zero().attempts(2).deadline(Duration::from_secs(1));
        let mut state = failed(&policy.attempts(1), Repeat::Always, Verdict::retry());
        state.revive(&policy, at(60_000)).unwrap();
        assert_eq!(state.deadline(), Some(at(61_000)));
        let mut call = Call::try_resume(&policy, (), at(60_000), state).unwrap();
        for id in [2, 3] {
            assert!(matches!(call.poll(at(60_000)), Action::Send(attempt) if attempt.id == id));
            call.handle(at(60_000), id, Verdict::retry());
        }
        assert_eq!(call.state().reason(), Some(Reason::Attempts));
        assert_eq!(call.state().attempts(), 3);
    }

    #[test]
    fn a_deadline_comes_after_what_is_promised() {
        let policy = Policy::constant(Duration::from_secs(60));
        let mut state = failed(&policy, Repeat::Always, Verdict::retry());
        assert_eq!(state.set_deadline(Some(at(60_000))), Err(StateError::Deadline { due: at(60_000) }));
        assert_eq!(state.set_deadline(Some(at(60_001))), Ok(()));
        assert_eq!(state.deadline(), Some(at(60_001)));
        assert_eq!(state.set_deadline(None), Ok(()));
        assert_eq!(state.deadline(), None);
        // A send that is due at the end of time comes before no deadline.
        let mut last = Call::new(&policy, (), Instant::from_nanos(u64::MAX), 7).suspend();
        assert_eq!(last.set_deadline(None), Ok(()));
    }
    /// Lane 1 would have opened at 60 ms, and lane 2 when a gate lets it, had the call not been over.
    #[test]
    fn a_call_that_is_over_can_be_kept_whatever_its_deadline_is_then() {
        struct NotBefore(Instant);
        impl crate::Gate for NotBefore {
            fn admit(&self, _: Instant, cause: &crate::Cause) -> crate::Admission {
                if *cause == crate::Cause::FIRST { crate::Admission::Yes } else { crate::Admission::NotBefore(self.0) }
            }
        }
        let ms = Duration::from_millis;
        let policy = Policy::zero().lanes(3).hedge_after(ms(50)).hedge_on_failure(true);
        let failing = |verdict: Verdict| {
            let mut call = Call::with_lanes::<3>(&policy, NotBefore(at(500)), at(0), 7);
            assert!(matches!(call.poll(at(0)), Action::Send(_)));
            assert!(matches!(call.poll(at(50)), Action::Wait { .. }));
            call.handle(at(55), 1, verdict);
            call
        };
        let mut opening = failing(Verdict::retry().after(ms(5)));
        opening.cancel(at(56));
        for call in [failing(Verdict::Stop), opening] {
            let mut state = call.suspend();
            assert_eq!(state.set_deadline(Some(at(57))), Ok(()));
            let mut buffer = [0; State::<3>::BYTES];
            assert_eq!(State::decode(state.encode(&mut buffer).unwrap()), Ok(state));
        }
    }
}
