//! What a call sends: something that makes a future for each attempt.

use core::future::Future;

use insist_core::Attempt;

/// What the attempts of an operation end with.
pub trait Outcomes {
    /// What a success is.
    type Value;
    /// What a failure is.
    type Error;
}

/// Makes a future for each attempt. Every `FnMut(Attempt) -> impl Future<Output = Result<T, E>>` does.
///
/// Dropping the future cancels the attempt.
pub trait Operation: Outcomes {
    /// An attempt in flight.
    type Future: Future<Output = Result<Self::Value, Self::Error>>;

    /// Makes an attempt; it starts when it is polled.
    fn send(&mut self, attempt: Attempt) -> Self::Future;
}

impl<F, A, T, E> Outcomes for F
where
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    type Value = T;
    type Error = E;
}

impl<F, A, T, E> Operation for F
where
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    type Future = A;

    #[inline]
    fn send(&mut self, attempt: Attempt) -> A {
        self(attempt)
    }
}
