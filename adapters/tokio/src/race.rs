//! `race`: several attempts at once, with tokio's timer.

use std::future::Future;

use insist_futures::{Attempt, Driver, IntoTerms, LANES, Outcome, TermsOf};

use crate::TokioTimer;

/// Describes a call with as many attempts in flight as the policy has lanes; the first success wins:
/// [`insist_futures::race`] with tokio's timer.
///
/// ```
/// use std::time::Duration;
/// use insist_tokio::{Policy, race};
///
/// /// A second request if the first has not answered after 20 ms.
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).lanes(2).hedge_after(Duration::from_millis(20));
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> std::io::Result<()> {
/// let lane = race(POLICY, |attempt| async move {
///     let millis = if attempt.lane == 0 { 100 } else { 5 };
///     tokio::time::sleep(Duration::from_millis(millis)).await;
///     Ok::<_, std::io::Error>(attempt.lane)
/// })
/// .call()
/// .await?;
/// assert_eq!(lane, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// As [`retry`](crate::retry()) does.
#[inline]
pub fn race<S, F, A>(terms: S, operation: F) -> Driver<TokioTimer, F, TermsOf<S>, LANES>
where
    S: IntoTerms,
    F: FnMut(Attempt) -> A,
    A: Future,
    A::Output: Outcome,
{
    insist_futures::race(TokioTimer, terms, operation)
}
