//! The retry budget: against an exact model at every ratio, against other systems' numbers, and under threads.

mod call;
mod exact;
mod model;
mod systems;
mod threads;

use insist_core::{Budget, Cause, Gate, Instant};
use insist_tests::by_hand::RETRY;

const MS: u64 = 1_000_000;

/// So many milliseconds after the origin.
const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * MS)
}

/// So many first sends.
fn send(budget: &Budget, now: Instant, firsts: u64) {
    for _ in 0..firsts {
        let _ = budget.admit(now, &Cause::FIRST);
    }
}

/// As many retries as are let through.
fn retries(budget: &Budget, now: Instant) -> u64 {
    (0..).take_while(|_| budget.reserve(now, &RETRY).is_ok()).count() as u64
}
