//! The circuit breaker: its states, other systems' numbers, late reports, lost probes, threads, and a drawn timeline.

mod call;
mod drawn;
mod probes;
mod stale;
mod systems;
mod threads;
mod wrong;

use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Breaker, BreakerState, Cause, Failure, Gate, Instant, Settled};

const FAILURE: AttemptEnd = AttemptEnd::Retry(Failure::new());
const SUCCESS: AttemptEnd = AttemptEnd::Accept;

/// So many milliseconds after the origin.
const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn is_admitted(breaker: &Breaker, now: Instant) -> bool {
    breaker.admit(now, &Cause::FIRST) == Admission::Yes
}

/// An attempt that was sent at one instant has ended at another.
fn ends(breaker: &Breaker, sent: Instant, now: Instant, end: AttemptEnd) {
    breaker.settle(now, &Cause::FIRST, &Settled::Ended(end, sent));
}

/// An attempt that takes no time.
#[track_caller]
fn attempt(breaker: &Breaker, now: Instant, end: AttemptEnd) {
    assert!(is_admitted(breaker, now), "{}", breaker.state(now));
    ends(breaker, now, now, end);
}

fn is_open(breaker: &Breaker, now: Instant) -> bool {
    matches!(breaker.state(now), BreakerState::Open { .. })
}

fn is_half_open(breaker: &Breaker, now: Instant) -> bool {
    matches!(breaker.state(now), BreakerState::HalfOpen { .. })
}

fn is_closed(breaker: &Breaker, now: Instant) -> bool {
    matches!(breaker.state(now), BreakerState::Closed { .. })
}

/// Opens at the first failure, for a second.
fn touchy() -> Breaker {
    Breaker::new(0.5).min_throughput(1).open_for(Duration::from_secs(1))
}

/// Open since the origin.
fn opened(breaker: Breaker) -> Breaker {
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)));
    breaker
}
