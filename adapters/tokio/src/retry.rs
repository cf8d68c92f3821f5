//! `retry`: one attempt at a time, with tokio's timer.

use std::future::Future;

use insist_futures::{Attempt, Driver, IntoTerms, Local, Outcome, TermsOf};

use crate::TokioTimer;

/// Describes a call whose attempts are sent one after the other: [`insist_futures::retry`] with tokio's timer.
///
/// ```
/// use insist_tokio::{Policy, retry};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let call = retry(Policy::default(), |_| async { "42".parse::<u32>() });
/// let number = tokio::spawn(call.try_call()).await??;
/// assert_eq!(number, 42);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// When the call first has to wait (for a retry, or for an attempt that has a timeout and is not ready) outside a tokio
/// runtime whose time is enabled. A call whose first attempt is ready at once needs no runtime.
#[inline]
pub fn retry<S, F, A>(terms: S, operation: F) -> Driver<TokioTimer, F, TermsOf<S>>
where
    S: IntoTerms,
    F: FnMut(Attempt) -> A,
    A: Future,
    A::Output: Outcome,
{
    insist_futures::retry(TokioTimer, terms, operation)
}

/// Describes a call of an async closure that borrows what it captured, also mutably: [`insist_futures::retry_local`]
/// with tokio's timer. End it with `call`, `try_call` or `report`.
///
/// ```
/// use insist_tokio::{Policy, retry_local};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut sends = 0;
/// let result = retry_local(Policy::zero(), async |_| {
///     sends += 1;
///     if sends < 3 { Err("busy") } else { Ok(()) }
/// });
/// assert_eq!(result.call().await, Ok(()));
/// assert_eq!(sends, 3);
/// # }
/// ```
///
/// # Panics
///
/// As [`retry`] does.
#[inline]
pub fn retry_local<S, F, T, E>(terms: S, operation: F) -> Driver<TokioTimer, Local<F, T, E>, TermsOf<S>>
where
    S: IntoTerms,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
{
    insist_futures::retry_local(TokioTimer, terms, operation)
}
