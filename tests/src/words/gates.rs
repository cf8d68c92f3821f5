//! A breaker and a budget that are asked and told without a call.

use core::time::Duration;

use insist_core::{Admission, AttemptEnd, Breaker, BreakerState, Budget, Cause, Failure, Gate, Instant, Settled};

use super::at;
use crate::by_hand::RETRY;

/// An attempt that failed.
pub const FAILURE: AttemptEnd = AttemptEnd::Retry(Failure::new());

/// An attempt that succeeded.
pub const SUCCESS: AttemptEnd = AttemptEnd::Accept;

/// Returns whether a first send is let through now.
pub fn is_admitted(breaker: &Breaker, now: Instant) -> bool {
    breaker.admit(now, &Cause::FIRST) == Admission::Yes
}

/// Tells that an attempt that was sent at one instant has ended at another.
pub fn ends(breaker: &Breaker, sent: Instant, now: Instant, end: AttemptEnd) {
    breaker.settle(now, &Cause::FIRST, &Settled::Ended(end, sent));
}

/// Sends an attempt that takes no time.
///
/// # Panics
///
/// If it is not let through.
#[track_caller]
pub fn attempt(breaker: &Breaker, now: Instant, end: AttemptEnd) {
    assert!(is_admitted(breaker, now), "{}", breaker.state(now));
    ends(breaker, now, now, end);
}

/// Sends an attempt that takes so many milliseconds and ends then.
pub fn took(breaker: &Breaker, now: u64, millis: u64, end: AttemptEnd) {
    ends(breaker, at(now - millis), at(now), end);
}

/// Returns what a closed breaker has in its window after so many milliseconds: attempts, failures and slow ones.
///
/// # Panics
///
/// If it is not closed.
#[must_use]
#[track_caller]
pub fn counts(breaker: &Breaker, now: u64) -> [u64; 3] {
    let state = breaker.state(at(now));
    let BreakerState::Closed { attempts, failures, slow, .. } = state else { panic!("{state}") };
    [attempts, failures, slow]
}

/// Returns whether it is open now.
pub fn is_open(breaker: &Breaker, now: Instant) -> bool {
    matches!(breaker.state(now), BreakerState::Open { .. })
}

/// Returns whether it is half-open now.
pub fn is_half_open(breaker: &Breaker, now: Instant) -> bool {
    matches!(breaker.state(now), BreakerState::HalfOpen { .. })
}

/// Returns whether it is closed now.
pub fn is_closed(breaker: &Breaker, now: Instant) -> bool {
    matches!(breaker.state(now), BreakerState::Closed { .. })
}

/// A breaker that opens at the first failure, for a second.
#[must_use]
pub fn touchy() -> Breaker {
    Breaker::new(0.5).min_throughput(1).open_for(Duration::from_secs(1))
}

/// The breaker, open since the origin.
///
/// # Panics
///
/// If a failure does not open it.
#[must_use]
#[track_caller]
pub fn opened(breaker: Breaker) -> Breaker {
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)));
    breaker
}

/// Sends so many first attempts.
pub fn send_firsts(budget: &Budget, now: Instant, firsts: u64) {
    for _ in 0..firsts {
        let _ = budget.admit(now, &Cause::FIRST);
    }
}

/// Makes as many retries as are let through: how many.
pub fn retries_left(budget: &Budget, now: Instant) -> u64 {
    (0..).take_while(|_| budget.reserve(now, &RETRY).is_ok()).count() as u64
}
