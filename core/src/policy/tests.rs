//! What a policy says of itself, and the delays that it draws.

use super::*;

#[test]
fn the_shortcut_for_doubling_draws_what_the_long_way_does() {
    let bases = [1, 7, 1 << 20, 100_000_000, u64::MAX >> 1, u64::MAX].map(Duration::from_nanos);
    for base in bases {
        for policy in [
            Policy::constant(base).jitter(Jitter::Full),
            Policy::exponential(base),
            Policy::exponential(base).no_cap(),
            Policy::exponential(base).factor(8.0).cap(Duration::from_secs(3)),
            Policy::exponential(base).factor(1.0),
        ] {
            assert!(policy.doubling.is_some());
            for number in (1..100).chain([1 << 31, u32::MAX]) {
                assert_eq!(policy.draw(9, 2, number, 5), policy.draw_any(9, 2, number, 5), "{policy:?} {number}");
            }
        }
    }
}

#[test]
fn nothing_grows_to_nothing() {
    for policy in [Policy::exponential(Duration::ZERO), Policy::constant(Duration::ZERO)] {
        for number in [1, 64, 65, u32::MAX] {
            assert_eq!(policy.draw(9, 0, number, 0), Some(0));
        }
    }
}

#[test]
fn a_policy_is_timeless_that_has_one_lane_and_no_limit_of_time() {
    let second = Duration::from_secs(1);
    let policy = Policy::default();
    assert!(policy.is_timeless());
    for looks in [policy.attempt_timeout(second), policy.deadline(second), policy.lanes(2)] {
        assert!(!looks.is_timeless(), "{looks:?}");
    }
}

/// A range is cut after it was made around a delay that was cut already.
#[test]
fn a_fraction_is_one_of_the_delay_between_floor_and_cap() {
    let seconds = Duration::from_secs;
    let drawn = |policy: Policy| {
        let policy = policy.jitter(Jitter::fraction(0.5));
        let waits = || (0..500).filter_map(|seed| policy.draw(seed, 0, 1, 0));
        (waits().min().unwrap() / 100_000_000, waits().max().unwrap() / 100_000_000)
    };
    assert_eq!(drawn(Policy::constant(seconds(1)).floor(seconds(10))), (100, 149));
    assert_eq!(drawn(Policy::constant(seconds(90)).cap(seconds(10))), (50, 99));
    assert_eq!(drawn(Policy::constant(seconds(10)).floor(seconds(8)).cap(seconds(12))), (80, 119));
}
