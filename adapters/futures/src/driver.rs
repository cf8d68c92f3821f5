//! The builder of a call: the methods that `retry` and `race` share.

use core::fmt;

use insist_core::{Event, Gate, GaveUp, Hook, Judge, OnRetry, Repeat, Retrying, Terms, Verdict, When};
#[cfg(feature = "metrics")]
use insist_metrics::Metrics;
#[cfg(feature = "tracing")]
use insist_tracing::Tracing;

use crate::fallback::Fallback;
use crate::operation::{Operation, Outcomes};
use crate::room::{Lanes, Room};

/// The builder of a call, made by [`retry`](crate::retry()), [`race`](crate::race()) or
/// [`retry_local`](crate::retry_local()). Nothing is sent before it is awaited, directly or through
/// [`call`](Self::call), [`try_call`](Self::try_call) or `report`.
///
/// Its parameters are the timer, the operation, the [`Terms`], and the number of lanes that there is room for. Where
/// two methods set the same thing (`when` and `judge`, for example), the last one counts.
///
/// The future can be sent to another thread if the operation's futures can.
#[must_use = "nothing is sent before it is awaited"]
pub struct Driver<M, O, S, const LANES: usize = 1> {
    pub(crate) timer: M,
    pub(crate) operation: O,
    pub(crate) terms: S,
}

impl<M, O: Outcomes, P, J, H, G, const LANES: usize> Driver<M, O, Terms<P, J, H, G>, LANES> {
    #[inline]
    fn map<S>(self, map: impl FnOnce(Terms<P, J, H, G>) -> S) -> Driver<M, O, S, LANES> {
        let Self { timer, operation, terms } = self;
        Driver { timer, operation, terms: map(terms) }
    }

    /// Sets which errors are retried; the others stop the call. Default: all. An `Ok` is accepted.
    #[inline]
    pub fn when<W: FnMut(&O::Error) -> bool>(self, is_retried: W) -> Driver<M, O, Terms<P, When<W>, H, G>, LANES> {
        self.map(|terms| terms.judge_with(When(is_retried)))
    }

    /// Sets a function that judges every outcome, in place of [`when`](Self::when): accept, retry (after the wait that
    /// the server asks for, if any), or stop. It may retry an `Ok` and accept an `Err`.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_futures::{Policy, Verdict, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let status = timer.block_on(async {
    ///     retry(timer.clone(), Policy::zero(), |attempt| async move {
    ///         Ok::<u16, std::io::Error>(if attempt.id == 1 { 503 } else { 404 })
    ///     })
    ///     .judge(|outcome| match outcome {
    ///         Ok(503) => Verdict::retry().after(Duration::from_secs(2)), // the server's Retry-After
    ///         Ok(_) => Verdict::Accept,
    ///         Err(_) => Verdict::retry(),
    ///     })
    ///     .call()
    ///     .await
    /// });
    /// assert_eq!(status.unwrap(), 404);
    /// assert!(timer.elapsed() >= Duration::from_secs(2));
    /// ```
    #[inline]
    pub fn judge<W>(self, judge: W) -> Driver<M, O, Terms<P, W, H, G>, LANES>
    where
        W: FnMut(&Result<O::Value, O::Error>) -> Verdict,
    {
        self.map(|terms| terms.judge_with(judge))
    }

    /// Sets a [`Judge`] of any kind.
    #[inline]
    pub fn judge_with<W: Judge<O::Value, O::Error>>(self, judge: W) -> Driver<M, O, Terms<P, W, H, G>, LANES> {
        self.map(|terms| terms.judge_with(judge))
    }

    /// Sets a hook: it sees every decision, in order, as it is made. Default: none.
    #[inline]
    pub fn notify<W>(self, hook: W) -> Driver<M, O, Terms<P, J, W, G>, LANES>
    where
        W: FnMut(&Event<'_, O::Value, O::Error>),
    {
        self.map(|terms| terms.notify_with(hook))
    }

    /// Sets a [`Hook`] of any kind.
    #[inline]
    pub fn notify_with<W: Hook<O::Value, O::Error>>(self, hook: W) -> Driver<M, O, Terms<P, J, W, G>, LANES> {
        self.map(|terms| terms.notify_with(hook))
    }

    /// Adds a function that is told of each coming retry (what failed, and the wait), besides the hook set before.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// let (timer, mut lines) = (VirtualTimer::new(), Vec::new());
    /// let call = retry(timer.clone(), Policy::zero(), |attempt| async move {
    ///     if attempt.id < 2 { Err("busy") } else { Ok(()) }
    /// });
    /// let result = timer.block_on(call.on_retry(|retrying| lines.push(retrying.to_string())).call());
    /// assert!(result.is_ok());
    /// assert_eq!(lines, ["attempt 1 failed: busy; next in 0ns"]);
    /// ```
    #[inline]
    pub fn on_retry<W>(self, function: W) -> Driver<M, O, Terms<P, J, (H, OnRetry<W>), G>, LANES>
    where
        W: FnMut(&Retrying<'_, O::Value, O::Error>),
    {
        self.map(|terms| terms.map_hook(|hook| (hook, OnRetry::new(function))))
    }

    /// Tells `tracing` what the call decides, besides the hook that was set before. Its attempts run in their spans.
    ///
    /// The span of the call is opened here, inside the current one. If no subscriber wants it, this does nothing. For
    /// errors that are not `Display`, use `.notify_with(Tracing::new().debug_errors())` instead.
    #[cfg(feature = "tracing")]
    pub fn trace(self) -> Driver<M, O, Terms<P, J, (H, Tracing), G>, LANES>
    where
        Tracing: Hook<O::Value, O::Error>,
    {
        self.map(|terms| terms.map_hook(|hook| (hook, Tracing::new())))
    }

    /// Does the same as [`trace`](Self::trace), and names the call: `get price`, for example.
    #[cfg(feature = "tracing")]
    pub fn trace_as(self, name: &str) -> Driver<M, O, Terms<P, J, (H, Tracing), G>, LANES>
    where
        Tracing: Hook<O::Value, O::Error>,
    {
        self.map(|terms| terms.map_hook(|hook| (hook, Tracing::named(name))))
    }

    /// Counts and times the call, its attempts and its waits through the `metrics` crate, besides the hook that was set
    /// before. [`insist_metrics`] lists the metrics. If no recorder is installed, this does nothing. A call that is
    /// dropped counts as cancelled.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let call = retry(timer.clone(), Policy::zero(), |_| async { Ok::<_, std::io::Error>(7) });
    /// assert_eq!(timer.block_on(call.metrics().call()).unwrap(), 7);
    /// ```
    #[cfg(feature = "metrics")]
    pub fn metrics(self) -> Driver<M, O, Terms<P, J, (H, Metrics), G>, LANES> {
        self.map(|terms| terms.map_hook(|hook| (hook, Metrics::new())))
    }

    /// Does the same as [`metrics`](Self::metrics), and labels the metrics with the call's name: `price`, for example.
    #[cfg(feature = "metrics")]
    pub fn metrics_as(self, name: &'static str) -> Driver<M, O, Terms<P, J, (H, Metrics), G>, LANES> {
        self.map(|terms| terms.map_hook(|hook| (hook, Metrics::named(name))))
    }

    /// Sets state that many calls share, which can delay or refuse an attempt: a reference, an `Arc`, a tuple of these,
    /// or an `Option`. Default: `()`, which does neither.
    #[inline]
    pub fn gate<W: Gate>(self, gate: W) -> Driver<M, O, Terms<P, J, H, W>, LANES> {
        self.map(|terms| terms.gate(gate))
    }

    /// Sets which failures may be followed by another attempt. Default: all; any other setting makes the call use one
    /// lane.
    #[inline]
    pub fn repeat(self, repeat: Repeat) -> Self {
        self.map(|terms| terms.repeat(repeat))
    }

    /// Sets the seed that the waits are drawn from. Default: one that the timer gives at the first failure.
    #[inline]
    pub fn seed(self, seed: u64) -> Self {
        self.map(|terms| terms.seed(seed))
    }

    /// Sets a function whose value is returned instead of an error: a cached value, a default, an empty list. It is
    /// told why the call gave up, and runs once, only if the call gives up.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// let timer = VirtualTimer::new();
    /// let price = timer.block_on(async {
    ///     retry(timer.clone(), Policy::zero().attempts(2), |_| async { Err::<u32, _>("the shop is closed") })
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
        F: FnOnce(GaveUp<O::Error, O::Value>) -> O::Value,
    {
        Fallback { driver: self, fallback }
    }
}

impl<M, O: Operation, S, const LANES: usize> Driver<M, O, S, LANES> {
    /// Makes room for this many lanes: 1 to 8, 12 or 16, each of which takes the size of an attempt's future. A policy
    /// with more is refused as invalid before anything is sent.
    #[inline]
    pub fn room<const ROOM: usize>(self) -> Driver<M, O, S, ROOM>
    where
        Lanes<ROOM>: Room,
    {
        let Self { timer, operation, terms } = self;
        Driver { timer, operation, terms }
    }
}

impl<M, O, S, const LANES: usize> fmt::Debug for Driver<M, O, S, LANES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("lanes", &LANES).finish_non_exhaustive()
    }
}
