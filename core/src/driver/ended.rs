//! From the machine's last action to what the user gets.

use core::ops::Deref;

use super::gave_up::GaveUp;
use crate::action::{Action, Reason};
use crate::backoff::Backoff;
use crate::call::Call;
use crate::gate::Gate;
#[cfg(feature = "alloc")]
use crate::log::Log;
use crate::policy::Policy;
#[cfg(feature = "alloc")]
use crate::report::Report;
use crate::time::Instant;

/// For drivers: how a call ended, and what is to be handed back.
#[derive(Debug)]
pub struct Ended<T, E> {
    /// The terminal action. Anything else counts as a call that was cancelled.
    pub action: Action,
    /// The result of the latest attempt that had one.
    pub last: Option<Result<T, E>>,
    /// When it ended.
    pub at: Instant,
}

impl<T, E> Ended<T, E> {
    /// The value, or why there is none.
    ///
    /// # Errors
    ///
    /// [`GaveUp`]. A judge that accepts an `Err` has ended the call with it, and the reason is [`Reason::Stopped`].
    #[inline]
    pub fn conclude<P, B, G, const LANES: usize>(self, call: &Call<P, G, LANES>) -> Result<T, GaveUp<T, E>>
    where
        P: Deref<Target = Policy<B>>,
        B: Backoff,
        G: Gate,
    {
        let (reason, hint) = match self {
            Self { action: Action::Return(_), last: Some(Ok(value)), .. } => return Ok(value),
            Self { action: Action::Return(_), .. } => (Reason::Stopped, None),
            Self { action: Action::GiveUp(stop), .. } => (stop.reason(), stop.hint()),
            _ => (Reason::Cancelled, None),
        };
        Err(GaveUp {
            reason,
            attempts: call.attempts(),
            hint,
            last: self.last,
            refusal: call.gate().last_refusal().filter(|_| reason == Reason::Refused),
            invalid: if reason == Reason::Invalid { call.policy().validate().err() } else { None },
            room: LANES,
        })
    }

    /// The same, with the report of the call, which started then.
    #[cfg(feature = "alloc")]
    pub fn report<P, B, G, D, const LANES: usize>(
        self,
        call: &Call<P, G, LANES>,
        started: Instant,
        log: Log<D>,
    ) -> (Result<T, GaveUp<T, E>>, Report<D>)
    where
        P: Deref<Target = Policy<B>>,
        B: Backoff,
        G: Gate,
    {
        let report = Report::new(call, self.action, started, self.at, log);
        (self.conclude(call), report)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::gate::{Bulkhead, Watched};
    use crate::policy::PolicyError;
    use crate::verdict::Verdict;

    const NOW: Instant = Instant::ZERO;

    fn ended<T, E>(action: Action, last: Option<Result<T, E>>) -> Ended<T, E> {
        Ended { action, last, at: NOW }
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
        assert_eq!((gave_up.reason, gave_up.attempts, gave_up.room), (Reason::Stopped, 1, 1));
        assert_eq!(gave_up.into_last(), Some(Err(6)));
    }

    #[test]
    fn a_give_up_says_what_the_machine_says() {
        let policy = Policy::zero();
        let mut call = Call::new(&policy, Watched::new(Bulkhead::new(1)), NOW, 1);
        let _ = call.poll(NOW);
        let _ = call.handle(NOW, 1, Verdict::retry().after(Duration::from_secs(900)));
        let gave_up = ended(call.poll(NOW), Some(Err::<u8, _>(6))).conclude(&call).unwrap_err();
        assert_eq!((gave_up.reason, gave_up.hint), (Reason::RetryAfter, Some(Duration::from_secs(900))));
        assert_eq!((gave_up.refusal, gave_up.invalid), (None, None));
        let cancelled = ended(Action::Cancel(1), None::<Result<u8, u8>>).conclude(&call).unwrap_err();
        assert_eq!((cancelled.reason, cancelled.hint), (Reason::Cancelled, None));
    }

    #[test]
    fn a_refusal_and_an_invalid_policy_are_told_where_they_are_the_reason() {
        let policy = Policy::zero();
        let mut call = Call::new(&policy, Watched::new(Bulkhead::new(0)), NOW, 1);
        let gave_up = ended(call.poll(NOW), None::<Result<u8, u8>>).conclude(&call).unwrap_err();
        assert_eq!(gave_up.refusal.map(crate::Refusal::why), Some("bulkhead is full"));
        let policy = Policy::zero().attempts(0);
        let mut call = Call::new(&policy, Watched::new(Bulkhead::new(0)), NOW, 1);
        let gave_up = ended(call.poll(NOW), None::<Result<u8, u8>>).conclude(&call).unwrap_err();
        assert_eq!((gave_up.refusal, gave_up.invalid), (None, Some(PolicyError::NoAttempts)));
    }
}
