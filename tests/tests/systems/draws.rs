//! What the waits of a policy are: their ranges, their draws, their mean.

use std::time::Duration;

use insist_core::{AtEnd, Jitter, List, Policy};
use insist_tests::words::secs;

/// Enough for the least and the most of a range to come up, nearly.
pub(crate) const SEEDS: u64 = 2_000;

/// Checks that the wait before retry n is drawn from the nth range, both ends included, and nearly reaches both.
#[track_caller]
pub(crate) fn assert_ranges(policy: &Policy, ranges: &[(Duration, Duration)]) {
    let waits: Vec<Vec<Duration>> =
        (0..SEEDS).map(|seed| policy.delays(seed).take(ranges.len()).collect::<Vec<_>>()).collect();
    for (index, (low, high)) in ranges.iter().enumerate() {
        let drawn = || waits.iter().map(|waits| waits[index]);
        let (least, most) = (drawn().min().unwrap(), drawn().max().unwrap());
        let near = (*high - *low) / 50;
        assert!(*low <= least && least <= *low + near, "retry {}: {least:?} is the least of {low:?}", index + 1);
        assert!(*high - near <= most && most <= *high, "retry {}: {most:?} is the most of {high:?}", index + 1);
    }
}

/// Checks that a number is another one, give or take this much.
#[track_caller]
pub(crate) fn assert_near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

/// Every kind of jitter, and fractions at and near the ends.
pub(crate) const EVERY_JITTER: [Jitter; 6] =
    [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::fraction(0.2), Jitter::fraction(0.99), Jitter::fraction(1.0)];

/// A policy that goes on as long as there is time.
pub(crate) const fn endless(policy: Policy) -> Policy {
    policy.unlimited_attempts().deadline(Duration::MAX)
}

/// The same without jitter.
pub(crate) fn plain(policy: Policy) -> Policy {
    endless(policy).jitter(Jitter::None)
}

/// As many of the first waits of a policy as the array has room for.
pub(crate) fn first<const N: usize>(policy: &Policy) -> [Duration; N] {
    let mut delays = policy.delays(7);
    [(); N].map(|()| delays.next().unwrap())
}

/// A policy of every shape with this base.
pub(crate) fn every_shape(base: Duration) -> [Policy; 7] {
    [
        Policy::constant(base),
        Policy::linear(base),
        Policy::exponential(base),
        Policy::exponential(base).factor(1.3),
        Policy::fibonacci(base),
        Policy::decorrelated(base),
        Policy::list(List::new(&[base, base]), AtEnd::Repeat),
    ]
}

/// The first wait of as many calls.
pub(crate) fn draws(policy: Policy, calls: u64) -> Vec<Duration> {
    (0..calls).map(|seed| policy.delays(seed).next().unwrap()).collect()
}

/// The mean of these waits.
pub(crate) fn mean(draws: &[Duration]) -> Duration {
    draws.iter().sum::<Duration>() / draws.len() as u32
}

/// 1 s, 2 s, 4 s … without jitter.
pub(crate) fn doubling(attempts: u32) -> Policy {
    Policy::exponential(secs(1)).jitter(Jitter::None).attempts(attempts)
}
