//! The two ways to run attempts: on the caller's thread, or on threads of their own.

use std::fmt;
use std::marker::PhantomData;

use insist_core::{AsPolicy, Gate, Hook, Judge, Terms};

use crate::finish::Finish;
use crate::{Canceller, SystemClock};

/// The place where attempts run: [`OnCaller`], made by [`retry`](crate::retry()), or [`OnThreads`], made by
/// [`race`](crate::race()). The trait is sealed.
pub trait Way: sealed::Sealed {
    /// The value of a success.
    type Value;
    /// The error of a failure.
    type Error;

    /// Drives a call to its end.
    #[doc(hidden)]
    fn run<P, J, H, G, O>(self, terms: Terms<P, J, H, G>, finish: O) -> O::Output
    where
        P: AsPolicy,
        J: Judge<Self::Value, Self::Error>,
        H: Hook<Self::Value, Self::Error>,
        G: Gate,
        O: Finish<Self::Value, Self::Error, H>;
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

impl<F, T, E, C> sealed::Sealed for OnCaller<'_, F, T, E, C> {}
impl<F, T, E> sealed::Sealed for OnThreads<'_, F, T, E> {}

mod sealed {
    #[expect(unnameable_types, reason = "it seals the trait `Way`")]
    pub trait Sealed {}
}
