//! A limit of attempts in flight that follows the latency: it grows while answers are fast, and sinks while they queue.

mod adapt;
mod formula;
mod validate;

use core::fmt;
use core::time::Duration;

use super::flight::Flight;
use super::ring::latency;
use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::{AttemptEnd, Cause};
use crate::time::{Instant, nanos};
use adapt::Adapting;
pub use validate::GradientLimitError;

/// A gate that bounds how many attempts are in flight, with a limit that follows the latency: the gradient controller of
/// Envoy's adaptive concurrency filter.
///
/// At the end of each window it works out
///
/// ```text
/// gradient = min(2, max(0.5, least latency × (1 + buffer) / latency of the window))
/// limit    = ⌊limit × gradient + √(limit × gradient)⌋, from the least to the most
/// ```
///
/// where the latency of the window is a percentile of what it saw, and the square root is room for bursts. The least latency
/// is measured: at the start, and then every interval, the limit is the least one until so many answers have come, and their
/// percentile is the least latency; then the limit is again what it was. It is also measured anew once five windows in a row
/// have left the limit at the least. A latency that is known can be [set](Self::least_latency) instead.
///
/// What counts is how long first sends and retries took that were answered, with whatever verdict, and as long as it was in
/// flight what timed out or lost to its hedge; the latter two do not while the least latency is measured. Failures that a
/// retry may mend and what its caller cancelled tell nothing, so that a server which fails fast does not look fast.
///
/// Defaults, as Envoy's: from 3 to 1000, the median, a buffer of 0.25, windows of 100 ms (those of its documentation's
/// example), 50 answers every 60 s (the same) and up to 15 % later, so that clients do not measure all at once. What finds
/// the limit reached is refused; with [`waiting`](Self::waiting) it is held back, which suits the times of measuring, when
/// few are let through.
///
/// It needs load: at 10 attempts a second it measures for 5 s of every minute, and an [`AimdLimit`](crate::AimdLimit) or a
/// [`Bulkhead`](crate::Bulkhead) does better. It grows as long as answers are fast, also where less is in flight than it
/// allows, so the most should be a number that does no harm. Against a server that fails fast combine it with a
/// [`Breaker`](crate::Breaker).
///
/// Source: Envoy, adaptive concurrency, `gradient_controller.cc`. There timers end windows; here they end with the first
/// attempt that is about to be sent or has ended after their time.
///
/// # Exactness
///
/// Limit and number in flight are one word: whatever the threads do, no attempt is let in beyond the limit of its moment.
/// The percentile is that of the nearest rank among the latest 128 of the window, the buffer counts in thousandths, the
/// gradient is rounded up to the next 2^-32, and the rest is done in whole numbers. One thread works out a window while the
/// others go on; what they add meanwhile may fall into either window.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Admission, AttemptEnd, Cause, Gate, GradientLimit, Instant, Settled};
///
/// static LIMIT: GradientLimit = GradientLimit::new(4, 100).least_latency(Duration::from_millis(8));
///
/// let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
/// let answered = |millis: u64, took: u64| {
///     assert_eq!(LIMIT.admit(at(millis - took), &Cause::FIRST), Admission::Yes);
///     LIMIT.settle(at(millis), &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, at(millis - took)));
/// };
/// answered(10, 10); // 8 ms and a quarter are 10 ms: the gradient is 1, and there is room for 4 + √4
/// answered(110, 20);
/// assert_eq!(LIMIT.state().to_string(), "0 in flight, limit 6, least latency 8ms");
/// ```
#[derive(Debug)]
pub struct GradientLimit {
    least: u32,
    most: u32,
    /// Thousandths of a percent.
    percentile: u32,
    /// Thousandths.
    buffer: u64,
    window: u64,
    interval: u64,
    answers: u32,
    /// 0 if it is measured.
    known: u64,
    ask_again: Option<Duration>,
    flight: Flight,
    adapting: Adapting,
}

impl Default for GradientLimit {
    /// From 3 to 1000, as Envoy's.
    fn default() -> Self {
        Self::new(3, 1000)
    }
}

impl GradientLimit {
    /// Makes a limit that goes from the least, with which it begins and measures, to the most.
    #[must_use]
    pub const fn new(least: u32, most: u32) -> Self {
        Self {
            least,
            most,
            percentile: 50_000,
            buffer: 250,
            window: 100_000_000,
            interval: 60_000_000_000,
            answers: 50,
            known: 0,
            ask_again: None,
            flight: Flight::new(least),
            adapting: Adapting::new(),
        }
    }

    /// Sets the percentile of the latencies that it goes by, from 1 to 100. Default: 50, the median.
    #[must_use]
    pub const fn percentile(mut self, percentile: f64) -> Self {
        self.percentile = (percentile * 1000.0 + 0.5) as u32;
        self
    }

    /// Sets by what share the latency may lie above the least one before the limit sinks, from 0 to 10, to the thousandth.
    /// Default: 0.25.
    #[must_use]
    pub const fn buffer(mut self, share: f64) -> Self {
        self.buffer = if share >= 0.0 { (share * 1000.0 + 0.5) as u64 } else { u64::MAX };
        self
    }

    /// Sets after what time the limit is worked out anew, at least 1 ms. Default: 100 ms.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = nanos(window);
        self
    }

    /// Sets how often the least latency is measured, at least every millisecond and up to 15 % later, and from how many
    /// answers, 1 to 128. Defaults: every 60 s, 50 answers.
    #[must_use]
    pub const fn measuring(mut self, interval: Duration, answers: u32) -> Self {
        (self.interval, self.answers) = (nanos(interval), answers);
        self
    }

    /// Sets the least latency, which is then not measured. One of 0 is measured.
    #[must_use]
    pub const fn least_latency(mut self, latency: Duration) -> Self {
        self.known = nanos(latency);
        self
    }

    /// Makes what finds the limit reached wait, and ask again after this span; it is refused only if the deadline comes
    /// before. First come, first served is not promised. A span of 0 refuses.
    #[must_use]
    pub const fn waiting(mut self, ask_again: Duration) -> Self {
        self.ask_again = Some(ask_again);
        self
    }

    /// Returns the limit, what is in flight and the least latency, for a page or a metric.
    #[must_use]
    pub fn state(&self) -> GradientLimitState {
        let (limit, in_flight) = self.flight.read();
        let least = self.least_latency_now();
        let least_latency = (least > 0).then(|| Duration::from_nanos(least));
        GradientLimitState { limit, in_flight, least_latency, is_measuring: self.adapting.is_measuring() }
    }
}

impl Gate for GradientLimit {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        if self.validate().is_err() {
            return Admission::No(Refusal::new(&"concurrency limit is invalid"));
        }
        self.adapt(now.as_nanos());
        self.flight.admit(now, self.ask_again)
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        if self.validate().is_ok() {
            self.adapt(now.as_nanos());
            if let (Some(latency), Settled::Ended(end, sent)) = (latency(now, cause, settled), settled) {
                let is_answer = matches!(end, AttemptEnd::Accept | AttemptEnd::Stop);
                self.hear(now.as_nanos(), sent.as_nanos(), latency, is_answer);
            }
        }
        self.flight.leave(|limit, _| limit);
    }
}

/// Tells where a [`GradientLimit`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GradientLimitState {
    /// The limit.
    pub limit: u32,
    /// The attempts in flight; more than the limit after it has sunk.
    pub in_flight: u32,
    /// The least latency, once it is known.
    pub least_latency: Option<Duration>,
    /// Set while the least latency is measured, at the least limit.
    pub is_measuring: bool,
}

impl fmt::Display for GradientLimitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in flight, limit {}", self.in_flight, self.limit)?;
        if let Some(least) = self.least_latency {
            write!(f, ", least latency {least:?}")?;
        }
        f.write_str(if self.is_measuring { ", measuring" } else { "" })
    }
}
