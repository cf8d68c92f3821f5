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
