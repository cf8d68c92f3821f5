//! `race`, several attempts at once, by tokio's timer.

use std::future::Future;
use std::ops::Deref;

use insist_futures::{Attempt, Backoff, Driver, LANES, Policy};

use crate::TokioTimer;

/// [`insist_futures::race`] by tokio's timer: as many attempts in flight as the policy has lanes, and the first success
/// wins.
///
/// ```
/// use std::time::Duration;
/// use insist_tokio::{Policy, race};
///
/// /// A second request if the first has not answered after 20 ms.
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).lanes(2).hedge_after(Duration::from_millis(20));
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lane = race(&POLICY, |attempt| async move {
///     let millis = if attempt.lane == 0 { 100 } else { 5 };
///     tokio::time::sleep(Duration::from_millis(millis)).await;
///     Ok::<_, std::io::Error>(attempt.lane)
/// })
/// .await?;
/// assert_eq!(lane, 1);
/// # Ok(())
/// # }
/// ```
#[inline]
pub fn race<P, B, F, A, T, E>(policy: P, operation: F) -> Driver<TokioTimer, P, F, (), (), (), LANES>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    insist_futures::race(TokioTimer, policy, operation)
}
