//! `race`: several attempts at once, with async-io's timer.

use std::future::Future;

use insist_futures::{Attempt, Driver, IntoTerms, LANES, Outcome, TermsOf};

use crate::SmolTimer;

/// Describes a call with as many attempts in flight as the policy has lanes; the first success wins:
/// [`insist_futures::race`] with async-io's timer.
///
/// ```
/// use std::time::Duration;
/// use insist_smol::{Policy, race};
///
/// /// A second request if the first has not answered after 20 ms.
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).lanes(2).hedge_after(Duration::from_millis(20));
///
/// let lane = async_io::block_on(
///     race(POLICY, |attempt| async move {
///         let millis = if attempt.lane == 0 { 2000 } else { 5 };
///         async_io::Timer::after(Duration::from_millis(millis)).await;
///         Ok::<_, std::io::Error>(attempt.lane)
///     })
///     .call(),
/// );
/// assert_eq!(lane.unwrap(), 1);
/// ```
#[inline]
pub fn race<S, F, A>(terms: S, operation: F) -> Driver<SmolTimer, F, TermsOf<S>, LANES>
where
    S: IntoTerms,
    F: FnMut(Attempt) -> A,
    A: Future,
    A::Output: Outcome,
{
    insist_futures::race(SmolTimer, terms, operation)
}
