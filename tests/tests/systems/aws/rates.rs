//! AWS's adaptive rate limiter: after the first throttling, sends are held back to a rate that grows along a cubic
//! curve.
//!
//! The constants are those of the SDKs: β 0.7, C 0.4, rates measured in half seconds and smoothed by 0.8, at least half
//! a send a second.
//!
//! The numbers are those with which smithy-rs tests it in `client_rate_limiter.rs`.

use std::sync::Mutex;
use std::time::Duration;

use insist_core::{Action, Admission, AttemptEnd, Call, Cause, Gate, Instant, Policy, Reason, Refusal, Settled};
use insist_tests::by_hand::{sent, waits_until};
use insist_tests::words::{THROTTLED, at, ms};

use crate::draws::assert_near;
use crate::hand::{Closed, lock, seconds};

const SCALE: f64 = 0.4;

const MIN_RATE: f64 = 0.5;

const MIN_CAPACITY: f64 = 1.0;

/// The rate as a function of the time since the last throttling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Curve {
    /// What is left of the rate after a throttling.
    pub(crate) beta: f64,
    /// The rate before it, which the curve goes back to.
    pub(crate) w_max: f64,
    /// When it was, in seconds.
    pub(crate) throttled_at: f64,
}

impl Curve {
    /// A curve that was throttled at 0 with this rate.
    #[must_use]
    pub(crate) const fn new(w_max: f64) -> Self {
        Self { beta: 0.7, w_max, throttled_at: 0.0 }
    }

    /// How many seconds it takes to come back to the rate before the throttling.
    #[must_use]
    pub(crate) fn k(&self) -> f64 {
        (self.w_max * (1.0 - self.beta) / SCALE).cbrt()
    }

    /// The rate at this second.
    #[must_use]
    pub(crate) fn rate(&self, second: f64) -> f64 {
        SCALE * (second - self.throttled_at - self.k()).powi(3) + self.w_max
    }

    /// It was throttled at this second, with this rate. Gives the new one.
    pub(crate) fn throttle(&mut self, second: f64, rate: f64) -> f64 {
        self.w_max = rate;
        self.throttled_at = second;
        rate * self.beta
    }
}

/// How many answers a second there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RateClock {
    count: f64,
    bucket: f64,
    rate: f64,
}

impl RateClock {
    /// One more at this second; gives the rate.
    pub(crate) fn record(&mut self, second: f64) -> f64 {
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
    pub(crate) const fn rate(&self) -> f64 {
        self.rate
    }
}

/// The gate: lets everything through until it is throttled, and holds attempts back from then on.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter(Mutex<State>);

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
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The answers a second, as measured.
    #[must_use]
    pub(crate) fn measured(&self) -> f64 {
        lock(&self.0).clock.rate()
    }

    /// The sends a second that it lets through.
    #[must_use]
    pub(crate) fn fill_rate(&self) -> f64 {
        lock(&self.0).fill_rate
    }

    /// The most sends that it lets through at once.
    #[must_use]
    pub(crate) fn max_capacity(&self) -> f64 {
        lock(&self.0).max_capacity
    }

    /// The sends that it lets through at once.
    #[must_use]
    pub(crate) fn capacity(&self) -> f64 {
        lock(&self.0).capacity
    }

    /// Sets the rate at an instant, as an answer would.
    pub(crate) fn set_rate(&self, now: Instant, rate: f64) {
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

fn settle(limiter: &RateLimiter, now: Instant, is_throttled: bool) {
    let end = if is_throttled { THROTTLED.into() } else { AttemptEnd::Accept };
    limiter.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
}

/// `test_calculated_rate_with_successes`.
#[test]
fn successes_raise_the_rate_along_the_curve() {
    let curve = Curve { throttled_at: 5.0, ..Curve::new(10.0) };
    let rates = [
        (5.0, 7.0),
        (6.0, 9.648_936_009_66),
        (7.0, 10.000_030_849_917_364),
        (8.0, 10.453_284_520_772_092),
        (9.0, 13.408_697_022_224_185),
        (10.0, 21.266_268_354_273_64),
        (11.0, 36.425_998_516_920_465),
    ];
    for (second, rate) in rates {
        assert_near(curve.rate(second), rate, 1e-9);
    }
}

/// `test_calculated_rate_with_throttles`. Its curve goes back to the rate after a throttling, not to that before.
#[test]
fn throttlings_lower_the_rate_and_begin_a_new_curve() {
    let mut curve = Curve { throttled_at: 5.0, ..Curve::new(10.0) };
    let steps = [
        (5.0, false, 7.0),
        (6.0, false, 9.648_936_009_66),
        (7.0, true, 6.754_255_206_761_999),
        (8.0, true, 4.727_978_644_733_399),
        (9.0, false, 4.670_125_557_970_046),
        (10.0, false, 4.770_870_456_867_401),
        (11.0, false, 6.011_819_748_005_445),
        (12.0, false, 10.792_973_431_384_178),
    ];
    let mut rate = 0.0;
    for (second, is_throttled, expected) in steps {
        if is_throttled {
            rate = curve.throttle(second, rate);
            curve.w_max = rate;
        } else {
            rate = curve.rate(second);
        }
        assert_near(rate, expected, 1e-9);
    }
}

/// `test_client_sending_rates`: (milliseconds, throttled, measured, filled a second).
#[test]
fn the_limiter_follows_its_answers() {
    let steps = [
        (200, false, 0.0, 0.5),
        (400, false, 0.0, 0.5),
        (600, false, 4.8, 0.5),
        (800, false, 4.8, 0.5),
        (1000, false, 4.16, 0.5),
        (1200, false, 4.16, 0.6912),
        (1400, false, 4.16, 1.0976),
        (1600, false, 5.632, 1.6384),
        (1800, false, 5.632, 2.3328),
        (2000, true, 4.3264, 3.02848),
        (2200, false, 4.3264, 3.486_639_173_470_26),
        (2400, false, 4.3264, 3.821_874_416_040_255),
        (2600, false, 5.66528, 4.053_385_727_709_987),
        (2800, false, 5.66528, 4.200_373_108_479_454),
        (3000, false, 4.333_056, 4.282_036_558_348_658),
        (3200, true, 4.333_056, 2.997_425_590_844_06),
        (3400, false, 4.333_056, 3.452_226_394_386_346_3),
    ];
    let limiter = RateLimiter::new();
    for (millis, is_throttled, measured, filled) in steps {
        settle(&limiter, at(millis), is_throttled);
        assert_near(limiter.measured(), measured, 1e-9);
        assert_near(limiter.fill_rate(), filled, 1e-9);
    }
}

/// `test_capacity_never_goes_negative`: throttled at 0, ten calls at 0.1 s are all held back for 1.9 s, none for longer
/// because of another. At 2.1 s one is let through.
#[test]
fn those_who_are_held_back_do_not_hold_back_each_other() {
    let (limiter, policy) = (RateLimiter::new(), Policy::aws());
    settle(&limiter, at(0), true);
    let mut calls: Vec<_> = (0..10).map(|seed| Call::new(&policy, &limiter, at(100), seed)).collect();
    for call in &mut calls {
        assert_eq!(waits_until(call.poll(at(100))), 2000);
        assert_near(limiter.capacity(), 0.05, 1e-9);
    }
    let sent: Vec<bool> = calls.iter_mut().map(|call| matches!(call.poll(at(2100)), Action::Send(_))).collect();
    assert_eq!(sent.into_iter().filter(|sent| *sent).count(), 1);
    assert!((0.0..1.0).contains(&limiter.capacity()));
}

/// A call whose deadline comes before its turn is refused at once, where smithy's sleeps.
#[test]
fn a_call_that_cannot_wait_for_its_turn_is_refused() {
    let (limiter, policy) = (RateLimiter::new(), Policy::aws().deadline(ms(1900)));
    settle(&limiter, at(0), true);
    let Action::GiveUp(stop) = Call::new(&policy, &limiter, at(100), 7).poll(at(100)) else { panic!() };
    assert_eq!(stop.reason(), Reason::Refused);
}

/// A retry is held back beyond its backoff, and gets its turn.
#[test]
fn a_retry_waits_for_its_backoff_and_then_for_its_turn() {
    let (limiter, policy) = (RateLimiter::new(), Policy::constant(ms(500)).jitter(insist_core::Jitter::None));
    let mut call = Call::new(&policy, &limiter, at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    let _ = call.handle(at(0), 1, THROTTLED);
    assert_eq!(waits_until(call.poll(at(0))), 500);
    assert_eq!(waits_until(call.poll(at(500))), 2000);
    assert_eq!(sent(call.poll(at(2000))), 2);
}

/// What another gate refuses has not been sent, and its turn is given to someone else.
#[test]
fn a_turn_that_another_gate_refuses_is_given_back() {
    let (limiter, policy) = (RateLimiter::new(), Policy::aws());
    settle(&limiter, at(0), true);
    let mut call = Call::new(&policy, (&limiter, Closed { for_firsts: true }), at(2000), 7);
    assert!(matches!(call.poll(at(2000)), Action::GiveUp(_)));
    assert_near(limiter.capacity(), 1.0, 1e-9);
}

/// Of a loser that was cancelled nobody knows what the server would have said.
#[test]
fn what_was_cancelled_changes_no_rate() {
    let limiter = RateLimiter::new();
    let cancel = |millis| limiter.settle(at(millis), &Cause::HEDGE, &Settled::Ended(AttemptEnd::Cancelled, at(millis)));
    settle(&limiter, at(600), false);
    let measured = limiter.measured();
    cancel(700);
    cancel(1200);
    assert_eq!(limiter.measured(), measured);
    assert_eq!(limiter.fill_rate(), 0.5);
}
