//! How a breaker is made, and what can be set.

use core::time::Duration;

use super::super::slots::{AtomicU64, SLOTS};
use super::super::window::Window;
use super::Breaker;
use crate::attempt::AttemptEnd;
use crate::time::nanos;

impl Breaker {
    /// Makes a breaker that opens when this share of the attempts fails, above 0 and up to 1.
    #[must_use]
    pub const fn new(ratio: f64) -> Self {
        let bare = Self {
            ratio,
            number: None,
            min: None,
            throughput: 0,
            last: None,
            slow_after: u64::MAX,
            slow_ratio: 1.0,
            sigmas: 0,
            probes: 1,
            successes: 1,
            waits: false,
            is_valid: false,
            is_plain: false,
            half: 0,
            length: 1,
            window: 10_000_000_000,
            open_for: 5_000_000_000,
            is_failure: None,
            phase: AtomicU64::new(0),
            round: AtomicU64::new(0),
            counts: Window::new(),
        };
        bare.checked()
    }

    /// Makes a breaker that opens when so many attempts fail, at least 1, whatever their share.
    ///
    /// They are those of a [`window`](Self::window) of 10 s, or among the [last](Self::over_last) attempts.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::Breaker;
    ///
    /// let three_of_the_last_ten = Breaker::after_failures(3).over_last(10);
    /// let three_in_a_minute = Breaker::after_failures(3).window(Duration::from_secs(60));
    /// # assert!(three_of_the_last_ten.validate().is_ok() && three_in_a_minute.validate().is_ok());
    /// ```
    #[must_use]
    pub const fn after_failures(failures: u32) -> Self {
        let mut bare = Self::new(1.0);
        bare.number = Some(failures);
        bare.checked()
    }

    /// Makes a breaker that opens when so many attempts in a row fail, from 1 to 500: so many failures of the last so many.
    ///
    /// What counts is the order in which attempts end. Failsafe's default is 1, Envoy's 5, gobreaker's 6.
    ///
    /// ```
    /// use insist_core::{AttemptEnd, Breaker, Cause, Gate, Instant, Settled};
    ///
    /// static BREAKER: Breaker = Breaker::consecutive(2);
    ///
    /// let now = Instant::ZERO;
    /// for end in [AttemptEnd::Timeout, AttemptEnd::Accept, AttemptEnd::Timeout] {
    ///     BREAKER.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
    /// }
    /// assert_eq!(BREAKER.state(now).to_string(), "closed: 1 of 2 failed, ratio 0.500");
    /// BREAKER.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Timeout, now));
    /// assert_eq!(BREAKER.state(now).to_string(), "open until 5s");
    /// ```
    #[must_use]
    pub const fn consecutive(failures: u32) -> Self {
        Self::after_failures(failures).over_last(failures)
    }

    /// Every step that may change it ends here, so that an attempt has one flag to look at and little to work out.
    const fn checked(mut self) -> Self {
        self.throughput = match (self.min, self.last) {
            (Some(min), _) => min,
            (None, Some(last)) if last > 0 && last < 20 => last,
            (None, _) => 20,
        };
        self.is_valid = self.validate().is_ok();
        self.is_plain = self.is_valid
            && self.number.is_none()
            && self.last.is_none()
            && self.slow_after == u64::MAX
            && self.sigmas == 0
            && self.is_failure.is_none();
        self.length = self.window.div_ceil(SLOTS as u64);
        if self.length == 0 {
            self.length = 1;
        }
        let shorter = if self.length < self.open_for { self.length } else { self.open_for };
        self.half = match (shorter / 2).checked_ilog2() {
            Some(bits) => bits as u8,
            None => 0,
        };
        self
    }

    /// Keeps it closed while fewer attempts than this have ended in the window. Default: 20, or all of the
    /// [last](Self::over_last) attempts if they are fewer; none for a [number](Self::after_failures) of failures.
    #[must_use]
    pub const fn min_throughput(mut self, attempts: u32) -> Self {
        self.min = Some(attempts);
        self.checked()
    }

    /// Counts over time: sets how far back, at least 10 ms, in steps of a tenth. Default: 10 s.
    ///
    /// Of this and [`over_last`](Self::over_last), what is said last holds.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = nanos(window);
        self.last = None;
        self.checked()
    }

    /// Counts over the last so many attempts that have ended, from 1 to 500, however long ago, rather than over time.
    ///
    /// resilience4j's default is 100. Such a window is as good at any load, but a client that hardly calls goes by
    /// what happened long ago.
    ///
    /// ```
    /// use insist_core::Breaker;
    ///
    /// static BREAKER: Breaker = Breaker::new(0.5).over_last(100).min_throughput(100);
    /// # assert!(BREAKER.validate().is_ok());
    /// ```
    #[must_use]
    pub const fn over_last(mut self, attempts: u32) -> Self {
        self.last = Some(attempts);
        self.checked()
    }

    /// Opens too when a slow attempt makes this share of the window's attempts slow, above 0 and up to 1: attempts that took
    /// longer than this, whether they failed or not. Default: none is slow.
    ///
    /// A slow probe counts as one that failed. What is cancelled counts for nothing, however long it took; an
    /// [attempt timeout](crate::Policy::attempt_timeout) that is no longer than this makes every slow attempt a failure.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{AttemptEnd, Breaker, Cause, Gate, Instant, Settled};
    ///
    /// static BREAKER: Breaker = Breaker::new(0.5).over_last(10).slow(Duration::from_secs(2), 0.8);
    ///
    /// let (sent, now) = (Instant::ZERO, Instant::from_nanos(3_000_000_000));
    /// for _ in 0..9 {
    ///     BREAKER.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, sent));
    /// }
    /// assert_eq!(BREAKER.state(now).to_string(), "closed: 0 of 9 failed, ratio 0.000, 9 slow");
    /// BREAKER.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, sent));
    /// assert_eq!(BREAKER.state(now).to_string(), "open until 8s");
    /// ```
    #[must_use]
    pub const fn slow(mut self, after: Duration, share: f64) -> Self {
        self.slow_after = nanos(after);
        self.slow_ratio = share;
        self.checked()
    }

    /// Opens only when a share lies so many standard errors above its ratio, from 0.01 to 10, so that chance among few
    /// attempts does not look like a failing server. Default: no such test.
    ///
    /// The test is Wilson's: see [small numbers](Self#small-numbers), which also has what it costs.
    ///
    /// ```
    /// use insist_core::Breaker;
    ///
    /// static BREAKER: Breaker = Breaker::new(0.5).sigmas(3.0);
    /// # assert!(BREAKER.validate().is_ok());
    /// ```
    #[must_use]
    pub const fn sigmas(mut self, sigmas: f64) -> Self {
        self.sigmas = if sigmas >= 0.01 && sigmas <= 10.0 { (sigmas * 100.0 + 0.5) as u16 } else { u16::MAX };
        self.checked()
    }

    /// Sets how long it stays open, at least 1 ms. Default: 5 s.
    #[must_use]
    pub const fn open_for(mut self, span: Duration) -> Self {
        self.open_for = nanos(span);
        self.checked()
    }

    /// Sets how many probes it lets through when it is half-open, and how many of them have to succeed for it to close.
    /// Default: 1 and 1.
    ///
    /// It opens again as soon as too many have failed for that: of 3 probes of which 2 are to succeed, the second
    /// failure does it. Success thresholds of other libraries: Failsafe's m of n is `probes(n, m)`, and where it has only a
    /// number of failures n, `probes(n, 1)`; gobreaker's `MaxRequests` of n is `probes(n, n)`; resilience4j's 10 probes of
    /// which less than half may fail are `probes(10, 6)`.
    #[must_use]
    pub const fn probes(mut self, probes: u8, successes: u8) -> Self {
        self.probes = probes;
        self.successes = successes;
        self.checked()
    }

    /// Sets which ends count as failures; the others are successes. Default: [`AttemptEnd::Retry`] and
    /// [`AttemptEnd::Timeout`].
    ///
    /// An end that [is cancelled](AttemptEnd::is_cancelled) counts for nothing, and is not asked about.
    ///
    /// ```
    /// use insist_core::{AttemptEnd, Breaker};
    ///
    /// let breaker = Breaker::default().failures(|end| end == AttemptEnd::Timeout);
    /// # assert!(breaker.validate().is_ok());
    /// ```
    #[must_use]
    pub const fn failures(mut self, is_failure: fn(AttemptEnd) -> bool) -> Self {
        self.is_failure = Some(is_failure);
        self.checked()
    }

    /// Holds attempts back until the next probe may be sent, where it would refuse them.
    #[must_use]
    pub const fn waiting(mut self) -> Self {
        self.waits = true;
        self
    }
}
