//! Fallbacks: a value that is good enough, for calls that give up.

use insist_core::{AsPolicy, Gate, GaveUp, Hook, Judge, NoDetail, Report, Terms};

use crate::Driver;
use crate::way::Way;

/// A call that cannot fail: what it gives when it gives up is the fallback's. Made by [`Driver::fallback`].
#[derive(Debug)]
#[must_use = "nothing is sent before call or report"]
pub struct Fallback<D, F> {
    driver: D,
    fallback: F,
}

impl<W: Way, S> Driver<W, S> {
    /// Sets what the call gives when it gives up, instead of an error: a cached value, a default, an empty list. The
    /// function is told why; it runs once, on the caller's thread, and only if the call gives up.
    ///
    /// ```
    /// use insist_blocking::{Policy, retry};
    ///
    /// let price = retry(Policy::zero().attempts(2), |_| Err::<u32, _>("the shop is closed"))
    ///     .fallback(|gave_up| {
    ///         eprintln!("yesterday's price it is: {gave_up:#}");
    ///         100
    ///     })
    ///     .call();
    /// assert_eq!(price, 100);
    /// ```
    #[inline]
    pub fn fallback<F>(self, fallback: F) -> Fallback<Self, F>
    where
        F: FnOnce(GaveUp<W::Error, W::Value>) -> W::Value,
    {
        Fallback { driver: self, fallback }
    }
}

impl<W, P, J, H, G, F> Fallback<Driver<W, Terms<P, J, H, G>>, F>
where
    W: Way,
    P: AsPolicy,
    J: Judge<W::Value, W::Error>,
    H: Hook<W::Value, W::Error>,
    G: Gate,
    F: FnOnce(GaveUp<W::Error, W::Value>) -> W::Value,
{
    /// Carries the call out, and returns its value or the fallback's.
    pub fn call(self) -> W::Value {
        self.driver.conclude().unwrap_or_else(self.fallback)
    }

    /// Carries the call out, and reports what came of it; [`Report::fell_back`] says whether the value is the
    /// fallback's.
    ///
    /// ```
    /// use insist_blocking::{Policy, Reason, retry};
    ///
    /// let (value, report) = retry(Policy::zero(), |_| Err("down")).fallback(|_| 7).report();
    /// assert_eq!((value, report.fell_back, report.reason), (7, true, Some(Reason::Attempts)));
    /// ```
    pub fn report(self) -> (W::Value, Report) {
        self.report_with(|_| NoDetail)
    }

    /// Carries the call out, and reports it with a detail of each outcome in the log.
    pub fn report_with<D>(self, describe: impl FnMut(&Result<W::Value, W::Error>) -> D) -> (W::Value, Report<D>) {
        let (result, mut report) = self.driver.report_with(describe);
        let value = result.unwrap_or_else(|gave_up| {
            report.fell_back = true;
            (self.fallback)(gave_up)
        });
        (value, report)
    }
}
