//! `retry_local`: async closures that borrow what they captured, also mutably, in one lane.

use core::fmt;
use core::future::{IntoFuture, Pending};
use core::marker::PhantomData;

#[cfg(feature = "alloc")]
use insist_core::{AsPolicy, Gate, Hook, Judge, NoDetail, Report, Terms};
use insist_core::{Attempt, GaveUp, IntoTerms, SaysNoOutcome, TermsOf};

use crate::driver::Driver;
use crate::fallback::Fallback;
use crate::lent::lend;
use crate::machine::Machine;
use crate::operation::Outcomes;
use crate::terms::TermsFor;
use crate::timer::Timer;

/// An async closure and the types of its value and error, made by [`retry_local`].
pub struct Local<F, T, E> {
    pub(crate) operation: F,
    outcomes: PhantomData<fn() -> Result<T, E>>,
}

impl<F, T, E> fmt::Debug for Local<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}

impl<F, T, E> Outcomes for Local<F, T, E> {
    type Value = T;
    type Error = E;
}

/// Describes a call of an async closure that borrows what it captured, also mutably: a connection, a transaction, a
/// buffer. Its attempts are sent one after the other.
///
/// It has the methods of [`retry`](crate::retry()), and ends with `call().await`, `try_call().await` or
/// `report().await`; `.await` alone would need a box. Its future is for executors that keep a task on its thread:
/// today's compiler cannot prove that an async closure with a captured reference is `Send`. Where the call is to be
/// spawned, let the closure own what it uses (`async move |_| …`), or let [`retry`](crate::retry()) clone what its
/// attempts need.
///
/// ```
/// use insist_futures::{Policy, VirtualTimer, retry_local};
///
/// struct Connection { queries: u32 }
///
/// impl Connection {
///     async fn query(&mut self) -> Result<u32, &'static str> {
///         self.queries += 1;
///         if self.queries < 3 { Err("busy") } else { Ok(self.queries) }
///     }
/// }
///
/// let timer = VirtualTimer::new();
/// let connection = &mut Connection { queries: 0 };
/// let rows = timer.block_on(retry_local(timer.clone(), Policy::zero(), async |_| connection.query().await).call());
/// assert_eq!(rows, Ok(3));
/// ```
#[inline]
pub fn retry_local<M, S, F, T, E>(timer: M, terms: S, operation: F) -> Driver<M, Local<F, T, E>, TermsOf<S>>
where
    S: IntoTerms,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
{
    Driver { timer, operation: Local { operation, outcomes: PhantomData }, terms: terms.into_terms() }
}

impl<M, F, T, E, S> Driver<M, Local<F, T, E>, S>
where
    M: Timer,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
    S: TermsFor<T, E>,
{
    /// Makes the call, and returns the operation's own result: the accepted one, or else the last one.
    ///
    /// # Errors
    ///
    /// The operation's own error, or [`NoOutcome`](crate::NoOutcome) converted to its type if no attempt had an
    /// outcome.
    pub async fn call(self) -> Result<T, E>
    where
        E: SaysNoOutcome,
    {
        lend(self, |finished| finished.call.result(finished.end)).await
    }

    /// Makes the call, and says why if it gives up.
    ///
    /// # Errors
    ///
    /// [`GaveUp`], whose source is the last error if there is one.
    pub async fn try_call(self) -> Result<T, GaveUp<E>> {
        lend(self, |finished| finished.call.conclude(finished.end).map_err(GaveUp::without_value)).await
    }
}

/// The output of a call of [`retry_local`] that is awaited without a finisher, which would need a box. Its name says
/// what to write: `.call().await`, `.try_call().await` or `.report().await`.
///
/// Such a program does not build.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is sent: end a call of `retry_local` with `.call()`, `.try_call()` or `.report()`, and await that"]
pub struct EndWithCallOrTryCallOrReport(());

impl<M, F, T, E, S> IntoFuture for Driver<M, Local<F, T, E>, S> {
    type Output = EndWithCallOrTryCallOrReport;
    type IntoFuture = Pending<EndWithCallOrTryCallOrReport>;

    fn into_future(self) -> Self::IntoFuture {
        const { panic!("end a call of `retry_local` with `.call()`, `.try_call()` or `.report()`, and await that") }
    }
}

#[cfg(feature = "alloc")]
impl<M, F, T, E, P, J, H, G> Driver<M, Local<F, T, E>, Terms<P, J, H, G>>
where
    M: Timer,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
    P: AsPolicy,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
{
    /// Makes the call, and returns its result with a report.
    pub async fn report(self) -> (Result<T, GaveUp<E, T>>, Report) {
        self.report_with(|_| NoDetail).await
    }

    /// Makes the call, and returns its result with a report whose log has a detail of each outcome.
    pub async fn report_with<D>(
        self,
        describe: impl FnMut(&Result<T, E>) -> D,
    ) -> (Result<T, GaveUp<E, T>>, Report<D>) {
        lend(self.record(describe), |finished| {
            finished.call.report(finished.end, finished.started, finished.hook.take_log())
        })
        .await
    }
}

impl<M, F, T, E, S, B> Fallback<Driver<M, Local<F, T, E>, S>, B>
where
    M: Timer,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
    S: TermsFor<T, E>,
    B: FnOnce(GaveUp<E, T>) -> T,
{
    /// Makes the call, and returns the accepted value, or else the fallback's.
    pub async fn call(self) -> T {
        let Self { driver, fallback } = self;
        lend(driver, |finished| finished.call.conclude(finished.end)).await.unwrap_or_else(fallback)
    }
}

#[cfg(feature = "alloc")]
impl<M, F, T, E, P, J, H, G, B> Fallback<Driver<M, Local<F, T, E>, Terms<P, J, H, G>>, B>
where
    M: Timer,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
    P: AsPolicy,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
    B: FnOnce(GaveUp<E, T>) -> T,
{
    /// Makes the call, and returns its value with a report; `Report::fell_back` says whether the value is the
    /// fallback's.
    pub async fn report(self) -> (T, Report) {
        let Self { driver, fallback } = self;
        crate::fallback::FallsBack::fall_back(driver.report().await, fallback)
    }
}
