//! `retry`, one attempt at a time, by async-io's timer.

use std::future::Future;
use std::ops::Deref;

use insist_futures::{Attempt, Backoff, Driver, Local, Policy};

use crate::SmolTimer;

/// [`insist_futures::retry`] by async-io's timer: a call whose attempts are sent one after the other.
///
/// ```
/// use insist_smol::{Policy, retry};
///
/// let number = async_io::block_on(async { retry(&Policy::default(), |_| async { "42".parse::<u32>() }).await });
/// assert_eq!(number.unwrap(), 42);
/// ```
#[inline]
pub fn retry<P, B, F, A, T, E>(policy: P, operation: F) -> Driver<SmolTimer, P, F>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    insist_futures::retry(SmolTimer, policy, operation)
}

/// [`insist_futures::retry_local`] by async-io's timer: a call of an async closure that borrows what it captured.
///
/// ```
/// use std::cell::Cell;
/// use insist_smol::{Policy, retry_local};
///
/// let sends = Cell::new(0);
/// let result = async_io::block_on(
///     retry_local(&Policy::zero(), async |_| {
///         sends.set(sends.get() + 1);
///         if sends.get() < 3 { Err("busy") } else { Ok(()) }
///     })
///     .run(),
/// );
/// assert!(result.is_ok() && sends.get() == 3);
/// ```
#[inline]
pub fn retry_local<P, B, F, T, E>(policy: P, operation: F) -> Driver<SmolTimer, P, Local<F, T, E>>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: AsyncFn(Attempt) -> Result<T, E>,
{
    insist_futures::retry_local(SmolTimer, policy, operation)
}
