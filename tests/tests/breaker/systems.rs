//! Failsafe's, Polly's and resilience4j's numbers.
//!
//! Failsafe counts the last attempts where insist counts those of a window. Its ratio of n in m is insist's share n / m
//! with a minimum throughput of m, and in half-open it is m probes; where a row says both what has to fail and what has
//! to succeed, the latter counts.

use std::time::Duration;

use insist_core::{AttemptEnd, Breaker, BreakerState};

use super::{FAILURE, SUCCESS, at, attempt, is_closed, is_half_open, is_open, opened, touchy};

#[track_caller]
fn half_open_reports(
    probes: (u8, u8),
    reports: &[AttemptEnd],
    is_expected: fn(&Breaker, insist_core::Instant) -> bool,
) {
    let breaker = opened(touchy().probes(probes.0, probes.1));
    let (last, before) = reports.split_last().expect("a report");
    for end in before {
        attempt(&breaker, at(1000), *end);
        assert!(is_half_open(&breaker, at(1000)));
    }
    attempt(&breaker, at(1000), *last);
    assert!(is_expected(&breaker, at(1000)), "{}", breaker.state(at(1000)));
}

/// F25. Failsafe's default is one failure; here it is half of at least 20.
#[test]
fn one_failure_opens_where_one_is_enough() {
    let breaker = touchy();
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)));
}

/// F27.
#[test]
fn two_failures_in_three_open() {
    let breaker = Breaker::new(2.0 / 3.0).min_throughput(3);
    attempt(&breaker, at(0), FAILURE);
    attempt(&breaker, at(0), SUCCESS);
    assert!(is_closed(&breaker, at(0)));
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)));
}

/// F29 is a count of failures in a row, which insist does not have: a share above a half is the nearest.
#[test]
fn successes_and_failures_in_turn_stay_below_a_share_above_a_half() {
    let breaker = Breaker::new(0.51).min_throughput(2);
    for _ in 0..20 {
        attempt(&breaker, at(0), SUCCESS);
        attempt(&breaker, at(0), FAILURE);
    }
    assert!(is_closed(&breaker, at(0)));
}

/// F31: two failures in three.
#[test]
fn the_second_failure_of_three_probes_opens() {
    half_open_reports((3, 2), &[FAILURE, SUCCESS, FAILURE], is_open);
    half_open_reports((3, 2), &[FAILURE, SUCCESS, SUCCESS], is_closed);
}

/// F33: three successes in four.
#[test]
fn the_second_failure_of_four_probes_opens_where_three_are_to_succeed() {
    half_open_reports((4, 3), &[SUCCESS, FAILURE, SUCCESS, FAILURE], is_open);
    half_open_reports((4, 3), &[SUCCESS, FAILURE, SUCCESS, SUCCESS], is_closed);
}

/// F35: two successes in four.
#[test]
fn the_third_failure_of_four_probes_opens_where_two_are_to_succeed() {
    half_open_reports((4, 2), &[SUCCESS, FAILURE, FAILURE, FAILURE], is_open);
    half_open_reports((4, 2), &[FAILURE, SUCCESS, SUCCESS], is_closed);
}

/// F37: three successes in three.
#[test]
fn the_first_failure_opens_where_all_are_to_succeed() {
    half_open_reports((3, 3), &[FAILURE], is_open);
    half_open_reports((3, 3), &[SUCCESS, FAILURE], is_open);
    half_open_reports((3, 3), &[SUCCESS, SUCCESS, SUCCESS], is_closed);
}

/// PL22: a window of 10 s, two reports every 2 s, read before the next two.
#[test]
fn the_window_forgets() {
    let breaker = Breaker::new(1.0).min_throughput(100).window(Duration::from_secs(10));
    let mut seen = Vec::new();
    for step in 0..6 {
        if step < 5 {
            attempt(&breaker, at(step * 2000), if step < 2 { FAILURE } else { SUCCESS });
            attempt(&breaker, at(step * 2000), SUCCESS);
        }
        let BreakerState::Closed { attempts, failures, ratio } = breaker.state(at(step * 2000 + 2000)) else {
            panic!()
        };
        seen.push((attempts, ratio, failures));
    }
    assert_eq!(seen, [(2, 0.5, 1), (4, 0.5, 2), (6, 2.0 / 6.0, 2), (8, 0.25, 2), (8, 0.125, 1), (6, 0.0, 0)]);
}

/// R1: resilience4j's last four; here the window lets the first one fall out by its time.
#[test]
fn the_ratio_falls_with_each_success() {
    let breaker = Breaker::new(1.0).min_throughput(100).window(Duration::from_secs(4));
    let mut ratios = Vec::new();
    for (step, end) in [FAILURE, SUCCESS, SUCCESS, SUCCESS, SUCCESS].into_iter().enumerate() {
        let now = at(step as u64 * 1000);
        attempt(&breaker, now, end);
        let BreakerState::Closed { ratio, .. } = breaker.state(now) else { panic!() };
        ratios.push((ratio * 1000.0).round() / 10.0);
    }
    assert_eq!(ratios, [100.0, 50.0, 33.3, 25.0, 0.0]);
}

/// Hystrix's default: 20 attempts in 10 s, half of them failures, 5 s open.
#[test]
fn the_defaults_are_those_of_hystrix() {
    let breaker = Breaker::default();
    for _ in 0..19 {
        attempt(&breaker, at(0), FAILURE);
    }
    assert!(is_closed(&breaker, at(0)), "19 are too few to tell");
    attempt(&breaker, at(9_999), FAILURE);
    assert!(is_open(&breaker, at(14_998)));
    assert!(is_half_open(&breaker, at(14_999)));
}
