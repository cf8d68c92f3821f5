//! From the machine's last action to what the user gets.

use insist::{Action, Policy, PolicyError, Reason};

use crate::GaveUp;
use crate::drive::Ended;

#[inline]
pub(crate) fn conclude<T, E, B>(policy: &Policy<B>, attempts: u32, ended: Ended<T, E>) -> Result<T, GaveUp<T, E>> {
    let (reason, hint) = match ended {
        Ended { action: Action::Return(_), last: Some(Ok(value)), .. } => return Ok(value),
        Ended { action: Action::GiveUp(stop), .. } => (stop.reason(), stop.hint()),
        // A judge accepted an `Err`: the call has ended with it.
        _ => (Reason::Stopped, None),
    };
    let invalid = if reason == Reason::Invalid { policy.validate().err() } else { None };
    Err(GaveUp { reason, attempts, hint, last: ended.last, invalid })
}

/// The documented panic of `call`.
#[cold]
#[inline(never)]
pub(crate) fn refuse(invalid: Option<PolicyError>) -> ! {
    match invalid {
        Some(error) => panic!("the policy is invalid: {error}; validate() a policy that comes from outside"),
        None => panic!("the policy has more than 1 lane, and retry has room for 1; use race, or try_call"),
    }
}
