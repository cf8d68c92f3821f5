//! `race`: several lanes, each attempt on a thread of its own, and the first success wins.

use insist_core::{IntoTerms, TermsOf};

use crate::driver::Driver;
use crate::{LiveAttempt, OnThreads};

/// The most lanes that a [`race`] can have: 16. A policy with more is refused as invalid before anything is sent.
pub const LANES: usize = 16;

/// Describes a call whose attempts run on threads, as many at once as the policy has lanes.
///
/// The first success wins and is returned at once. The others are told ([`is_cancelled`](LiveAttempt::is_cancelled),
/// [`on_cancel`](LiveAttempt::on_cancel)) but not waited for, and their results are dropped. An attempt that hangs is
/// told at its timeout or the deadline, and the call goes on without it. Its thread ends only when the operation
/// returns, so give an operation that cannot be stopped a timeout of its own.
///
/// A policy with one lane, without attempt timeout and deadline, needs no thread: its attempts run on the
/// caller's, as with [`retry`](crate::retry()). So do those of a call that may not always be
/// [repeated](Driver::repeat), which has one lane.
///
/// If an operation panics on its thread, the others are cancelled and the panic continues in the caller. A panic of a
/// cancelled attempt, or of its [`on_cancel`](LiveAttempt::on_cancel), is ignored. The judge and the hook run on the
/// caller's thread, and may borrow. An attempt whose thread cannot be started counts as a failure that was not sent.
///
/// If the operation can be interrupted, [`first_on_caller`](Driver::first_on_caller) spares the first attempt its thread.
///
/// ```
/// use std::time::Duration;
/// use insist_blocking::{Policy, race};
///
/// const POLICY: Policy = Policy::zero().lanes(3); // all at once; hedge_after opens them one by one
///
/// let millis = [2000, 0, 2000];
/// let fastest = race(&POLICY, move |attempt| {
///     let wait = Duration::from_millis(millis[usize::from(attempt.lane)]);
///     std::thread::sleep(wait); // stands for a request to the replica of this lane
///     Ok::<_, std::io::Error>(attempt.lane)
/// })
/// .call()?;
/// assert_eq!(fastest, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[inline]
pub fn race<'a, S, F, T, E>(terms: S, operation: F) -> Driver<OnThreads<'a, F, T, E>, TermsOf<S>>
where
    S: IntoTerms,
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    Driver { way: OnThreads::new(operation), terms: terms.into_terms() }
}
