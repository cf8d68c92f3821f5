//! The future of a call that ends with its result and a report.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{AsPolicy, Gate, GaveUp, Hook, IntoTerms, Judge, NoDetail, Recorder, Report, Terms};
use pin_project_lite::pin_project;

use crate::driver::Driver;
use crate::fallback::{Fallback, FallingBack};
use crate::fast_path::FirstPoll;
use crate::machine::Machine;
use crate::operation::Operation;
use crate::room::{Lanes, Room};
use crate::run::Running;
use crate::timer::Timer;

pin_project! {
    /// The future of a call that ends with its result and a report, made by [`Driver::report`] and
    /// [`Driver::report_with`].
    #[must_use = "nothing is sent before it is awaited"]
    pub struct Reporting<M, O, S, R = Lanes<1>>
    where
        M: Timer,
        O: Operation,
        S: IntoTerms,
        R: Room,
    {
        #[pin]
        run: Running<M, O, S, R>,
    }
}

/// A function that gives no detail of an outcome.
pub(crate) type Nothing<T, E> = fn(&Result<T, E>) -> NoDetail;

/// Terms whose hook records the log.
pub(crate) type Recorded<P, J, H, G, F, D> = Terms<P, J, Recorder<H, F, D>, G>;

impl<M, O, P, J, H, G, const LANES: usize> Driver<M, O, Terms<P, J, H, G>, LANES>
where
    M: Timer,
    O: Operation,
    P: AsPolicy,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    Lanes<LANES>: Room,
{
    /// Makes the future of the call, which ends with its result and a report: why it ended, how often and when it was
    /// sent.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let (result, report) = timer.block_on(
    ///     retry(timer.clone(), Policy::zero(), |attempt| async move { if attempt.id < 3 { Err("no") } else { Ok(7) } })
    ///         .report(),
    /// );
    /// assert_eq!(result.ok(), Some(7));
    /// assert_eq!((report.attempts, report.retries, report.reason), (3, 2, None));
    /// println!("{}", report.log); // one line an attempt
    /// ```
    pub fn report(self) -> Reporting<M, O, Recorded<P, J, H, G, Nothing<O::Value, O::Error>, NoDetail>, Lanes<LANES>> {
        self.report_with(|_| NoDetail)
    }

    /// Makes the same future, with a detail of each outcome in the log: its status or its error, for example.
    pub fn report_with<F, D>(self, describe: F) -> Reporting<M, O, Recorded<P, J, H, G, F, D>, Lanes<LANES>>
    where
        F: FnMut(&Result<O::Value, O::Error>) -> D,
    {
        Reporting { run: Running::new(self.record(describe)) }
    }
}

impl<M, O, P, J, H, G, const LANES: usize> Driver<M, O, Terms<P, J, H, G>, LANES> {
    pub(crate) fn record<F, D>(self, describe: F) -> Driver<M, O, Recorded<P, J, H, G, F, D>, LANES> {
        let Self { timer, operation, terms } = self;
        Driver { timer, operation, terms: terms.map_hook(|hook| Recorder::new(hook, describe)) }
    }
}

impl<M, O, P, J, H, G, F, D, R> Future for Reporting<M, O, Recorded<P, J, H, G, F, D>, R>
where
    M: Timer,
    O: Operation,
    P: AsPolicy,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    F: FnMut(&Result<O::Value, O::Error>) -> D,
    R: Room,
{
    type Output = (Result<O::Value, GaveUp<O::Error, O::Value>>, Report<D>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut run = self.project().run;
        let news = match run.as_mut().first_poll(context) {
            FirstPoll::GoOn { news } => news,
            FirstPoll::Accepted(_) | FirstPoll::Pending => unreachable!("a recorder listens"),
        };
        let finished = ready!(run.go_on(context, news));
        Poll::Ready(finished.call.report(finished.end, finished.started, finished.hook.take_log()))
    }
}

impl<M, O, S, R> fmt::Debug for Reporting<M, O, S, R>
where
    M: Timer,
    O: Operation,
    S: IntoTerms,
    R: Room,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporting").finish_non_exhaustive()
    }
}

impl<M, O, P, J, H, G, F, const LANES: usize> Fallback<Driver<M, O, Terms<P, J, H, G>, LANES>, F>
where
    M: Timer,
    O: Operation,
    P: AsPolicy,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    F: FnOnce(GaveUp<O::Error, O::Value>) -> O::Value,
    Lanes<LANES>: Room,
{
    /// Makes the future of the call, which ends with a value and a report; [`Report::fell_back`] says whether the value
    /// is the fallback's.
    ///
    /// ```
    /// use insist_futures::{Policy, Reason, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let (value, report) = timer.block_on(
    ///     retry(timer.clone(), Policy::zero(), |_| async { Err("down") }).fallback(|_| 7).report(),
    /// );
    /// assert_eq!((value, report.fell_back, report.reason), (7, true, Some(Reason::Attempts)));
    /// ```
    pub fn report(
        self,
    ) -> FallingBack<Reporting<M, O, Recorded<P, J, H, G, Nothing<O::Value, O::Error>, NoDetail>, Lanes<LANES>>, F>
    {
        FallingBack { call: self.driver.report(), fallback: Some(self.fallback) }
    }
}
