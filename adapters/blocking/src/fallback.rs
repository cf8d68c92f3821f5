//! Fallbacks: a value in place of an error, for calls that give up.

use insist_core::{GaveUp, NoDetail, Recorder, Report, Terms};

use crate::Driver;
use crate::finish::Undescribed;
use crate::way::{Run, Way};

/// A call that returns the fallback's value when it gives up, so it cannot fail. Made by [`Driver::fallback`].
#[derive(Debug)]
#[must_use = "nothing is sent before call or report"]
pub struct Fallback<D, F> {
    driver: D,
    fallback: F,
}

impl<W: Way, S> Driver<W, S> {
    /// Sets a function whose value is returned instead of an error: a cached value, a default, an empty list. It is
    /// told why the call gave up, and runs once, on the caller's thread, only if the call gives up.
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
    F: FnOnce(GaveUp<W::Error, W::Value>) -> W::Value,
{
    /// Makes the call, and returns its value or the fallback's.
    pub fn call(self) -> W::Value
    where
        W: Run<P, J, H, G>,
    {
        self.driver.conclude().unwrap_or_else(self.fallback)
    }

    /// Makes the call, and returns its value with a report; [`Report::fell_back`] says whether the value is the
    /// fallback's.
    ///
    /// ```
    /// use insist_blocking::{Policy, Reason, retry};
    ///
    /// let (value, report) = retry(Policy::zero(), |_| Err("down")).fallback(|_| 7).report();
    /// assert_eq!((value, report.fell_back, report.reason), (7, true, Some(Reason::Attempts)));
    /// ```
    pub fn report(self) -> (W::Value, Report)
    where
        W: Run<P, J, Recorder<H, Undescribed<W>, NoDetail>, G>,
    {
        self.report_with((|_| NoDetail) as Undescribed<W>)
    }

    /// Makes the call, and returns its value with a report whose log has a detail of each outcome.
    pub fn report_with<D, K>(self, describe: K) -> (W::Value, Report<D>)
    where
        K: FnMut(&Result<W::Value, W::Error>) -> D,
        W: Run<P, J, Recorder<H, K, D>, G>,
    {
        let (result, mut report) = self.driver.report_with(describe);
        let value = result.unwrap_or_else(|gave_up| {
            report.fell_back = true;
            (self.fallback)(gave_up)
        });
        (value, report)
    }
}
