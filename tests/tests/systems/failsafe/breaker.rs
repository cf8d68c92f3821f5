//! Failsafe's circuit breaker, the tests of failsafe-go's closed and half-open states.
//!
//! A ratio of m in n is m failures among the last n attempts; in half-open it is n probes of which more than n - m have to
//! succeed. Where a test says both what has to fail and what has to succeed, the latter counts.

use insist_core::{AttemptEnd, Breaker, Instant};
use insist_tests::words::{
    FAILURE, SECOND, SUCCESS, at, attempt, counts, is_closed, is_half_open, is_open, opened, touchy,
};

/// Each is a failure or a success; the last one opens it, or none does.
#[track_caller]
fn closed_reports(breaker: &Breaker, reports: &[AttemptEnd], is_expected: fn(&Breaker, Instant) -> bool) {
    for end in reports {
        assert!(is_closed(breaker, at(0)), "{}", breaker.state(at(0)));
        attempt(breaker, at(0), *end);
    }
    assert!(is_expected(breaker, at(0)), "{}", breaker.state(at(0)));
}

/// F25, TestClosedStateFailureWithDefaultConfig and TestClosedStateSuccessWithDefaultConfig. Failsafe's default is one
/// failure; insist's is half of at least 20.
#[test]
fn one_failure_opens_where_one_is_enough() {
    closed_reports(&Breaker::consecutive(1), &[FAILURE], is_open);
    closed_reports(&Breaker::consecutive(1), &[SUCCESS], is_closed);
}

/// TestClosedStateFailureWithFailureThreshold (3).
#[test]
fn the_third_failure_in_a_row_opens() {
    closed_reports(&Breaker::consecutive(3), &[FAILURE, SUCCESS, FAILURE, FAILURE, FAILURE], is_open);
}

/// F27, TestClosedStateFailureWithFailureRatio (2 of 3).
#[test]
fn two_failures_of_the_last_three_open() {
    closed_reports(&Breaker::after_failures(2).over_last(3), &[FAILURE, SUCCESS, FAILURE], is_open);
    closed_reports(&Breaker::after_failures(2).over_last(3), &[FAILURE, FAILURE], is_open);
    closed_reports(&Breaker::after_failures(2).over_last(3), &[FAILURE, SUCCESS, SUCCESS, FAILURE], is_closed);
}

/// TestClosedStateSuccessWithFailureRatio (3 of 4) and F29, TestClosedStateSuccessWithFailureThreshold (2).
#[test]
fn successes_and_failures_in_turn_are_neither_three_of_four_nor_two_in_a_row() {
    let in_turn = [SUCCESS, FAILURE].repeat(20);
    closed_reports(&Breaker::after_failures(3).over_last(4), &in_turn, is_closed);
    closed_reports(&Breaker::consecutive(2), &in_turn, is_closed);
}

/// `WithFailureThresholdPeriod` (2 in a second).
#[test]
fn two_failures_within_a_second_open() {
    let breaker = Breaker::after_failures(2).window(SECOND);
    attempt(&breaker, at(0), FAILURE);
    attempt(&breaker, at(1000), FAILURE);
    assert!(is_closed(&breaker, at(1000)));
    attempt(&breaker, at(1900), FAILURE);
    assert!(is_open(&breaker, at(1900)));
}

/// TestCountingStats: of 50 every third succeeds, then 100 successes.
#[test]
fn the_last_hundred_are_counted() {
    let breaker = Breaker::after_failures(100).over_last(100);
    for index in 0..50 {
        attempt(&breaker, at(0), if index % 3 == 0 { SUCCESS } else { FAILURE });
    }
    assert_eq!(counts(&breaker, 0), [50, 33, 0]);
    (0..100).for_each(|_| attempt(&breaker, at(0), SUCCESS));
    assert_eq!(counts(&breaker, 0), [100, 0, 0]);
}

#[track_caller]
fn half_open_reports(probes: (u8, u8), reports: &[AttemptEnd], is_expected: fn(&Breaker, Instant) -> bool) {
    let breaker = opened(touchy().probes(probes.0, probes.1));
    let (last, before) = reports.split_last().expect("a report");
    for end in before {
        attempt(&breaker, at(1000), *end);
        assert!(is_half_open(&breaker, at(1000)));
    }
    attempt(&breaker, at(1000), *last);
    assert!(is_expected(&breaker, at(1000)), "{}", breaker.state(at(1000)));
}

/// TestHalfOpenFailureWithFailureThreshold and TestHalfOpenSuccessWithFailureThreshold (3): three probes may fail, and
/// one success is enough.
#[test]
fn the_third_failure_of_three_probes_opens_where_one_is_to_succeed() {
    half_open_reports((3, 1), &[FAILURE, FAILURE, FAILURE], is_open);
    half_open_reports((3, 1), &[FAILURE, SUCCESS], is_closed);
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

/// TestHalfOpenSuccessWithSuccessThresholdAndFailureRatio (2, 3 of 5): the success threshold alone counts.
#[test]
fn the_second_success_of_two_closes() {
    half_open_reports((2, 2), &[SUCCESS, SUCCESS], is_closed);
}
