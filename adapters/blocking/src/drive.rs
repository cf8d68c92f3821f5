//! Drives a call: carries out the machine's actions until the call ends, on the caller's thread or on others.

use insist_core::{
    Action, AsPolicy, Attempt, Call, CallEnd, CancelReason, Decision, Event, Gate, Hook, Instant, Judge, Judged,
    Verdict, during, fresh_seed,
};

/// Starts the attempts of a call and returns their outcomes: on the caller's thread, or on threads of their own.
pub(crate) trait Lanes<T, E> {
    /// Returns the current instant.
    fn now(&self) -> Instant;

    /// Starts an attempt, and returns its outcome if it has ended already.
    fn send(&mut self, attempt: Attempt) -> Option<Outcome<T, E>>;

    /// Blocks until an instant, an outcome, or a cancel by the user, whichever is first.
    fn wait(&mut self, until: Option<Instant>) -> Woken<T, E>;

    /// Returns an outcome without blocking, if there is one.
    fn ready(&mut self) -> Option<Outcome<T, E>>;

    /// Cancels an attempt, and tells it why.
    fn cancel(&mut self, id: u32, reason: CancelReason);

    /// Returns whether the user has cancelled the call.
    fn is_cancelled(&self) -> bool;
}

/// The end of an attempt.
pub(crate) struct Outcome<T, E> {
    pub(crate) id: u32,
    /// `None` if the attempt could not be started, or the fast path has dropped its result.
    pub(crate) result: Option<Result<T, E>>,
    /// `None` if the attempt has not been judged yet.
    pub(crate) verdict: Option<Verdict>,
}

/// The end of a wait.
pub(crate) enum Woken<T, E> {
    /// The instant was reached.
    Due,
    Outcome(Outcome<T, E>),
    /// The user may have cancelled: the loop checks.
    Cancelled,
}

/// The steps that the loop may skip for a call.
#[derive(Clone, Copy)]
pub(crate) struct Thrift {
    /// The hook listens, so it is told every decision.
    pub(crate) is_listening: bool,
    /// Nothing depends on the time: the clock is read at failures and waits only.
    pub(crate) is_timeless: bool,
    /// Nothing uses the instant at which an attempt is accepted, so the clock is not read then.
    pub(crate) ends_untimed: bool,
    /// The call was given a seed. If not, one is drawn at the first failure.
    pub(crate) is_seeded: bool,
}

#[inline]
pub(crate) fn drive<T, E, P: AsPolicy, G: Gate, H: Hook<T, E>, const LANES: usize>(
    call: &mut Call<P, G, LANES>,
    lanes: &mut impl Lanes<T, E>,
    judge: &mut impl Judge<T, E>,
    hook: &mut H,
    started: Instant,
    mut thrift: Thrift,
) -> CallEnd<T, E> {
    let mut now = started;
    let mut last = None;
    loop {
        if lanes.is_cancelled() {
            call.cancel(now);
        }
        let action = call.poll(now);
        if thrift.is_listening {
            hook.on_event(&Event::new(started, now, Decision::Action(action)));
        }
        let mut outcome = match action {
            Action::Send(attempt) => {
                let outcome = if thrift.is_listening {
                    during(hook, attempt.id, || lanes.send(attempt))
                } else {
                    lanes.send(attempt)
                };
                if outcome.is_none() {
                    now = lanes.now();
                }
                outcome
            }
            Action::Wait { until, .. } => match lanes.wait(until) {
                Woken::Outcome(outcome) => Some(outcome),
                Woken::Due => {
                    // A clock that is a little behind its own sleeps must not make the machine wait again.
                    let due = until.unwrap_or(now);
                    now = if thrift.is_timeless { due } else { lanes.now().max(due) };
                    lanes.ready()
                }
                Woken::Cancelled => {
                    now = lanes.now();
                    lanes.ready()
                }
            },
            Action::Cancel { attempt, reason } => {
                lanes.cancel(attempt, reason);
                continue;
            }
            Action::Return(_) | Action::GiveUp(_) => return CallEnd { action, last, at: now },
        };
        // All outcomes that are there are handed in before the machine looks at its timeouts again.
        while let Some(Outcome { id, result, verdict }) = outcome {
            let verdict = match (verdict, &result) {
                (Some(verdict), _) => verdict,
                (None, Some(result)) => judge.judge_attempt(id, result),
                (None, None) => Verdict::retry().unsent(),
            };
            let is_accepted = verdict == Verdict::Accept;
            if !(is_accepted && thrift.ends_untimed) {
                now = lanes.now();
            }
            if LANES == 1 && !thrift.is_listening && is_accepted {
                // The only attempt in flight has won and no hook listens, so the end is known without another poll.
                call.handle(now, id, Verdict::Accept);
                return CallEnd { action: Action::Return(id), last: result, at: now };
            }
            if !thrift.is_seeded && matches!(verdict, Verdict::Retry(_)) {
                call.set_seed(fresh_seed());
                thrift.is_seeded = true;
            }
            let handled = call.handle(now, id, verdict);
            if thrift.is_listening {
                let judged = Judged::new(id, result.as_ref(), verdict, handled);
                hook.on_event(&Event::new(started, now, Decision::Judged(judged)));
            }
            // An attempt that could not be started leaves the result of the one before.
            last = result.or(last);
            outcome = if call.is_over() { None } else { lanes.ready() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insist_core::{Policy, Reason};

    /// Attempts that end with the results of a list; one for which it has `None` cannot be started.
    struct Scripted(Vec<Option<Result<u32, u32>>>);

    impl Lanes<u32, u32> for Scripted {
        fn now(&self) -> Instant {
            Instant::ZERO
        }
        fn send(&mut self, attempt: Attempt) -> Option<Outcome<u32, u32>> {
            Some(Outcome { id: attempt.id, result: self.0.remove(0), verdict: None })
        }
        fn wait(&mut self, _: Option<Instant>) -> Woken<u32, u32> {
            Woken::Due
        }
        fn ready(&mut self) -> Option<Outcome<u32, u32>> {
            None
        }
        fn cancel(&mut self, _: u32, _: CancelReason) {}
        fn is_cancelled(&self) -> bool {
            false
        }
    }

    fn drive_through(script: Vec<Option<Result<u32, u32>>>) -> CallEnd<u32, u32> {
        let policy = Policy::constant(std::time::Duration::from_secs(1));
        let mut call = Call::new(&policy, (), Instant::ZERO, 1);
        let thrift = Thrift { is_listening: false, is_timeless: false, ends_untimed: false, is_seeded: true };
        drive(&mut call, &mut Scripted(script), &mut (), &mut (), Instant::ZERO, thrift)
    }

    #[test]
    fn an_attempt_that_cannot_be_started_is_followed_by_another() {
        let ended = drive_through(vec![None, None, Some(Ok(3))]);
        assert_eq!((ended.action, ended.last), (Action::Return(3), Some(Ok(3))));
    }

    #[test]
    fn an_attempt_that_cannot_be_started_leaves_the_last_result() {
        let ended = drive_through(vec![Some(Err(1)), None, None]);
        let Action::GiveUp(give_up) = ended.action else { panic!("{:?}", ended.action) };
        assert_eq!((give_up.reason(), ended.last), (Reason::Attempts, Some(Err(1))));
    }

    #[test]
    fn a_clock_that_stands_still_does_not_hold_up_a_call() {
        let ended = drive_through(vec![Some(Err(1)), Some(Err(2)), Some(Ok(3))]);
        assert_eq!((ended.last, ended.at), (Some(Ok(3)), Instant::ZERO));
    }

    #[test]
    fn a_seed_is_drawn_at_the_first_failure_and_not_before() {
        let policy = Policy::constant(std::time::Duration::from_secs(1));
        let seed_after = |script| {
            let mut call = Call::new(&policy, (), Instant::ZERO, 0);
            let thrift = Thrift { is_listening: false, is_timeless: true, ends_untimed: true, is_seeded: false };
            drive(&mut call, &mut Scripted(script), &mut (), &mut (), Instant::ZERO, thrift);
            call.state().seed()
        };
        assert_eq!(seed_after(vec![Some(Ok(1))]), 0);
        assert_ne!(seed_after(vec![Some(Err(1)), Some(Ok(2))]), 0);
    }
}
