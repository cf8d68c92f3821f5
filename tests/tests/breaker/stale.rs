//! Reports that come late: of attempts that were sent before the breaker opened, or before it closed.

use std::time::Duration;

use insist_core::{AttemptEnd, Breaker, Gate};

use super::{FAILURE, SUCCESS, at, attempt, ends, is_admitted, is_closed, is_half_open, is_open, opened, touchy};

#[test]
fn a_success_from_before_does_not_close_it() {
    let breaker = opened(touchy());
    ends(&breaker, at(0), at(500), SUCCESS);
    assert!(is_open(&breaker, at(500)));
    assert!(is_admitted(&breaker, at(1000)));
    ends(&breaker, at(0), at(1100), SUCCESS);
    assert_eq!(breaker.state(at(1100)).to_string(), "half-open: 1 in flight, 0 succeeded, 0 failed");
}

#[test]
fn a_failure_from_before_does_not_open_it_for_longer_or_again() {
    let breaker = opened(touchy());
    ends(&breaker, at(0), at(900), FAILURE);
    assert!(is_half_open(&breaker, at(1000)), "no later than it would be");
    assert!(is_admitted(&breaker, at(1000)));
    ends(&breaker, at(0), at(1100), FAILURE);
    assert!(is_half_open(&breaker, at(1100)));
    ends(&breaker, at(1000), at(1200), SUCCESS);
    ends(&breaker, at(0), at(1300), FAILURE);
    assert!(is_closed(&breaker, at(1300)), "nor once it has closed");
}

#[test]
fn a_cancel_from_before_gives_no_place_back() {
    let breaker = opened(touchy());
    assert!(is_admitted(&breaker, at(1000)));
    ends(&breaker, at(0), at(1100), AttemptEnd::Cancelled);
    assert!(!is_admitted(&breaker, at(1100)));
}

/// What was counted before the breaker opened is forgotten when it closes, also in a window that is much longer.
#[test]
fn it_closes_with_an_empty_window() {
    for (window, open_for) in [(60_000, 1), (60_000, 5000), (10, 1), (10, 60_000), (1000, 100)] {
        let breaker = Breaker::new(0.5)
            .min_throughput(3)
            .window(Duration::from_millis(window))
            .open_for(Duration::from_millis(open_for));
        let mut now = 0;
        for _ in 0..50 {
            for _ in 0..3 {
                attempt(&breaker, at(now), FAILURE);
            }
            assert!(is_open(&breaker, at(now)));
            now += open_for;
            attempt(&breaker, at(now), SUCCESS);
            assert_eq!(breaker.state(at(now)).to_string(), "closed: 0 of 0 failed, ratio 0.000");
        }
    }
}

#[test]
fn time_that_goes_backwards_stands_still() {
    let breaker = Breaker::new(1.0).min_throughput(3).window(Duration::from_secs(1));
    attempt(&breaker, at(5000), FAILURE);
    attempt(&breaker, at(10), FAILURE);
    assert_eq!(breaker.state(at(0)).to_string(), "closed: 2 of 2 failed, ratio 1.000");
    let breaker = opened(touchy());
    assert!(is_admitted(&breaker, at(3000)));
    assert!(!is_admitted(&breaker, at(2000)), "half-open since 3 s");
    assert!(is_half_open(&breaker, at(500)));
}

#[test]
fn the_last_instants_there_are_do_no_harm() {
    let last = insist_core::Instant::from_nanos(u64::MAX);
    let breaker = touchy().open_for(Duration::MAX).window(Duration::MAX);
    attempt(&breaker, at(0), FAILURE);
    assert!(!is_admitted(&breaker, at(1_000_000_000)));
    for end in [FAILURE, SUCCESS, FAILURE] {
        let _ = breaker.admit(last, &insist_core::Cause::FIRST);
        ends(&breaker, last, last, end);
        let _ = breaker.state(last);
    }
}
