//! The builder of a call: the methods that `retry` and `race` share.

use insist_core::{Event, Gate, Hook, Judge, OnRetry, Repeat, Retrying, Terms, Verdict, When};

use crate::Canceller;
use crate::way::{FirstOnCaller, OnCaller, OnThreads, Way};

/// The builder of a call, made by [`retry`](crate::retry()) or [`race`](crate::race()). Nothing is sent before `call`,
/// `try_call` or `report`.
///
/// `W` says where the attempts run ([`OnCaller`], [`OnThreads`] or [`FirstOnCaller`]); `S` is its [`Terms`]: policy, judge, hook, gate.
/// Where two methods set the same thing (`when` and `judge`, for example), the last one counts.
#[derive(Debug)]
#[must_use = "nothing is sent before call, try_call or report"]
pub struct Driver<W, S> {
    pub(crate) way: W,
    pub(crate) terms: S,
}

impl<W: Way, P, J, H, G> Driver<W, Terms<P, J, H, G>> {
    /// Sets which errors are retried; the others stop the call. Default: all. An `Ok` is accepted.
    ///
    /// ```
    /// use std::io::{self, ErrorKind};
    /// use insist_blocking::{Policy, retry};
    ///
    /// let missing = retry(Policy::zero(), |_| Err::<(), _>(io::Error::from(ErrorKind::NotFound)))
    ///     .when(|error| error.kind() == ErrorKind::ConnectionRefused)
    ///     .try_call()
    ///     .unwrap_err();
    /// assert_eq!(missing.attempts, 1);
    /// ```
    #[inline]
    pub fn when<F: FnMut(&W::Error) -> bool>(self, is_retried: F) -> Driver<W, Terms<P, When<F>, H, G>> {
        self.judge_with(When(is_retried))
    }

    /// Sets a function that judges every outcome, in place of [`when`](Self::when): accept, retry (after the wait that
    /// the server asks for, if any), or stop.
    ///
    /// It may retry an `Ok` and accept an `Err`. It runs on the caller's thread and may borrow.
    ///
    /// ```
    /// use std::time::Duration;
    /// use insist_blocking::{Policy, Verdict, retry};
    ///
    /// let mut statuses = [503, 404].into_iter();
    /// let status = retry(Policy::zero(), |_| Ok::<u16, std::io::Error>(statuses.next().unwrap()))
    ///     .judge(|outcome| match outcome {
    ///         Ok(503) => Verdict::retry().exactly_after(Duration::from_millis(1)),
    ///         Ok(_) => Verdict::Accept,
    ///         Err(_) => Verdict::retry(),
    ///     })
    ///     .call()?;
    /// assert_eq!(status, 404);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn judge<F>(self, judge: F) -> Driver<W, Terms<P, F, H, G>>
    where
        F: FnMut(&Result<W::Value, W::Error>) -> Verdict,
    {
        self.judge_with(judge)
    }

    /// Sets a [`Judge`] of any kind.
    #[inline]
    pub fn judge_with<K: Judge<W::Value, W::Error>>(self, judge: K) -> Driver<W, Terms<P, K, H, G>> {
        self.map_terms(|terms| terms.judge_with(judge))
    }

    /// Sets a hook: it sees every decision, in order, as it is made, on the caller's thread. Default: none.
    #[inline]
    pub fn notify<F>(self, hook: F) -> Driver<W, Terms<P, J, F, G>>
    where
        F: FnMut(&Event<'_, W::Value, W::Error>),
    {
        self.notify_with(hook)
    }

    /// Sets a [`Hook`] of any kind.
    #[inline]
    pub fn notify_with<K: Hook<W::Value, W::Error>>(self, hook: K) -> Driver<W, Terms<P, J, K, G>> {
        self.map_terms(|terms| terms.notify_with(hook))
    }

    /// Adds a function that is told of each coming retry (what failed, and the wait), besides the hook set before.
    ///
    /// ```
    /// use insist_blocking::{Policy, retry};
    ///
    /// let mut lines = Vec::new();
    /// let _ = retry(Policy::zero(), |_| Err::<(), _>("busy")).on_retry(|retry| lines.push(retry.to_string())).call();
    /// assert_eq!(lines[0], "attempt 1 failed: busy; next in 0ns");
    /// ```
    #[inline]
    #[expect(clippy::type_complexity, reason = "users do not name it")]
    pub fn on_retry<F>(self, function: F) -> Driver<W, Terms<P, J, (H, OnRetry<F>), G>>
    where
        F: FnMut(&Retrying<'_, W::Value, W::Error>),
    {
        self.map_terms(|terms| terms.map_hook(|hook| (hook, OnRetry::new(function))))
    }

    /// Sets state that many calls share, which can delay or refuse an attempt: a reference, an `Arc`, a tuple of these,
    /// or an `Option`. Default: `()`, which does neither.
    #[inline]
    pub fn gate<K: Gate>(self, gate: K) -> Driver<W, Terms<P, J, H, K>> {
        self.map_terms(|terms| terms.gate(gate))
    }

    /// Sets which failures may be followed by another attempt. Default: all; any other setting makes the call use one
    /// lane.
    #[inline]
    pub fn repeat(self, repeat: Repeat) -> Self {
        self.map_terms(|terms| terms.repeat(repeat))
    }

    /// Sets the seed that the waits are drawn from. Default: a random one, drawn at the first failure.
    #[inline]
    pub fn seed(self, seed: u64) -> Self {
        self.map_terms(|terms| terms.seed(seed))
    }
}

#[cfg(feature = "tracing")]
impl<W: Way, P, J, H, G> Driver<W, Terms<P, J, H, G>> {
    /// Tells `tracing` what the call decides, besides the hook that was set before: spans for the call and its
    /// attempts, events for waits and for giving up. [`Tracing`](crate::Tracing) lists them.
    ///
    /// Errors are shown by their [`Display`](std::fmt::Display). For errors without one, use
    /// `.notify_with(Tracing::new().debug_errors())` instead.
    #[inline]
    pub fn trace(self) -> Driver<W, Terms<P, J, (H, crate::Tracing), G>>
    where
        W::Error: std::fmt::Display,
    {
        self.map_terms(|terms| terms.map_hook(|hook| (hook, crate::Tracing::new())))
    }

    /// Does the same as [`trace`](Self::trace), and names the call: `get price`, for example.
    #[inline]
    pub fn trace_as(self, name: &str) -> Driver<W, Terms<P, J, (H, crate::Tracing), G>>
    where
        W::Error: std::fmt::Display,
    {
        self.map_terms(|terms| terms.map_hook(|hook| (hook, crate::Tracing::named(name))))
    }
}

#[cfg(feature = "metrics")]
impl<W: Way, P, J, H, G> Driver<W, Terms<P, J, H, G>> {
    /// Counts and times the call, its attempts and its waits through the `metrics` crate, besides the hook that was set
    /// before. [`insist_metrics`] lists the metrics. If no recorder is installed, this does nothing.
    ///
    /// ```
    /// use insist_blocking::{Policy, retry};
    ///
    /// let value = retry(Policy::zero(), |_| Ok::<_, std::io::Error>(7)).metrics().call()?;
    /// # assert_eq!(value, 7);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn metrics(self) -> Driver<W, Terms<P, J, (H, crate::Metrics), G>> {
        self.map_terms(|terms| terms.map_hook(|hook| (hook, crate::Metrics::new())))
    }

    /// Does the same as [`metrics`](Self::metrics), and labels the metrics with the call's name: `price`, for example.
    #[inline]
    pub fn metrics_as(self, name: &'static str) -> Driver<W, Terms<P, J, (H, crate::Metrics), G>> {
        self.map_terms(|terms| terms.map_hook(|hook| (hook, crate::Metrics::named(name))))
    }
}

impl<W, S> Driver<W, S> {
    #[inline]
    fn map_terms<Z>(self, map: impl FnOnce(S) -> Z) -> Driver<W, Z> {
        Driver { way: self.way, terms: map(self.terms) }
    }
}

impl<'a, F, T, E, C, S> Driver<OnCaller<'a, F, T, E, C>, S> {
    /// Lets another thread cancel the call: its wait ends at once, and the operation is told. Default: no canceller.
    #[inline]
    pub fn cancel_with(mut self, canceller: &'a Canceller) -> Self {
        self.way.canceller = Some(canceller);
        self
    }

    /// Sets the clock that tells the time and sleeps, for tests that do not wait. Default:
    /// [`SystemClock`](crate::SystemClock).
    #[inline]
    pub fn clock<D: crate::Clock>(self, clock: D) -> Driver<OnCaller<'a, F, T, E, D>, S> {
        Driver { way: self.way.with_clock(clock), terms: self.terms }
    }
}

impl<'a, F, T, E, S> Driver<OnThreads<'a, F, T, E>, S> {
    /// Lets another thread cancel the call: its wait ends at once, and every attempt is told. Default: no canceller.
    #[inline]
    pub fn cancel_with(mut self, canceller: &'a Canceller) -> Self {
        self.way.canceller = Some(canceller);
        self
    }

    /// Runs the first attempt on this thread, and starts a thread only for an attempt that is sent while another runs: a
    /// hedge that is never sent costs no thread. Default: each attempt has a thread.
    ///
    /// The operation has to return soon after it is [cancelled](crate::LiveAttempt::on_cancel), because the call does not return
    /// before the attempt on this thread does. The policy, the judge, the hook and the gate have to be `Send + 'static`:
    /// they are used on the thread that has something to tell, one at a time. One timer thread serves all such calls of
    /// the process; it starts with the first that has a hedge, a timeout or a deadline, and ends when none has had one
    /// for 10 s.
    ///
    /// ```
    /// use std::sync::mpsc::{channel, RecvTimeoutError};
    /// use std::time::Duration;
    /// use insist_blocking::{Policy, race};
    ///
    /// const HEDGED: Policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(50));
    ///
    /// let caller = std::thread::current().id();
    /// let thread = race(HEDGED, move |attempt| {
    ///     let (stop, stopped) = channel();
    ///     attempt.on_cancel(move || _ = stop.send(())); // ends the work below, whatever it is
    ///     match stopped.recv_timeout(Duration::from_millis(1)) {
    ///         Err(RecvTimeoutError::Timeout) => Ok(std::thread::current().id()), // it was done in time
    ///         _ => Err("cancelled"),
    ///     }
    /// })
    /// .first_on_caller()
    /// .try_call();
    /// assert_eq!(thread.ok(), Some(caller));
    /// ```
    #[inline]
    pub fn first_on_caller(self) -> Driver<FirstOnCaller<'a, F, T, E>, S> {
        Driver { way: self.way.first_on_caller(), terms: self.terms }
    }
}

impl<'a, F, T, E, S> Driver<FirstOnCaller<'a, F, T, E>, S> {
    /// Lets another thread cancel the call: its wait ends at once, and every attempt is told. Default: no canceller.
    #[inline]
    pub fn cancel_with(mut self, canceller: &'a Canceller) -> Self {
        self.way.canceller = Some(canceller);
        self
    }
}
