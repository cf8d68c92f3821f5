//! The breaker's states: how many probes there are, what reports that come late do, and numbers that make no sense.

use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Breaker, Cause, Gate, Settled};
use insist_tests::by_hand::RETRY;
use insist_tests::words::{
    FAILURE, SUCCESS, at, attempt, ends, is_admitted, is_closed, is_half_open, is_open, opened, touchy,
};

#[test]
fn an_open_breaker_fails_fast_and_says_why() {
    let breaker = opened(touchy());
    let Admission::No(refusal) = breaker.admit(at(999), &RETRY) else { panic!() };
    assert_eq!(refusal.reason(), "breaker is open");
    assert!(is_admitted(&breaker, at(1000)));
    let Admission::No(refusal) = breaker.admit(at(1000), &Cause::HEDGE) else { panic!() };
    assert_eq!(refusal.reason(), "breaker is half-open and its probes are out");
}

#[test]
fn a_waiting_breaker_says_when() {
    let breaker = opened(touchy().waiting());
    assert_eq!(breaker.admit(at(300), &Cause::FIRST), Admission::NotBefore(at(1000)));
    assert!(is_admitted(&breaker, at(1200)));
    assert_eq!(
        breaker.admit(at(1300), &Cause::FIRST),
        Admission::NotBefore(at(2200)),
        "when there is room for a probe"
    );
}

#[test]
fn no_more_probes_than_there_may_be() {
    let breaker = opened(touchy().probes(3, 2));
    let admitted = (0..10).filter(|_| is_admitted(&breaker, at(1000))).count();
    assert_eq!(admitted, 3);
    assert_eq!(breaker.state(at(1000)).to_string(), "half-open: 3 in flight, 0 succeeded, 0 failed");
    ends(&breaker, at(1000), at(1010), SUCCESS);
    assert!(!is_admitted(&breaker, at(1010)), "a report makes no room for another");
    ends(&breaker, at(1000), at(1020), SUCCESS);
    assert_eq!(breaker.state(at(1020)).to_string(), "closed: 0 of 0 failed, ratio 0.000");
}

#[test]
fn a_probe_that_fails_opens_for_a_whole_open_time() {
    let breaker = opened(touchy());
    assert!(is_admitted(&breaker, at(1500)));
    ends(&breaker, at(1500), at(1700), AttemptEnd::Timeout);
    assert!(is_open(&breaker, at(2699)));
    assert!(is_half_open(&breaker, at(2700)));
}

#[test]
fn a_probe_that_never_reports_makes_room_after_an_open_time() {
    let breaker = opened(touchy());
    for second in 1..1000 {
        assert!(is_admitted(&breaker, at(second * 1000)), "second {second}");
        assert!(!is_admitted(&breaker, at(second * 1000 + 999)), "second {second}");
    }
    // A long time of nobody asking changes nothing.
    for day in 1..400 {
        let now = at(day * 86_400_000 + 1);
        assert!(is_admitted(&breaker, now), "day {day}");
        assert!(!is_admitted(&breaker, now), "day {day}");
    }
}

#[test]
fn a_probe_that_reports_in_a_later_turn_still_counts() {
    let breaker = opened(touchy());
    assert!(is_admitted(&breaker, at(1000)));
    assert!(is_admitted(&breaker, at(2000)), "the first one is slower than the open time");
    ends(&breaker, at(1000), at(2500), SUCCESS);
    assert!(is_closed(&breaker, at(2500)));
    ends(&breaker, at(2000), at(2600), FAILURE);
    assert_eq!(breaker.state(at(2600)).to_string(), "closed: 0 of 0 failed, ratio 0.000", "decided already");
}

#[test]
fn what_reported_in_the_turn_before_is_kept() {
    let breaker = opened(touchy().probes(3, 3));
    attempt(&breaker, at(1000), SUCCESS);
    assert!(is_admitted(&breaker, at(1000)));
    // In the next turn the one that is out is given up, the one that succeeded is not.
    let admitted = (0..10).filter(|_| is_admitted(&breaker, at(2000))).count();
    assert_eq!(admitted, 2);
    ends(&breaker, at(2000), at(2100), SUCCESS);
    assert_eq!(breaker.state(at(2100)).to_string(), "half-open: 1 in flight, 2 succeeded, 0 failed");
    ends(&breaker, at(2000), at(2100), SUCCESS);
    assert!(is_closed(&breaker, at(2100)));
}

#[test]
fn a_cancelled_probe_gives_its_place_back() {
    let breaker = opened(touchy());
    assert!(is_admitted(&breaker, at(1000)));
    ends(&breaker, at(1000), at(1100), AttemptEnd::Cancelled);
    assert!(is_half_open(&breaker, at(1100)));
    assert!(is_admitted(&breaker, at(1100)), "one that another gate refuses gives it back too");
    breaker.settle(at(1100), &Cause::FIRST, &Settled::Unsent(at(1100)));
    assert!(is_admitted(&breaker, at(1100)));
    assert!(!is_admitted(&breaker, at(1100)));
}

#[test]
fn a_cancelled_probe_of_an_earlier_turn_gives_back_nothing() {
    let breaker = opened(touchy());
    assert!(is_admitted(&breaker, at(1000)));
    assert!(is_admitted(&breaker, at(2000)));
    ends(&breaker, at(1000), at(2100), AttemptEnd::Cancelled);
    assert!(!is_admitted(&breaker, at(2100)), "this turn's probe is still out");
}

#[test]
fn the_caller_says_what_fails() {
    let breaker = touchy().failures(|end| end == AttemptEnd::Stop);
    attempt(&breaker, at(0), FAILURE);
    attempt(&breaker, at(0), AttemptEnd::Timeout);
    assert_eq!(breaker.state(at(0)).to_string(), "closed: 0 of 2 failed, ratio 0.000");
    attempt(&breaker, at(0), AttemptEnd::Stop);
    assert!(is_closed(&breaker, at(0)), "one of three is less than a half");
    attempt(&breaker, at(0), AttemptEnd::Stop);
    assert!(is_open(&breaker, at(0)));
    let usual = Breaker::new(1.0).window(Duration::from_secs(1));
    for end in [AttemptEnd::Accept, AttemptEnd::Stop, AttemptEnd::Cancelled, AttemptEnd::Timeout, FAILURE] {
        attempt(&usual, at(0), end);
    }
    assert_eq!(usual.state(at(0)).to_string(), "closed: 2 of 4 failed, ratio 0.500");
}

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

/// Forgets what was counted before the breaker opened when it closes, also in a window that is much longer.
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

#[test]
fn what_makes_no_sense_is_said_in_a_sentence() {
    let breaker = Breaker::default;
    for (breaker, said) in [
        (Breaker::new(0.0), "the ratio of the breaker is not a number above 0 and up to 1"),
        (Breaker::new(1.1), "the ratio of the breaker is not a number above 0 and up to 1"),
        (Breaker::new(f64::NAN), "the ratio of the breaker is not a number above 0 and up to 1"),
        (breaker().min_throughput(0), "min_throughput is 0; the breaker needs at least 1"),
        (
            breaker().window(Duration::ZERO),
            "the window of the breaker is 0ns; it needs at least 10ms, a millisecond a slot",
        ),
        (breaker().open_for(Duration::ZERO), "open_for is 0ns; the breaker needs at least 1ms"),
        (breaker().probes(0, 0), "0 of 0 probes are to succeed; it takes at least 1 and no more than there are"),
        (breaker().probes(2, 3), "3 of 2 probes are to succeed; it takes at least 1 and no more than there are"),
        (Breaker::after_failures(0), "after_failures is 0; the breaker opens after at least 1"),
        (Breaker::consecutive(0), "after_failures is 0; the breaker opens after at least 1"),
        (Breaker::consecutive(501), "over_last is 501; the breaker counts from 1 to 500 attempts"),
        (breaker().over_last(0), "over_last is 0; the breaker counts from 1 to 500 attempts"),
        (breaker().over_last(0).min_throughput(3), "over_last is 0; the breaker counts from 1 to 500 attempts"),
        (
            Breaker::after_failures(5).over_last(3),
            "the breaker opens after 5 failures, but counts only the last 3 attempts",
        ),
        (
            breaker().over_last(10).min_throughput(11),
            "min_throughput is 11, but the breaker counts only the last 10 attempts",
        ),
        (breaker().slow(Duration::ZERO, 0.5), "every attempt takes longer than 0ns; say after how long it is slow"),
        (breaker().slow(Duration::from_secs(1), 0.0), "the share of slow attempts is not a number above 0 and up to 1"),
        (
            breaker().slow(Duration::from_secs(1), f64::NAN),
            "the share of slow attempts is not a number above 0 and up to 1",
        ),
        (breaker().sigmas(0.0), "sigmas of the breaker is not a number from 0.01 to 10"),
        (breaker().sigmas(10.5), "sigmas of the breaker is not a number from 0.01 to 10"),
        (breaker().sigmas(f64::NAN), "sigmas of the breaker is not a number from 0.01 to 10"),
        (Breaker::consecutive(5).sigmas(2.0), "sigmas tests a share; the breaker opens at a number of failures"),
        (
            breaker().over_last(8).sigmas(3.0),
            "with so many sigmas not even 8 failures among the last 8 attempts open the breaker",
        ),
    ] {
        assert_eq!(breaker.validate().unwrap_err().to_string(), said);
        let Admission::No(refusal) = breaker.admit(at(0), &Cause::FIRST) else { panic!("{said}") };
        assert_eq!(refusal.reason(), "breaker is invalid");
        breaker.settle(at(0), &Cause::FIRST, &Settled::Ended(FAILURE, at(0)));
        let _ = breaker.state(at(0));
        assert!(!is_admitted(&breaker, at(0)));
    }
    assert_eq!(breaker().validate(), Ok(()));
    assert_eq!(breaker().over_last(9).sigmas(3.0).validate(), Ok(()));
    assert_eq!(breaker().over_last(500).min_throughput(500).slow(Duration::MAX, 1.0).validate(), Ok(()));
}
