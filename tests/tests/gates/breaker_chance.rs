//! The test for chance; how often chance opens a breaker, and how soon a failing server: the figures of its documentation.

use std::time::Duration;

use insist_core::{AttemptEnd, Breaker, Cause, Gate, Instant, Settled};
use insist_tests::words::{FAILURE, SUCCESS, at, attempt, is_closed, is_open, ms, took};

/// 100 attempts a second, and so long between two of them.
const GAP: u64 = 10_000_000;

/// Attempts until it opens, if it does so in a minute in which this share of them fails, after so long in which none does.
fn opens_after(breaker: &Breaker, well: Duration, failing: f64, seed: u64) -> Option<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (well, minute) = (well.as_secs() * 100, 6000);
    (0..well + minute).find_map(|number| {
        let now = Instant::from_nanos(number * GAP);
        let end = if number >= well && random.f64() < failing { AttemptEnd::Timeout } else { AttemptEnd::Accept };
        breaker.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
        (!is_closed(breaker, now)).then(|| number + 1 - well.min(number + 1))
    })
}

/// Of 200 minutes, in how many it opens.
fn minutes(breaker: impl Fn() -> Breaker, failing: f64) -> usize {
    (0..200).filter(|seed| opens_after(&breaker(), Duration::ZERO, failing, *seed).is_some()).count()
}

/// Of 200 runs, the middle one of the attempts until it opens.
fn median(breaker: impl Fn() -> Breaker, well: Duration, failing: f64) -> u64 {
    let opens = |seed| opens_after(&breaker(), well, failing, seed).expect("it opens");
    let mut all: Vec<_> = (0..200).map(opens).collect();
    all.sort_unstable();
    all[100]
}

const HALF: fn() -> Breaker = || Breaker::new(0.5);
const HALF_OF_100: fn() -> Breaker = || Breaker::new(0.5).min_throughput(100);
const HALF_OF_LAST_100: fn() -> Breaker = || Breaker::new(0.5).over_last(100).min_throughput(100);
const BEYOND_CHANCE: fn() -> Breaker = || Breaker::new(0.5).sigmas(3.0);

#[test]
fn among_few_attempts_chance_looks_like_a_failing_server() {
    assert_eq!([0.3, 0.4, 0.45, 0.5].map(|share| minutes(HALF, share)), [16, 81, 128, 200]);
}

#[test]
fn a_minimum_of_a_seconds_attempts_helps_against_chance() {
    assert_eq!([0.3, 0.4, 0.45, 0.5].map(|share| minutes(HALF_OF_100, share)), [0, 14, 71, 200]);
}

#[test]
fn three_sigmas_keep_it_closed_where_it_is_chance() {
    assert_eq!([0.3, 0.4, 0.45, 0.5].map(|share| minutes(BEYOND_CHANCE, share)), [0, 0, 0, 12]);
}

/// A window that is looked at with every failure comes to half of 100 sooner or later.
#[test]
fn among_the_last_attempts_chance_has_a_try_with_each() {
    let beyond = || HALF_OF_LAST_100().sigmas(3.0);
    assert_eq!([0.3, 0.4, 0.45, 0.5].map(|share| minutes(HALF_OF_LAST_100, share)), [1, 198, 200, 200]);
    assert_eq!([0.3, 0.4, 0.45, 0.5].map(|share| minutes(beyond, share)), [0, 0, 6, 106]);
}

#[test]
fn a_test_for_chance_costs_little_time_where_a_server_fails() {
    let well = Duration::from_secs(10);
    assert_eq!([0.6, 0.8, 1.0].map(|failing| median(HALF, well, failing)), [801, 601, 500]);
    assert_eq!([0.6, 0.8, 1.0].map(|failing| median(BEYOND_CHANCE, well, failing)), [901, 653, 501]);
    assert_eq!([0.6, 0.8, 1.0].map(|failing| median(HALF_OF_LAST_100, well, failing)), [83, 62, 50]);
    let beyond = || HALF_OF_LAST_100().sigmas(3.0);
    assert_eq!([0.6, 0.8, 1.0].map(|failing| median(beyond, well, failing)), [185, 81, 65]);
}

/// Three standard errors above a half: 17 of 20, and 66 of 100 (50 + 3 × 5 = 65, or more).
#[test]
fn a_share_has_to_lie_so_many_sigmas_above_the_ratio() {
    for (attempts, least) in [(20, 17), (100, 65)] {
        for breaker in [Breaker::new(0.5), Breaker::new(0.5).over_last(attempts)] {
            let breaker = breaker.min_throughput(attempts).sigmas(3.0);
            for number in 0..attempts {
                assert!(is_closed(&breaker, at(0)), "{number} of {attempts}");
                attempt(&breaker, at(0), if number < attempts - least { SUCCESS } else { FAILURE });
            }
            assert!(is_open(&breaker, at(0)), "{attempts}");
            let breaker = Breaker::new(0.5).min_throughput(attempts).sigmas(3.0);
            for number in 0..attempts {
                attempt(&breaker, at(0), if number <= attempts - least { SUCCESS } else { FAILURE });
            }
            assert!(is_closed(&breaker, at(0)), "{attempts}");
        }
    }
}

#[test]
fn sigmas_are_for_the_share_of_slow_attempts_too() {
    let breaker = Breaker::consecutive(20).slow(ms(10), 0.5).sigmas(3.0);
    (0..4).for_each(|_| took(&breaker, 1000, 0, SUCCESS));
    (0..16).for_each(|_| took(&breaker, 1000, 500, SUCCESS));
    assert!(is_closed(&breaker, at(1000)), "16 of 20");
    took(&breaker, 1000, 500, SUCCESS);
    assert!(is_open(&breaker, at(1000)), "17 of 20");
}

#[test]
fn all_of_them_are_enough_where_the_ratio_is_1() {
    let breaker = Breaker::new(1.0).over_last(5).sigmas(10.0);
    (0..5).for_each(|_| attempt(&breaker, at(0), FAILURE));
    assert!(is_open(&breaker, at(0)));
}
