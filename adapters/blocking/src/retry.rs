//! `retry`: one lane, on the caller's thread.

use insist_core::{IntoTerms, TermsOf};

use crate::driver::Driver;
use crate::{LiveAttempt, OnCaller};

/// Describes a call whose attempts run one after the other on this thread.
///
/// The operation is an `FnMut` that borrows what it likes. It is run again after an error, as the policy says, until
/// it gives an `Ok`; [`when`](Driver::when) and [`judge`](Driver::judge) say otherwise. Where the first attempt
/// succeeds, no thread is started, nothing allocated, no clock read and no random number drawn (a clock is, if the
/// policy has a timeout or a deadline, the gate wants the time, or someone looks).
///
/// The policy is given by value, by reference or as an `Arc`; in its place, [`Terms`](crate::Terms) that many call
/// sites share.
///
/// Nothing can interrupt an attempt here: the policy's attempt timeout and deadline are told to the operation
/// ([`LiveAttempt::timeout`](insist_core::Attempt::timeout)), and bind waits and further attempts.
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
