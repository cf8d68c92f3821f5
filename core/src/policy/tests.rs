//! The getters of policies, and the delays that they draw.

use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::backoff::{AtEnd, Backoff, List, RetryContext};
use crate::draw::Draw;
use crate::time::nanos;

/// Makes policies of every shape, with bases that reach their cap soon, late and never.
fn every_shape() -> Vec<Policy> {
    let delays: Vec<_> = (1..=32).map(|number| Duration::from_nanos(number * 37 % 11)).collect();
    let mut all = vec![Policy::zero(), Policy::stop()];
    for length in [0, 1, 12, 13, 14, 32] {
        let list = List::new(&delays[..length]);
        all.extend([AtEnd::Stop, AtEnd::Repeat].map(|at_end| Policy::list(list, at_end)));
    }
    for base in [0, 1, 7, 1 << 20, 100_000_000, u64::MAX >> 1, u64::MAX].map(Duration::from_nanos) {
        all.extend([
            Policy::constant(base),
            Policy::linear(base),
            Policy::fibonacci(base),
            Policy::decorrelated(base),
            Policy::exponential(base),
        ]);
        all.extend(
            [0.5, 0.999, 1.0, 1.000_000_1, 1.1, 1.5, 1.6, 8.0, 1e9].map(|f| Policy::exponential(base).factor(f)),
        );
    }
    all
}

/// Draws the delay by asking the backoff; a decorrelated one is its own jitter.
fn asked(policy: &Policy, number: u32) -> Option<u64> {
    let mut rng = Draw::new(9, 2, number);
    if policy.facts.draws {
        let delay = policy.backoff.delay(policy.retry(number, 5, &rng), &mut rng)?;
        return policy.unless_it_stops(policy.cut(nanos(delay)));
    }
    policy.draw_from_backoff(number, 5, rng)
}

#[test]
fn what_is_known_is_drawn_as_what_is_asked() {
    let second = Duration::from_secs(1);
    let (mut plain, mut other) = (0, 0);
    for shape in every_shape() {
        let jitters = [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::fraction(0.3), Jitter::fraction(1.0)];
        for policy in jitters.map(|jitter| shape.jitter(jitter)) {
            let floor = Duration::from_millis(70);
            for policy in [
                policy,
                policy.no_cap(),
                policy.cap(second),
                policy.cap(second).floor(floor),
                policy.cap_that_stops(second),
            ] {
                for number in (1..70).chain([100, 1 << 31, u32::MAX]) {
                    let drawn = policy.draw(9, 2, number, 5);
                    assert_eq!(drawn, asked(&policy, number), "{policy:?} {number}");
                    assert_eq!(drawn, policy.draw_any(9, 2, number, 5), "{policy:?} {number}");
                    plain += u32::from(policy.is_plain);
                    other += u32::from(number <= policy.reach);
                }
            }
        }
    }
    assert!(plain > 5_000 && other > 50_000, "{plain} {other}");
}

#[test]
fn what_stays_and_what_has_reached_its_cap_is_known_for_ever() {
    let (base, cap) = (Duration::from_millis(100), Duration::from_secs(3));
    let of = |length| Policy::list(List::new(&[base; 32][..length]), AtEnd::Repeat);
    for for_ever in [
        Policy::zero(),
        Policy::constant(base),
        Policy::exponential(base),
        Policy::cenkalti(),
        Policy::fibonacci(base),
        Policy::linear(base).cap(Duration::from_millis(1300)),
        of(1),
        of(13),
    ] {
        assert_eq!(for_ever.reach, u32::MAX, "{for_ever:?}");
    }
    let grows = Policy::exponential(base);
    for not in [grows.no_cap(), grows.cap_that_stops(cap), Policy::linear(base), grows.factor(1.1).cap(cap), of(14)] {
        assert_eq!(not.reach, 13, "{not:?}");
    }
    assert_eq!((Policy::stop().reach, Policy::decorrelated(base).reach), (0, 0));
    assert_eq!(Policy::new(|_: RetryContext| Some(Duration::ZERO)).reach, 0);
}

#[test]
fn the_fast_path_is_for_what_stays_or_doubles_drawn_from_0() {
    let base = Duration::from_millis(100);
    let grows = Policy::exponential(base);
    let stays = [Policy::constant(base), Policy::zero()].map(|policy| policy.jitter(Jitter::Full));
    for plain in [grows, grows.no_cap(), grows.factor(8.0), grows.factor(1.0)].into_iter().chain(stays) {
        assert!(plain.is_plain, "{plain:?}");
        let other = [plain.jitter(Jitter::Equal), plain.floor(base), plain.cap_that_stops(base)];
        assert!(other.iter().all(|policy| !policy.is_plain), "{plain:?}");
    }
    assert!(!grows.factor(1.5).is_plain && !Policy::linear(base).is_plain && !Policy::stop().is_plain);
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

/// Of many seeds some draw near each end, and none beyond.
#[test]
fn every_wait_lies_in_its_range_and_reaches_both_ends_of_it() {
    let (second, floor) = (Duration::from_secs(1), Duration::from_millis(70));
    for shape in every_shape() {
        for jitter in [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::fraction(0.3)] {
            let policy = shape.jitter(jitter).attempts(20);
            for policy in [policy, policy.cap(second).floor(floor), policy.cap_that_stops(second), policy.no_cap()] {
                let ranges: Vec<_> = policy.ranges().collect();
                let mut most = 0;
                for seed in 0..40 {
                    let delays: Vec<_> = policy.delays(seed).collect();
                    most = most.max(delays.len());
                    assert!(delays.len() <= ranges.len(), "{policy:?}: more waits than ranges");
                    for (delay, range) in delays.iter().zip(&ranges) {
                        assert!(range.contains(delay), "{policy:?}: {delay:?} is not in {range:?}");
                    }
                }
                assert!(policy.cap_stops || most == ranges.len(), "{policy:?}: ranges without a wait");
            }
        }
    }
}

#[test]
fn ranges_are_as_wide_as_what_is_drawn() {
    let ms = Duration::from_millis;
    for policy in [
        Policy::linear(ms(100)).attempts(4),
        Policy::fibonacci(ms(100)).jitter(Jitter::fraction(0.5)).floor(ms(80)).attempts(4),
        Policy::decorrelated(ms(100)).cap(ms(250)).attempts(4),
        Policy::elastic(),
    ] {
        for (index, range) in policy.ranges().enumerate() {
            let drawn = || (0..4_000).filter_map(|seed| policy.delays(seed).nth(index));
            let near = (*range.end() - *range.start()) / 20;
            let (least, most) = (drawn().min().unwrap(), drawn().max().unwrap());
            assert!(
                least - *range.start() <= near && *range.end() - most <= near,
                "{index} {range:?}: {least:?} {most:?}"
            );
        }
    }
}

#[test]
fn a_decorrelated_range_grows_from_its_base_to_the_cap() {
    let ms = Duration::from_millis;
    let policy = Policy::decorrelated(ms(100)).cap(ms(2000)).attempts(5);
    assert!(policy.ranges().eq([300, 900, 2000, 2000].map(|most| ms(100)..=ms(most))));
}
