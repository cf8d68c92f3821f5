//! gobreaker (sony/gobreaker): TestDefaultCircuitBreaker and TestCustomCircuitBreaker of `gobreaker_test.go`.
//!
//! Left out: its `Interval` clears all counts at once when it is over, where insist's window slides.

use std::time::Duration;

use insist_core::Breaker;
use insist_tests::words::{
    FAILURE, SUCCESS, at, attempt, counts, ends, is_admitted, is_closed, is_half_open, is_open, secs,
};

/// `ReadyToTrip` is more than five failures in a row, `Timeout` a minute, `MaxRequests` 1.
fn default() -> Breaker {
    Breaker::consecutive(6).open_for(Duration::from_secs(60))
}

#[test]
fn six_failures_in_a_row_open_it_for_a_minute() {
    let breaker = default();
    (0..5).for_each(|_| attempt(&breaker, at(0), FAILURE));
    attempt(&breaker, at(0), SUCCESS);
    attempt(&breaker, at(0), FAILURE);
    assert_eq!(counts(&breaker, 0), [6, 5, 0], "of the last six; gobreaker counts since it has closed");
    (0..4).for_each(|_| attempt(&breaker, at(0), FAILURE));
    assert!(is_closed(&breaker, at(0)));
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(59_999)));
    assert!(!is_admitted(&breaker, at(59_999)));
    assert!(is_half_open(&breaker, at(60_000)));
}

#[test]
fn half_open_one_failure_opens_it_and_one_success_closes_it() {
    let breaker = default();
    (0..6).for_each(|_| attempt(&breaker, at(0), FAILURE));
    attempt(&breaker, at(60_000), FAILURE);
    assert!(is_open(&breaker, at(119_999)));
    attempt(&breaker, at(120_000), SUCCESS);
    assert_eq!(counts(&breaker, 120_000), [0, 0, 0]);
}

/// `MaxRequests` 3, `Interval` 30 s, `Timeout` 90 s, trips at 3 requests or more of which 0.6 have failed.
fn custom() -> Breaker {
    Breaker::new(0.6).min_throughput(3).window(secs(30)).open_for(secs(90)).probes(3, 3)
}

#[test]
fn two_failures_of_three_open_where_six_tenths_do() {
    let breaker = custom();
    for _ in 0..5 {
        attempt(&breaker, at(0), SUCCESS);
        attempt(&breaker, at(0), FAILURE);
    }
    attempt(&breaker, at(29_000), SUCCESS);
    assert_eq!(counts(&breaker, 29_000), [11, 5, 0]);
    // Here the window has slid past the last one too.
    attempt(&breaker, at(60_000), FAILURE);
    assert_eq!(counts(&breaker, 60_000), [1, 1, 0]);
    attempt(&breaker, at(60_000), SUCCESS);
    attempt(&breaker, at(60_000), FAILURE);
    assert!(is_open(&breaker, at(60_000)));
}

#[test]
fn three_successes_in_a_row_close_it_and_a_fourth_request_is_too_many() {
    let breaker = custom();
    (0..3).for_each(|_| attempt(&breaker, at(0), FAILURE));
    attempt(&breaker, at(90_000), SUCCESS);
    attempt(&breaker, at(90_000), SUCCESS);
    assert!(is_half_open(&breaker, at(90_000)));
    assert!(is_admitted(&breaker, at(90_000)));
    assert!(!is_admitted(&breaker, at(90_050)));
    ends(&breaker, at(90_000), at(90_100), SUCCESS);
    assert!(is_closed(&breaker, at(90_100)));
    let breaker = custom();
    (0..3).for_each(|_| attempt(&breaker, at(0), FAILURE));
    attempt(&breaker, at(90_000), SUCCESS);
    attempt(&breaker, at(90_000), FAILURE);
    assert!(is_open(&breaker, at(90_000)));
}
