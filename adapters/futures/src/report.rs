//! The future of a call that is reported, whatever comes of it.

use core::future::Future;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{Backoff, Gate, GaveUp, Hook, Instant, Judge, NoDetail, Policy, Recorder, Report};

use crate::driver::Driver;
use crate::fallback::{Fallback, FallingBack};
use crate::operation::Operation;
use crate::run::{Run, Running};
use crate::slots::{Lanes, Room};
use crate::timer::Timer;

/// A call that is reported, made by [`Driver::report`] and [`Driver::report_with`].
pub type Reporting<M, P, O, J, H, G, F, D, const LANES: usize> = Run<M, P, O, J, Recorder<H, F, D>, G, Reported, LANES>;

/// Ends with the result and a report.
#[derive(Debug)]
pub enum Reported {}

/// What says nothing of an outcome.
type Nothing<T, E> = fn(&Result<T, E>) -> NoDetail;

impl<M, P, B, O, J, H, G, const LANES: usize> Driver<M, P, O, J, H, G, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    Lanes<LANES>: Room,
{
    /// The future of the call, which reports whatever came of it: why it ended, how often and when it was sent.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let (result, report) = timer.block_on(
    ///     retry(timer.clone(), &Policy::zero(), |attempt| async move { if attempt.id < 3 { Err("no") } else { Ok(7) } })
    ///         .report(),
    /// );
    /// assert_eq!(result.ok(), Some(7));
    /// assert_eq!((report.attempts, report.retries, report.reason), (3, 2, None));
    /// println!("{}", report.log); // one line an attempt
    /// ```
    #[allow(clippy::type_complexity)] // Written out, a future that can be named.
    pub fn report(self) -> Reporting<M, P, O, J, H, G, Nothing<O::Value, O::Error>, NoDetail, LANES> {
        self.report_with(|_| NoDetail)
    }

    /// The same, with a detail of each outcome in the log: its status or its error, for example.
    pub fn report_with<F, D>(self, detail: F) -> Reporting<M, P, O, J, H, G, F, D, LANES>
    where
        F: FnMut(&Result<O::Value, O::Error>) -> D,
    {
        let policy: &Policy<B> = &self.described.policy;
        let recorder = Recorder::new((), policy, detail);
        let driver: Driver<_, _, _, _, _, _, LANES> = self.hook_with(|hook| recorder.with_hook(hook));
        Running::start(driver.described)
    }
}

impl<M, P, B, O, J, H, G, F, D, const LANES: usize> Future for Reporting<M, P, O, J, H, G, F, D, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    F: FnMut(&Result<O::Value, O::Error>) -> D,
    Lanes<LANES>: Room,
{
    type Output = (Result<O::Value, GaveUp<O::Value, O::Error>>, Report<D>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let finished = ready!(self.go_on(context));
        let started = finished.hook.started().unwrap_or(Instant::ZERO);
        let log = finished.hook.take_log();
        Poll::Ready(finished.ended.report(finished.call, started, log))
    }
}

impl<M, P, B, O, J, H, G, F, const LANES: usize> Fallback<Driver<M, P, O, J, H, G, LANES>, F>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    F: FnOnce(GaveUp<O::Value, O::Error>) -> O::Value,
    Lanes<LANES>: Room,
{
    /// The future of the call, which gives a value and a report; [`Report::fell_back`] says whether the value is the
    /// fallback's.
    ///
    /// ```
    /// use insist_futures::{Policy, Reason, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let (value, report) = timer.block_on(
    ///     retry(timer.clone(), &Policy::zero(), |_| async { Err("down") }).fallback(|_| 7).report(),
    /// );
    /// assert_eq!((value, report.fell_back, report.reason), (7, true, Some(Reason::Attempts)));
    /// ```
    #[allow(clippy::type_complexity)] // Written out, a future that can be named.
    pub fn report(self) -> FallingBack<Reporting<M, P, O, J, H, G, Nothing<O::Value, O::Error>, NoDetail, LANES>, F> {
        FallingBack { call: self.driver.report(), fallback: Some(self.fallback) }
    }
}
