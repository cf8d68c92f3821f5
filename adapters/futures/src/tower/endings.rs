//! The words of a layer about how its calls end: reports, and errors of the service's own.

use insist_core::Report;

use super::layer::Layer;
use super::own_errors::OwnErrors;
use super::per_request::PerRequest;
use super::reported::{NoDescription, Reported};

impl<M, P, J, H, G, R, C, K, const LANES: usize> Layer<M, PerRequest<P, J, H, G, R, C, K>, LANES> {
    /// Sets a function that is shown the report of each call when it is over: how it ended, and when each attempt was
    /// sent. Nothing can be set after it but [`own_errors`](Reported::own_errors).
    ///
    /// A call that is dropped before its end has no report.
    ///
    /// ```
    /// use insist_futures::{NoDetail, Policy, Report, VirtualTimer, tower::Layer};
    /// use tower::{Layer as _, ServiceExt, service_fn};
    ///
    /// let timer = VirtualTimer::new();
    /// let layer = Layer::<VirtualTimer>::retry(Policy::zero()).timer(timer.clone()).on_report(|report: &Report| {
    ///     assert_eq!(report.attempts, 3);
    ///     println!("{report}"); // a sentence, and a line for each attempt
    /// });
    /// let service = layer.layer(service_fn(|_: ()| async { Err::<(), _>("busy") }));
    /// assert!(timer.block_on(service.oneshot(())).is_err());
    /// ```
    pub fn on_report<W>(self, tell: W) -> Reported<Self, NoDescription, W>
    where
        W: Fn(&Report) + Clone,
    {
        Reported { layer: self, describe: NoDescription, tell }
    }

    /// Does the same, with a detail of each outcome in the report's log: a status, for example.
    pub fn on_report_with<F, T, E, D, W>(self, describe: F, tell: W) -> Reported<Self, F, W>
    where
        F: Fn(&Result<T, E>) -> D + Clone,
        W: Fn(&Report<D>) + Clone,
    {
        Reported { layer: self, describe, tell }
    }

    /// Makes the service's own error the error of a call that ended without one too: it has to be convertible from
    /// [`NoOutcome`](crate::NoOutcome), as a box of errors is. Nothing can be set after it.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, tower::{BoxError, Layer}};
    /// use tower::{Layer as _, ServiceExt, service_fn};
    ///
    /// let timer = VirtualTimer::new();
    /// let layer = Layer::<VirtualTimer>::retry(Policy::zero().attempts(0)).timer(timer.clone()).own_errors();
    /// let service = layer.layer(service_fn(|_: ()| async { Ok::<_, BoxError>(()) }));
    /// let error: BoxError = timer.block_on(service.oneshot(())).unwrap_err();
    /// assert!(error.to_string().contains("attempts is 0"));
    /// ```
    pub fn own_errors(self) -> OwnErrors<Self> {
        OwnErrors(self)
    }
}
