//! `retry`, one attempt at a time, by tokio's timer.

use std::future::Future;
use std::ops::Deref;

use insist_futures::{Attempt, Backoff, Driver, Local, Policy};

use crate::TokioTimer;

/// [`insist_futures::retry`] by tokio's timer: a call whose attempts are sent one after the other.
///
/// ```
/// use insist_tokio::{Policy, retry};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let number = tokio::spawn(async { retry(&Policy::default(), |_| async { "42".parse::<u32>() }).await }).await??;
/// assert_eq!(number, 42);
/// # Ok(())
/// # }
/// ```
#[inline]
pub fn retry<P, B, F, A, T, E>(policy: P, operation: F) -> Driver<TokioTimer, P, F>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    insist_futures::retry(TokioTimer, policy, operation)
}

/// [`insist_futures::retry_local`] by tokio's timer: a call of an async closure that borrows what it captured.
///
/// ```
/// use std::cell::Cell;
/// use insist_tokio::{Policy, retry_local};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sends = Cell::new(0);
/// let result = retry_local(&Policy::zero(), async |_| {
///     sends.set(sends.get() + 1);
///     if sends.get() < 3 { Err("busy") } else { Ok(()) }
/// })
/// .run()
/// .await;
/// assert!(result.is_ok() && sends.get() == 3);
/// # }
/// ```
#[inline]
pub fn retry_local<P, B, F, T, E>(policy: P, operation: F) -> Driver<TokioTimer, P, Local<F, T, E>>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: AsyncFn(Attempt) -> Result<T, E>,
{
    insist_futures::retry_local(TokioTimer, policy, operation)
}
