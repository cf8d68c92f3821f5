//! Turns the machine's last action into the user's result.

use super::gave_up::GaveUp;
use super::no_outcome::{NoOutcome, SaysNoOutcome};
use crate::action::{Action, Reason};
use crate::call::Call;
use crate::gate::Gate;
#[cfg(feature = "alloc")]
use crate::log::Log;
use crate::policy::AsPolicy;
#[cfg(feature = "alloc")]
use crate::report::Report;
use crate::time::Instant;

/// For drivers: how a call ended, and what is to be handed back.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "drivers make it, and must not forget a part")]
pub struct CallEnd<T, E> {
    /// The terminal action. Anything else counts as a call that was cancelled.
    pub action: Action,
    /// The result of the latest attempt that had one.
    pub last: Option<Result<T, E>>,
    /// The instant at which it ended.
    pub at: Instant,
}

impl<T, E> CallEnd<T, E> {
    /// Returns the value, or why there is none.
    ///
    /// # Errors
    ///
    /// [`GaveUp`], with the last value too. A judge that accepts an `Err` has ended the call with it, and the reason is
    /// [`Reason::Stopped`].
    #[inline]
    pub fn conclude<P: AsPolicy, G: Gate, const LANES: usize>(
        self,
        call: &Call<P, G, LANES>,
    ) -> Result<T, GaveUp<E, T>> {
        match self {
            Self { action: Action::Return(_), last: Some(Ok(value)), .. } => Ok(value),
            Self { action, last, .. } => Err(why(action, call).with(last)),
        }
    }

    /// Returns the operation's own result: the one that was accepted, or else the last one.
    ///
    /// # Errors
    ///
    /// The operation's own, or what its type makes of [`NoOutcome`].
    #[inline]
    pub fn into_result<P: AsPolicy, G: Gate, const LANES: usize>(self, call: &Call<P, G, LANES>) -> Result<T, E>
    where
        E: SaysNoOutcome,
    {
        match self.last {
            Some(last) => last,
            None => Err(E::no_outcome(why(self.action, call))),
        }
    }

    /// Returns the same as [`conclude`](Self::conclude), with the report of the call, which started then.
    #[cfg(feature = "alloc")]
    pub fn report<P: AsPolicy, G: Gate, D, const LANES: usize>(
        self,
        call: &Call<P, G, LANES>,
        started: Instant,
        log: Log<D>,
    ) -> (Result<T, GaveUp<E, T>>, Report<D>) {
        let report = Report::new(call.state(), self.action, started, self.at, log);
        (self.conclude(call), report)
    }
}

/// Not inlined, so that the code of a call that succeeds stays small.
#[inline(never)]
fn why<P: AsPolicy, G: Gate, const LANES: usize>(action: Action, call: &Call<P, G, LANES>) -> NoOutcome {
    let (reason, hint, refusal) = match action {
        Action::Return(_) => (Reason::Stopped, None, None),
        Action::GiveUp(give_up) => (give_up.reason(), give_up.hint(), give_up.refusal()),
        _ => (Reason::Cancelled, None, None),
    };
    let invalid = if reason == Reason::Invalid { call.policy().as_policy().validate().err() } else { None };
    let attempts = call.state().attempts();
    NoOutcome(GaveUp { reason, attempts, hint, refusal, invalid, room: LANES, last: None })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::gate::{Bulkhead, Refusal};
    use crate::policy::{Policy, PolicyError};
    use crate::verdict::Verdict;

    const NOW: Instant = Instant::ZERO;

    fn ended<T, E>(action: Action, last: Option<Result<T, E>>) -> CallEnd<T, E> {
        CallEnd { action, last, at: NOW }
    }

    #[test]
    fn a_value_is_handed_back_and_an_error_that_was_accepted_too() {
        let policy = Policy::stop();
        let mut call = Call::new(&policy, (), NOW, 1);
        let _ = call.poll(NOW);
        let _ = call.handle(NOW, 1, Verdict::Accept);
        let action = call.poll(NOW);
        assert_eq!(ended(action, Some(Ok::<_, u8>(5))).conclude(&call).ok(), Some(5));
        let gave_up = ended(action, Some(Err::<u8, _>(6))).conclude(&call).unwrap_err();
        assert_eq!(gave_up.reason, Reason::Stopped);
        assert_eq!(gave_up.attempts, 1);
        assert_eq!(gave_up.last, Some(Err(6)));
    }

    #[test]
    fn a_give_up_says_what_the_machine_says() {
        let policy = Policy::zero();
        let mut call = Call::new(&policy, Bulkhead::new(1), NOW, 1);
        let _ = call.poll(NOW);
        let _ = call.handle(NOW, 1, Verdict::retry().after(Duration::from_secs(900)));
        let gave_up = ended(call.poll(NOW), Some(Err::<u8, _>(6))).conclude(&call).unwrap_err();
        assert_eq!(gave_up.reason, Reason::RetryAfter);
        assert_eq!(gave_up.hint, Some(Duration::from_secs(900)));
        assert_eq!((gave_up.refusal, gave_up.invalid), (None, None));
        let reason = crate::CancelReason::Lost;
        let cancelled =
            ended(Action::Cancel { attempt: 1, reason }, None::<Result<u8, u8>>).conclude(&call).unwrap_err();
        assert_eq!((cancelled.reason, cancelled.hint), (Reason::Cancelled, None));
    }

    #[test]
    fn a_refusal_and_an_invalid_policy_are_told_where_they_are_the_reason() {
        let policy = Policy::zero();
        let mut call = Call::new(&policy, Bulkhead::new(0), NOW, 1);
        let gave_up = ended(call.poll(NOW), None::<Result<u8, u8>>).conclude(&call).unwrap_err();
        assert_eq!(gave_up.refusal.map(Refusal::reason), Some("bulkhead is full"));
        let policy = Policy::zero().attempts(0);
        let mut call = Call::new(&policy, Bulkhead::new(0), NOW, 1);
        let gave_up = ended(call.poll(NOW), None::<Result<u8, u8>>).conclude(&call).unwrap_err();
        assert_eq!((gave_up.refusal, gave_up.invalid), (None, Some(PolicyError::NoAttempts)));
    }

    #[test]
    fn the_operations_own_result_is_the_last_one_or_says_that_there_is_none() {
        let policy = Policy::stop();
        let mut call = Call::new(&policy, (), NOW, 1);
        let _ = call.poll(NOW);
        let _ = call.handle(NOW, 1, Verdict::retry());
        let action = call.poll(NOW);
        assert_eq!(ended(action, Some(Err::<u8, _>("down"))).into_result(&call), Err("down"));
        assert_eq!(ended(action, Some(Ok::<_, &str>(503))).into_result(&call), Ok(503));
        assert_eq!(ended(action, None::<Result<u8, &str>>).into_result(&call), Err("the backoff ended"));
    }
}
