//! The ways to run attempts: on the caller's thread, on threads of their own, or the first on the caller's thread and the
//! others on threads.

use std::fmt;
use std::marker::PhantomData;

use insist_core::Terms;

use crate::finish::Finish;
use crate::{Canceller, LiveAttempt, SystemClock};

/// The place where attempts run: [`OnCaller`], made by [`retry`](crate::retry()), [`OnThreads`], made by
/// [`race`](crate::race()), or [`FirstOnCaller`]. The trait is sealed.
pub trait Way: sealed::Sealed {
    /// The value of a success.
    type Value;
    /// The error of a failure.
    type Error;
}

/// A [`Way`] that can make calls with this policy, judge, hook and gate: any, unless it is [`FirstOnCaller`], for which
/// all are `Send + 'static`. The trait is sealed.
pub trait Run<P, J, H, G>: Way {
    /// Drives a call to its end.
    #[doc(hidden)]
    fn run<O: Finish<Self::Value, Self::Error, H>>(self, terms: Terms<P, J, H, G>, finish: O) -> O::Output;
}

/// Runs attempts on the caller's thread.
pub struct OnCaller<'a, F, T, E, C = SystemClock> {
    pub(crate) operation: F,
    pub(crate) clock: C,
    pub(crate) canceller: Option<&'a Canceller>,
    outcome: PhantomData<fn() -> Result<T, E>>,
}

impl<'a, F, T, E> OnCaller<'a, F, T, E> {
    #[inline]
    pub(crate) const fn new(operation: F) -> Self {
        Self { operation, clock: SystemClock, canceller: None, outcome: PhantomData }
    }
}

impl<'a, F, T, E, C> OnCaller<'a, F, T, E, C> {
    #[inline]
    pub(crate) fn with_clock<D>(self, clock: D) -> OnCaller<'a, F, T, E, D> {
        let Self { operation, canceller, outcome, .. } = self;
        OnCaller { operation, clock, canceller, outcome }
    }
}

/// Runs each attempt on a thread of its own.
pub struct OnThreads<'a, F, T, E> {
    pub(crate) operation: F,
    pub(crate) canceller: Option<&'a Canceller>,
    outcome: PhantomData<fn() -> Result<T, E>>,
}

impl<F, T, E> OnThreads<'_, F, T, E> {
    #[inline]
    pub(crate) const fn new(operation: F) -> Self {
        Self { operation, canceller: None, outcome: PhantomData }
    }
}

/// Runs the first attempt on the caller's thread, and each that is sent while that runs on a thread of its own.
pub struct FirstOnCaller<'a, F, T, E> {
    pub(crate) operation: F,
    pub(crate) canceller: Option<&'a Canceller>,
    outcome: PhantomData<fn() -> Result<T, E>>,
}

impl<'a, F, T, E> OnThreads<'a, F, T, E> {
    #[inline]
    pub(crate) fn first_on_caller(self) -> FirstOnCaller<'a, F, T, E> {
        let Self { operation, canceller, outcome } = self;
        FirstOnCaller { operation, canceller, outcome }
    }
}

impl<F, T, E, C: fmt::Debug> fmt::Debug for OnCaller<'_, F, T, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clock, canceller, .. } = self;
        f.debug_struct("OnCaller").field("clock", clock).field("canceller", canceller).finish_non_exhaustive()
    }
}

impl<F, T, E> fmt::Debug for OnThreads<'_, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnThreads").field("canceller", &self.canceller).finish_non_exhaustive()
    }
}

impl<F, T, E> fmt::Debug for FirstOnCaller<'_, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstOnCaller").field("canceller", &self.canceller).finish_non_exhaustive()
    }
}

impl<F, T, E, C> Way for OnCaller<'_, F, T, E, C>
where
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
{
    type Value = T;
    type Error = E;
}

impl<F, T, E> Way for OnThreads<'_, F, T, E>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E>,
{
    type Value = T;
    type Error = E;
}

impl<F, T, E> Way for FirstOnCaller<'_, F, T, E>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E>,
{
    type Value = T;
    type Error = E;
}

impl<F, T, E> sealed::Sealed for FirstOnCaller<'_, F, T, E> {}
impl<F, T, E, C> sealed::Sealed for OnCaller<'_, F, T, E, C> {}
impl<F, T, E> sealed::Sealed for OnThreads<'_, F, T, E> {}

mod sealed {
    #[expect(unnameable_types, reason = "it seals the trait `Way`")]
    pub trait Sealed {}
}
