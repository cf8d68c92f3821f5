//! Fallbacks: a value in place of an error, for calls that give up.

use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::GaveUp;
#[cfg(feature = "alloc")]
use insist_core::Report;
use pin_project_lite::pin_project;

use crate::call::Keeping;
use crate::driver::Driver;
use crate::operation::Operation;
use crate::room::{Lanes, Room};
use crate::terms::TermsFor;
use crate::timer::Timer;

/// A call that ends with the fallback's value when it gives up, so it cannot fail. Made by [`Driver::fallback`].
#[must_use = "nothing is sent before it is awaited"]
pub struct Fallback<D, F> {
    pub(crate) driver: D,
    pub(crate) fallback: F,
}

impl<D, F> fmt::Debug for Fallback<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").finish_non_exhaustive()
    }
}

impl<M, O, S, F, const LANES: usize> Fallback<Driver<M, O, S, LANES>, F>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    F: FnOnce(GaveUp<O::Error, O::Value>) -> O::Value,
    Lanes<LANES>: Room,
{
    /// Makes the future of the call, which ends with a value. `.await` does the same.
    #[inline]
    pub fn call(self) -> FallingBack<Keeping<M, O, S, Lanes<LANES>>, F> {
        FallingBack { call: self.driver.keep(), fallback: Some(self.fallback) }
    }
}

impl<M, O, S, F, const LANES: usize> IntoFuture for Fallback<Driver<M, O, S, LANES>, F>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    F: FnOnce(GaveUp<O::Error, O::Value>) -> O::Value,
    Lanes<LANES>: Room,
{
    type Output = O::Value;
    type IntoFuture = FallingBack<Keeping<M, O, S, Lanes<LANES>>, F>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        self.call()
    }
}

pin_project! {
    /// The future of a call with a fallback.
    #[must_use = "nothing is sent before it is awaited"]
    pub struct FallingBack<C, F> {
        #[pin]
        pub(crate) call: C,
        pub(crate) fallback: Option<F>,
    }
}

impl<C, F> fmt::Debug for FallingBack<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallingBack").finish_non_exhaustive()
    }
}

/// The end of a call, in which a fallback's value can take the place of an error.
#[expect(unnameable_types, reason = "plumbing of FallingBack")]
pub trait FallsBack<F> {
    /// The end without the error.
    type Output;

    /// Returns the value, or the fallback's if there is an error.
    fn fall_back(self, fallback: F) -> Self::Output;
}

impl<T, E, F: FnOnce(GaveUp<E, T>) -> T> FallsBack<F> for Result<T, GaveUp<E, T>> {
    type Output = T;

    #[inline]
    fn fall_back(self, fallback: F) -> T {
        self.unwrap_or_else(fallback)
    }
}

#[cfg(feature = "alloc")]
impl<T, E, D, F: FnOnce(GaveUp<E, T>) -> T> FallsBack<F> for (Result<T, GaveUp<E, T>>, Report<D>) {
    type Output = (T, Report<D>);

    fn fall_back(self, fallback: F) -> Self::Output {
        let (result, mut report) = self;
        report.fell_back = result.is_err();
        (result.unwrap_or_else(fallback), report)
    }
}

impl<C, F> Future for FallingBack<C, F>
where
    C: Future<Output: FallsBack<F>>,
{
    type Output = <C::Output as FallsBack<F>>::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let end = ready!(this.call.poll(context));
        Poll::Ready(end.fall_back(this.fallback.take().expect("a call was polled after it had ended")))
    }
}
