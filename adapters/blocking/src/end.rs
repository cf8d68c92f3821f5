//! From the machine's last action to what the user gets.

use insist::{Action, Call, Gate, Instant, Log, Policy, PolicyError, Reason, Refusal, Report, Watched};

use crate::GaveUp;
use crate::drive::Ended;

/// A call that has ended, and what is to be told of it.
pub(crate) struct Finished<'c, 'p, 'g, T, E, B, G: Gate, const LANES: usize> {
    pub(crate) ended: Ended<T, E>,
    pub(crate) call: &'c Call<'p, B, Watched<'g, G>, LANES>,
    pub(crate) started: Instant,
    pub(crate) refusal: Option<Refusal>,
}

impl<T, E, B: insist::Backoff, G: Gate, const LANES: usize> Finished<'_, '_, '_, T, E, B, G, LANES> {
    #[inline]
    pub(crate) fn conclude(self, policy: &Policy<B>) -> Result<T, GaveUp<T, E>> {
        let Self { ended, call, refusal, .. } = self;
        let (reason, hint) = match ended {
            Ended { action: Action::Return(_), last: Some(Ok(value)), .. } => return Ok(value),
            Ended { action: Action::GiveUp(stop), .. } => (stop.reason(), stop.hint()),
            // A judge accepted an `Err`: the call has ended with it.
            _ => (Reason::Stopped, None),
        };
        Err(GaveUp {
            reason,
            attempts: call.attempts(),
            hint,
            last: ended.last,
            refusal: refusal.filter(|_| reason == Reason::Refused),
            invalid: if reason == Reason::Invalid { policy.validate().err() } else { None },
        })
    }

    pub(crate) fn report<D>(self, policy: &Policy<B>, log: Log<D>) -> (Result<T, GaveUp<T, E>>, Report<D>) {
        let report = Report::new(self.call, self.ended.action, self.started, self.ended.at, log);
        let report = report.refused_by(self.refusal);
        (self.conclude(policy), report)
    }
}

/// The documented panic of `call`. Two functions, so that a constant policy that is valid brings no text of errors.
#[inline]
pub(crate) fn refuse<B>(policy: &Policy<B>) -> ! {
    match policy.validate() {
        Err(error) => refuse_policy(error),
        Ok(()) => refuse_lanes(),
    }
}

#[cold]
#[inline(never)]
fn refuse_policy(error: PolicyError) -> ! {
    panic!("the policy is invalid: {error}; validate() a policy that comes from outside")
}

#[cold]
#[inline(never)]
fn refuse_lanes() -> ! {
    panic!("the policy has more than 1 lane, and retry has room for 1; use race, or try_call")
}
