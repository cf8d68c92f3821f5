//! `retry`: one attempt at a time.

use core::future::Future;

use insist_core::{Attempt, IntoTerms, TermsOf};

use crate::driver::Driver;
use crate::operation::Outcome;

/// Describes a call whose attempts are sent one after the other.
///
/// It goes by a policy (by value, by reference, in an `Arc`) or by [`Terms`](crate::Terms). The operation makes a future
/// for each attempt; after an error it is asked for another, as the policy says, until one gives an `Ok`;
/// [`when`](Driver::when) and [`judge`](Driver::judge) say otherwise. An attempt that takes longer than the policy's
/// attempt timeout, or goes on at the deadline, is dropped. Where the first attempt succeeds, nothing is allocated, no
/// random number drawn, no timer started that the attempt does not need, and no clock read (one is if the policy has a
/// timeout or a deadline, the gate wants the time, or someone listens). A policy with more than one lane is refused as
/// invalid: [`race`](crate::race()).
///
/// The closure is an `FnMut`; its futures cannot borrow from it, so what they need is cloned, or borrowed from outside.
/// `async |attempt| …` will do where it captures nothing by reference; where it does, see
/// [`retry_local`](crate::retry_local()).
///
/// ```
/// use core::time::Duration;
/// use insist_futures::{Policy, VirtualTimer, retry};
///
/// let policy = Policy::constant(Duration::from_secs(60)).attempts(10);
/// let timer = VirtualTimer::new();
/// let value = timer.block_on(async {
///     let names = ["a", "b", "c"];
///     retry(timer.clone(), policy, |attempt| {
///         let name = names[attempt.retry as usize];
///         async move { if name == "c" { Ok(name) } else { Err("unknown") } }
///     })
///     .call()
///     .await
/// });
/// assert_eq!(value, Ok("c"));
/// assert_eq!(timer.elapsed(), Duration::from_secs(120));
/// ```
#[inline]
pub fn retry<M, S, F, A>(timer: M, terms: S, operation: F) -> Driver<M, F, TermsOf<S>>
where
    S: IntoTerms,
    F: FnMut(Attempt) -> A,
    A: Future,
    A::Output: Outcome,
{
    Driver { timer, operation, terms: terms.into_terms() }
}
