//! From the machine's last action to what the user gets.

use insist_core::{Backoff, Call, Ended, Gate, GaveUp, Instant, Log, Policy, PolicyError, Report};

/// A call that has ended, and what is to be told of it.
pub(crate) struct Finished<'c, 'p, T, E, B, G: Gate, const LANES: usize> {
    pub(crate) ended: Ended<T, E>,
    pub(crate) call: &'c Call<&'p Policy<B>, G, LANES>,
    pub(crate) started: Instant,
}

impl<T, E, B: Backoff, G: Gate, const LANES: usize> Finished<'_, '_, T, E, B, G, LANES> {
    #[inline]
    pub(crate) fn conclude(self) -> Result<T, GaveUp<T, E>> {
        self.ended.conclude(self.call)
    }

    pub(crate) fn report<D>(self, log: Log<D>) -> (Result<T, GaveUp<T, E>>, Report<D>) {
        self.ended.report(self.call, self.started, log)
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
