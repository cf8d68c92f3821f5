//! AWS's adaptive rate limiter: after the first throttling, sends are held back to a rate that grows along a cubic curve.
//!
//! The constants are those of the SDKs: β 0.7, C 0.4, rates measured in half seconds and smoothed by 0.8, at least half a
//! send a second.

use std::sync::Mutex;
use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Cause, Gate, Instant, Refusal, Settled};

use super::{lock, seconds};

const SCALE: f64 = 0.4;
const MIN_RATE: f64 = 0.5;
const MIN_CAPACITY: f64 = 1.0;

/// The rate as a function of the time since the last throttling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// What is left of the rate after a throttling.
    pub beta: f64,
    /// The rate before it, which the curve goes back to.
    pub w_max: f64,
    /// When it was, in seconds.
    pub throttled_at: f64,
}

impl Curve {
    /// A curve that was throttled at 0 with this rate.
    #[must_use]
    pub const fn new(w_max: f64) -> Self {
        Self { beta: 0.7, w_max, throttled_at: 0.0 }
    }

    /// How many seconds it takes to come back to the rate before the throttling.
    #[must_use]
    pub fn k(&self) -> f64 {
        (self.w_max * (1.0 - self.beta) / SCALE).cbrt()
    }

    /// The rate at this second.
    #[must_use]
    pub fn rate(&self, second: f64) -> f64 {
        SCALE * (second - self.throttled_at - self.k()).powi(3) + self.w_max
    }

    /// It was throttled at this second, with this rate. Gives the new one.
    pub fn throttle(&mut self, second: f64, rate: f64) -> f64 {
        self.w_max = rate;
        self.throttled_at = second;
        rate * self.beta
    }
}

/// How many answers a second there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateClock {
    count: f64,
    bucket: f64,
    rate: f64,
}

impl RateClock {
    /// One more at this second; gives the rate.
    pub fn record(&mut self, second: f64) -> f64 {
        let bucket = (second * 2.0).floor() / 2.0;
        self.count += 1.0;
        if bucket > self.bucket {
            self.rate = self.count / (bucket - self.bucket) * 0.8 + self.rate * 0.2;
            self.count = 0.0;
            self.bucket = bucket;
        }
        self.rate
    }

    /// The rate.
    #[must_use]
    pub const fn rate(&self) -> f64 {
        self.rate
    }
}

/// The gate: lets everything through until it is throttled, and holds attempts back from then on.
#[derive(Debug, Default)]
pub struct RateLimiter(Mutex<State>);

#[derive(Clone, Copy, Debug)]
struct State {
    is_enabled: bool,
    clock: RateClock,
    curve: Curve,
    fill_rate: f64,
    max_capacity: f64,
    capacity: f64,
    filled_at: f64,
}

impl Default for State {
    fn default() -> Self {
        let (clock, curve) = (RateClock::default(), Curve::new(0.0));
        Self { is_enabled: false, clock, curve, fill_rate: 0.0, max_capacity: 0.0, capacity: 0.0, filled_at: 0.0 }
    }
}

impl State {
    fn fill(&mut self, second: f64) {
        let passed = (second - self.filled_at).max(0.0);
        self.capacity = (self.capacity + passed * self.fill_rate).min(self.max_capacity);
        self.filled_at += passed;
    }

    /// Once, or how long to wait before asking again.
    fn acquire(&mut self, second: f64) -> Result<(), Duration> {
        if !self.is_enabled {
            return Ok(());
        }
        self.fill(second);
        // What is there within a nanosecond is there.
        let wait = ((1.0 - self.capacity) / self.fill_rate * 1e9).max(0.0);
        if wait >= 1.0 {
            return Err(Duration::from_nanos(wait.round() as u64));
        }
        self.capacity = (self.capacity - 1.0).max(0.0);
        Ok(())
    }

    fn update(&mut self, second: f64, is_throttled: bool) {
        let measured = self.clock.record(second);
        let rate = if is_throttled {
            let rate = if self.is_enabled { measured.min(self.fill_rate) } else { measured };
            self.is_enabled = true;
            self.curve.throttle(second, rate)
        } else {
            self.curve.rate(second)
        };
        self.set_rate(second, rate.min(2.0 * measured));
    }

    fn set_rate(&mut self, second: f64, rate: f64) {
        self.fill(second);
        self.fill_rate = rate.max(MIN_RATE);
        self.max_capacity = rate.max(MIN_CAPACITY);
        self.capacity = self.capacity.min(self.max_capacity);
    }
}

impl RateLimiter {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The answers a second, as measured.
    #[must_use]
    pub fn measured(&self) -> f64 {
        lock(&self.0).clock.rate()
    }

    /// The sends a second that it lets through.
    #[must_use]
    pub fn fill_rate(&self) -> f64 {
        lock(&self.0).fill_rate
    }

    /// The most sends that it lets through at once.
    #[must_use]
    pub fn max_capacity(&self) -> f64 {
        lock(&self.0).max_capacity
    }

    /// The sends that it lets through at once.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        lock(&self.0).capacity
    }

    /// Sets the rate at an instant, as an answer would.
    pub fn set_rate(&self, now: Instant, rate: f64) {
        lock(&self.0).set_rate(seconds(now), rate);
    }
}

impl Gate for RateLimiter {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        match lock(&self.0).acquire(seconds(now)) {
            Ok(()) => Admission::Yes,
            Err(wait) => now
                .checked_add(wait)
                .map_or(Admission::No(Refusal::new(&"rate limiter's wait is for ever")), Admission::NotBefore),
        }
    }

    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        let mut state = lock(&self.0);
        match *settled {
            Settled::Ended(end, _) if end.is_cancelled() => {}
            Settled::Ended(end, _) => {
                let is_throttled = matches!(end, AttemptEnd::Retry(failure) if failure.throttled);
                state.update(seconds(now), is_throttled);
            }
            _ => state.capacity = (state.capacity + 1.0).min(state.max_capacity),
        }
    }
}
