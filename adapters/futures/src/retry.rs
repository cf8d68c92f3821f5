//! `retry`: one attempt at a time.

use core::future::Future;

use insist_core::{Attempt, IntoTerms, TermsOf};

use crate::driver::Driver;
use crate::operation::Outcome;

/// Describes a call whose attempts are sent one after the other.
///
/// The first argument after the timer is a policy (by value, by reference, in an `Arc`) or [`Terms`](crate::Terms). The
/// operation makes a future for each attempt; after an error it makes another, as the policy says, until one ends with
/// an `Ok`; [`when`](Driver::when) and [`judge`](Driver::judge) change that. An attempt is dropped when it has taken
/// the policy's attempt timeout, and at the deadline. If the first attempt succeeds, nothing is allocated, no random
/// number is drawn, no timer is started that the attempt does not need, and no clock is read (unless the policy has a
/// timeout or a deadline, the gate needs the time, or a hook listens). A policy with more than one lane is refused as
/// invalid; use [`race`](crate::race()).
///
/// The closure is an `FnMut`; its futures cannot borrow from it, so what they need is cloned, or borrowed from outside.
/// `async |attempt| …` works if it captures nothing by reference; otherwise see [`retry_local`](crate::retry_local()).
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
