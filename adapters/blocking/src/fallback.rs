//! What a call gives when it gives up: a value that is good enough.

use insist_core::{Backoff, Gate, GaveUp, Hook, Judge, NoDetail, Report};

use crate::LiveAttempt;
use crate::clock::Clock;
use crate::driver::{Cancels, Driver, OnCaller, OnThreads};

/// A call that cannot fail: what it gives when it gives up is the fallback's. Made by [`Driver::fallback`].
#[derive(Debug)]
#[must_use = "nothing is sent before call or report"]
pub struct Fallback<D, F> {
    driver: D,
    fallback: F,
}

impl<'a, W, T, E, B, J, H, G, K> Driver<'a, W, T, E, B, J, H, G, K> {
    /// What the call gives when it gives up, instead of an error: a cached value, a default, an empty list. The
    /// function is told why; it runs once, on the caller's thread, and only if the call gives up.
    ///
    /// ```
    /// use insist_blocking::{Policy, retry};
    ///
    /// let policy = Policy::zero().attempts(2);
    /// let price = retry(&policy, |_| Err::<u32, _>("the shop is closed"))
    ///     .fallback(|gave_up| {
    ///         eprintln!("yesterday's price it is: {gave_up}");
    ///         100
    ///     })
    ///     .call();
    /// assert_eq!(price, 100);
    /// ```
    #[inline]
    pub fn fallback<F: FnOnce(GaveUp<T, E>) -> T>(self, fallback: F) -> Fallback<Self, F> {
        Fallback { driver: self, fallback }
    }
}

impl<D, F> Fallback<D, F> {
    /// Carries it out.
    pub fn call<T, E>(self) -> T
    where
        D: Carries<T, E>,
        F: FnOnce(GaveUp<T, E>) -> T,
    {
        self.driver.carry_out().unwrap_or_else(self.fallback)
    }

    /// Carries it out, and reports what came of it; [`Report::fell_back`] says whether the value is the fallback's.
    ///
    /// ```
    /// use insist_blocking::{Policy, Reason, retry};
    ///
    /// let (value, report) = retry(&Policy::zero(), |_| Err("down")).fallback(|_| 7).report();
    /// assert_eq!((value, report.fell_back, report.reason), (7, true, Some(Reason::Attempts)));
    /// ```
    pub fn report<T, E>(self) -> (T, Report)
    where
        D: Carries<T, E>,
        F: FnOnce(GaveUp<T, E>) -> T,
    {
        match self.driver.carry_out_and_report() {
            (Ok(value), report) => (value, report),
            (Err(gave_up), mut report) => {
                report.fell_back = true;
                ((self.fallback)(gave_up), report)
            }
        }
    }
}

/// A call that is described, wherever its attempts run: what [`retry`](crate::retry) and [`race`](crate::race) give.
pub trait Carries<T, E>: Sized {
    /// `try_call`.
    #[doc(hidden)]
    fn carry_out(self) -> Result<T, GaveUp<T, E>>;

    /// `report`.
    #[doc(hidden)]
    fn carry_out_and_report(self) -> (Result<T, GaveUp<T, E>>, Report<NoDetail>);
}

impl<'a, F, C, T, E, B, J, H, G, K> Carries<T, E> for Driver<'a, OnCaller<F, C>, T, E, B, J, H, G, K>
where
    F: FnMut(&LiveAttempt<'_>) -> Result<T, E>,
    C: Clock,
    B: Backoff,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
    K: Cancels<'a>,
{
    fn carry_out(self) -> Result<T, GaveUp<T, E>> {
        self.try_call()
    }

    fn carry_out_and_report(self) -> (Result<T, GaveUp<T, E>>, Report) {
        self.report()
    }
}

impl<'a, F, T, E, B, J, H, G, K> Carries<T, E> for Driver<'a, OnThreads<F>, T, E, B, J, H, G, K>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
    B: Backoff,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
    K: Cancels<'a>,
{
    fn carry_out(self) -> Result<T, GaveUp<T, E>> {
        self.try_call()
    }

    fn carry_out_and_report(self) -> (Result<T, GaveUp<T, E>>, Report) {
        self.report()
    }
}
