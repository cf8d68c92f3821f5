//! What a call gives when it gives up: a value that is good enough.

use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::GaveUp;
#[cfg(feature = "alloc")]
use insist_core::Report;
use pin_project_lite::pin_project;

use crate::driver::Driver;
use crate::operation::Outcomes;

/// A call that cannot fail: what it gives when it gives up is the fallback's. Made by [`Driver::fallback`].
#[derive(Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Fallback<D, F> {
    pub(crate) driver: D,
    pub(crate) fallback: F,
}

impl<M, P, O: Outcomes, J, H, G, const LANES: usize> Driver<M, P, O, J, H, G, LANES> {
    /// What the call gives when it gives up, instead of an error: a cached value, a default, an empty list. The
    /// function is told why; it runs once, and only if the call gives up.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let price = timer.block_on(async {
    ///     retry(timer.clone(), &Policy::zero().attempts(2), |_| async { Err::<u32, _>("the shop is closed") })
    ///         .fallback(|gave_up| {
    ///             eprintln!("yesterday's price it is: {gave_up}");
    ///             100
    ///         })
    ///         .await
    /// });
    /// assert_eq!(price, 100);
    /// ```
    #[inline]
    pub fn fallback<F>(self, fallback: F) -> Fallback<Self, F>
    where
        F: FnOnce(GaveUp<O::Value, O::Error>) -> O::Value,
    {
        Fallback { driver: self, fallback }
    }
}

impl<D, F, T, E> IntoFuture for Fallback<D, F>
where
    D: IntoFuture<Output = Result<T, GaveUp<T, E>>>,
    F: FnOnce(GaveUp<T, E>) -> T,
{
    type Output = T;
    type IntoFuture = FallingBack<D::IntoFuture, F>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        FallingBack { call: self.driver.into_future(), fallback: Some(self.fallback) }
    }
}

pin_project! {
    /// A call with a fallback, in flight.
    #[must_use = "nothing is sent before it is awaited"]
    pub struct FallingBack<C, F> {
        #[pin]
        pub(crate) call: C,
        pub(crate) fallback: Option<F>,
    }
}

/// What a call ends with, and what becomes of it with a fallback's value in place of an error.
pub trait FallsBack<F> {
    /// It, without the error.
    type Output;

    /// Runs the fallback if there is an error.
    fn fall_back(self, fallback: F) -> Self::Output;
}

impl<T, E, F: FnOnce(GaveUp<T, E>) -> T> FallsBack<F> for Result<T, GaveUp<T, E>> {
    type Output = T;

    #[inline]
    fn fall_back(self, fallback: F) -> T {
        self.unwrap_or_else(fallback)
    }
}

#[cfg(feature = "alloc")]
impl<T, E, D, F: FnOnce(GaveUp<T, E>) -> T> FallsBack<F> for (Result<T, GaveUp<T, E>>, Report<D>) {
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
