//! `retry`: one lane, on the caller's thread.

use insist_core::{IntoTerms, TermsOf};

use crate::driver::Driver;
use crate::{LiveAttempt, OnCaller};

/// Describes a call whose attempts run one after the other on this thread.
///
/// The operation is an `FnMut` and may borrow. It is run again after an error, as the policy says, until it returns an
/// `Ok`; [`when`](Driver::when) and [`judge`](Driver::judge) change that. If the first attempt succeeds, no thread is
/// started, nothing is allocated, no random number is drawn, and no clock is read (unless the policy has a timeout or a
/// deadline, the gate needs the time, or a hook listens).
///
/// The policy is given by value, by reference or as an `Arc`; in its place, [`Terms`](crate::Terms) that many call
/// sites share.
///
/// Nothing can interrupt an attempt here: the operation is told its timeout
/// ([`LiveAttempt::timeout`](insist_core::Attempt::timeout)), and the deadline bounds only waits and further attempts.
/// [`race`](crate::race()) with one lane ends attempts that hang. A policy with more lanes is refused as invalid.
///
/// ```
/// use std::time::Duration;
/// use insist_blocking::{Policy, retry};
///
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(1)).attempts(4);
///
/// let mut lines = vec!["", "42"];
/// let number = retry(&POLICY, |_| lines.remove(0).parse::<u32>()).when(|e| e.to_string().contains("empty")).try_call()?;
/// assert_eq!(number, 42);
/// # Ok::<(), insist_blocking::GaveUp<std::num::ParseIntError>>(())
/// ```
#[inline]
pub fn retry<'a, S, F, T, E>(terms: S, operation: F) -> Driver<OnCaller<'a, F, T, E>, TermsOf<S>>
where
    S: IntoTerms,
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
{
    Driver { way: OnCaller::new(operation), terms: terms.into_terms() }
}
