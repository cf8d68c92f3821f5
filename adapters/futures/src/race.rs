//! `race`: several attempts at once, and the first success wins.

use core::future::Future;

use insist_core::{Attempt, IntoTerms, TermsOf};

use crate::driver::Driver;
use crate::operation::Outcome;

/// The number of lanes that a [`race`] has room for by default: 4. A policy with more is refused as invalid before
/// anything is sent; [`Driver::room`] makes room for more, or for fewer to save memory.
pub const LANES: usize = 4;

/// Describes a call that has as many attempts in flight as the policy has lanes: all at once, or one after the other
/// where what is in flight is slow (`Policy::hedge_after`).
///
/// The first success wins; the others are dropped before it is returned. They are never polled to their end, so one
/// that is slow, or hangs, delays nothing. A loser's destructor runs on this task before the winner is returned, so one
/// that blocks delays the winner: leave such work to a thread or a task. A loser that blocks inside a poll holds up the
/// task, as any future does.
///
/// # What it costs
///
/// Every lane has a slot in the call's future, as large as an attempt's future, whether it is used or not. If that is
/// too much, box the attempts (`|attempt| Box::pin(fetch(attempt))`), not the call: a call is moved while it is made,
/// and in a debug build each move is a copy on the stack.
///
/// A wake of the task polls every attempt in flight, beginning with another each time, because telling them apart would
/// take an allocation for each. Where lanes are many and wake often, let each attempt be a task: `|attempt|
/// tokio::spawn(fetch(attempt))`, made to abort when it is dropped.
///
/// ```
/// use core::time::Duration;
/// use insist_futures::{Policy, VirtualTimer, race};
///
/// const POLICY: Policy = Policy::zero().lanes(3); // all at once; hedge_after opens them one by one
///
/// let timer = VirtualTimer::new();
/// let fastest = timer.block_on(async {
///     race(timer.clone(), POLICY, |attempt| {
///         let timer = timer.clone();
///         async move {
///             let millis = [200, 18, 60][usize::from(attempt.lane)];
///             timer.sleep(Duration::from_millis(millis)).await; // stands for a request to the replica of this lane
///             Ok::<_, std::io::Error>(attempt.lane)
///         }
///     })
///     .call()
///     .await
/// });
/// assert_eq!(fastest.unwrap(), 1);
/// assert_eq!(timer.elapsed(), Duration::from_millis(18));
/// ```
#[inline]
pub fn race<M, S, F, A>(timer: M, terms: S, operation: F) -> Driver<M, F, TermsOf<S>, LANES>
where
    S: IntoTerms,
    F: FnMut(Attempt) -> A,
    A: Future,
    A::Output: Outcome,
{
    Driver { timer, operation, terms: terms.into_terms() }
}
