//! `race`, several attempts at once, by async-io's timer.

use std::future::Future;
use std::ops::Deref;

use insist_futures::{Attempt, Backoff, Driver, LANES, Policy};

use crate::SmolTimer;

/// [`insist_futures::race`] by async-io's timer: as many attempts in flight as the policy has lanes, and the first success
/// wins.
///
/// ```
/// use std::time::Duration;
/// use insist_smol::{Policy, race};
///
/// /// A second request if the first has not answered after 20 ms.
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).lanes(2).hedge_after(Duration::from_millis(20));
///
/// let lane = async_io::block_on(async {
///     race(&POLICY, |attempt| async move {
///         let millis = if attempt.lane == 0 { 2000 } else { 5 };
///         async_io::Timer::after(Duration::from_millis(millis)).await;
///         Ok::<_, std::io::Error>(attempt.lane)
///     })
///     .await
/// });
/// assert_eq!(lane.unwrap(), 1);
/// ```
#[inline]
pub fn race<P, B, F, A, T, E>(policy: P, operation: F) -> Driver<SmolTimer, P, F, (), (), (), LANES>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    insist_futures::race(SmolTimer, policy, operation)
}
