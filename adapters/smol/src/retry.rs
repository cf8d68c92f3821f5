//! `retry`: one attempt at a time, with async-io's timer.

use std::future::Future;

use insist_futures::{Attempt, Driver, IntoTerms, Local, Outcome, TermsOf};

use crate::SmolTimer;

/// Describes a call whose attempts are sent one after the other: [`insist_futures::retry`] with async-io's timer.
///
/// ```
/// use insist_smol::{Policy, retry};
///
/// let number = async_io::block_on(retry(Policy::default(), |_| async { "42".parse::<u32>() }).try_call());
/// assert_eq!(number.unwrap(), 42);
/// ```
#[inline]
pub fn retry<S, F, A>(terms: S, operation: F) -> Driver<SmolTimer, F, TermsOf<S>>
where
    S: IntoTerms,
    F: FnMut(Attempt) -> A,
    A: Future,
    A::Output: Outcome,
{
    insist_futures::retry(SmolTimer, terms, operation)
}

/// Describes a call of an async closure that borrows what it captured, also mutably: [`insist_futures::retry_local`]
/// with async-io's timer. End it with `call`, `try_call` or `report`.
///
/// ```
/// use insist_smol::{Policy, retry_local};
///
/// let mut sends = 0;
/// let call = retry_local(Policy::zero(), async |_| {
///     sends += 1;
///     if sends < 3 { Err("busy") } else { Ok(()) }
/// });
/// assert_eq!(async_io::block_on(call.call()), Ok(()));
/// assert_eq!(sends, 3);
/// ```
#[inline]
pub fn retry_local<S, F, T, E>(terms: S, operation: F) -> Driver<SmolTimer, Local<F, T, E>, TermsOf<S>>
where
    S: IntoTerms,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
{
    insist_futures::retry_local(SmolTimer, terms, operation)
}
