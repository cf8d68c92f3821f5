//! The breaker by slow attempts, over time and over the last ones.

use insist_core::{AttemptEnd, Breaker, Instant};
use insist_tests::words::{
    FAILURE, SECOND, SUCCESS, at, attempt, counts, ends, is_admitted, is_closed, is_half_open, is_open, ms, took,
};

#[test]
fn what_took_longer_is_slow_and_what_took_as_long_is_not() {
    for breaker in [Breaker::new(1.0), Breaker::new(1.0).over_last(100)] {
        let breaker = breaker.slow(ms(100), 1.0);
        took(&breaker, 1000, 100, SUCCESS);
        assert_eq!(counts(&breaker, 1000), [1, 0, 0]);
        ends(&breaker, at(0), Instant::from_nanos(100_000_001), SUCCESS);
        assert_eq!(counts(&breaker, 1000), [2, 0, 1]);
        took(&breaker, 1000, 101, FAILURE);
        assert_eq!(counts(&breaker, 1000), [3, 1, 2]);
        assert_eq!(breaker.state(at(1000)).to_string(), "closed: 1 of 3 failed, ratio 0.333, 2 slow");
    }
}

#[test]
fn a_share_of_slow_attempts_opens_it_though_none_fails() {
    for breaker in [Breaker::new(0.5), Breaker::new(0.5).over_last(100)] {
        let breaker = breaker.min_throughput(4).slow(ms(100), 0.75);
        took(&breaker, 1000, 0, SUCCESS);
        took(&breaker, 1000, 500, SUCCESS);
        took(&breaker, 1000, 500, SUCCESS);
        assert!(is_closed(&breaker, at(1000)), "the minimum is for slow ones too");
        took(&breaker, 1000, 500, SUCCESS);
        assert!(is_open(&breaker, at(1000)));
    }
}

#[test]
fn where_all_have_to_be_slow_one_that_is_not_keeps_it_closed() {
    for breaker in [Breaker::new(1.0), Breaker::new(1.0).over_last(30)] {
        let breaker = breaker.slow(ms(100), 1.0);
        took(&breaker, 1000, 0, SUCCESS);
        (0..29).for_each(|_| took(&breaker, 1000, 500, SUCCESS));
        assert_eq!(counts(&breaker, 1000), [30, 0, 29]);
    }
}

#[test]
fn neither_a_slow_success_nor_a_fast_failure_opens_it_by_the_others_share() {
    let breaker = Breaker::new(0.5).min_throughput(2).over_last(10).slow(ms(100), 1.0);
    took(&breaker, 1000, 0, FAILURE);
    took(&breaker, 1000, 500, SUCCESS);
    assert!(is_closed(&breaker, at(1000)), "half have failed, but the last one has not");
    took(&breaker, 1000, 0, FAILURE);
    assert!(is_open(&breaker, at(1000)));
}

#[test]
fn slow_ones_leave_the_window_with_their_slot() {
    let breaker = Breaker::new(1.0).window(SECOND).slow(ms(10), 1.0);
    took(&breaker, 100, 50, SUCCESS);
    took(&breaker, 600, 50, FAILURE);
    assert_eq!(counts(&breaker, 1050), [2, 1, 2]);
    assert_eq!(counts(&breaker, 1100), [1, 1, 1]);
    assert_eq!(counts(&breaker, 1600), [0, 0, 0]);
}

#[test]
fn a_slow_probe_is_one_that_failed() {
    let breaker = Breaker::consecutive(1).open_for(SECOND).probes(3, 2).slow(ms(100), 1.0);
    attempt(&breaker, at(0), FAILURE);
    assert!((0..3).all(|_| is_admitted(&breaker, at(1000))));
    ends(&breaker, at(1000), at(1500), SUCCESS);
    assert_eq!(breaker.state(at(1500)).to_string(), "half-open: 2 in flight, 0 succeeded, 1 failed");
    ends(&breaker, at(1000), at(1050), SUCCESS);
    assert!(is_half_open(&breaker, at(1500)));
    ends(&breaker, at(1000), at(1500), SUCCESS);
    assert!(is_open(&breaker, at(1500)));
}

#[test]
fn time_that_goes_backwards_makes_nothing_slow() {
    for breaker in [Breaker::new(1.0), Breaker::new(1.0).over_last(30)] {
        let breaker = breaker.slow(ms(1), 1.0);
        ends(&breaker, at(5000), at(10), SUCCESS);
        assert_eq!(counts(&breaker, 5000), [1, 0, 0]);
    }
}

#[test]
fn what_is_cancelled_is_not_slow() {
    let breaker = Breaker::new(1.0).over_last(30).slow(ms(1), 1.0);
    for end in [AttemptEnd::Lost, AttemptEnd::Deadline, AttemptEnd::Cancelled, AttemptEnd::Withdrawn] {
        took(&breaker, 1000, 500, end);
    }
    assert_eq!(counts(&breaker, 1000), [0, 0, 0]);
}
