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
