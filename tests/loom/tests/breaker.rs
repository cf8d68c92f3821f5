//! Every interleaving of threads that share a circuit breaker.

use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Cause, Failure, Instant};
use insist_loom::{Breaker, BreakerState, Gate, Settled};
use loom::sync::Arc;
use loom::thread;

const FAILURE: AttemptEnd = AttemptEnd::Retry(Failure::new());

const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn breaker(throughput: u32) -> Breaker {
    Breaker::new(1.0).min_throughput(throughput).window(Duration::from_millis(20)).open_for(Duration::from_millis(100))
}

/// Every word is used once.
fn shared(breaker: Breaker) -> Arc<Breaker> {
    let _ = format!("{breaker:?}");
    Arc::new(breaker)
}

/// Open until 100 ms, and then with so many probes.
fn opened(probes: u8, successes: u8) -> Arc<Breaker> {
    let breaker = breaker(1).probes(probes, successes);
    ends(&breaker, at(0), at(0), FAILURE);
    assert!(matches!(breaker.state(at(0)), BreakerState::Open { .. }));
    shared(breaker)
}

fn is_admitted(breaker: &Breaker, now: Instant) -> bool {
    breaker.admit(now, &Cause::FIRST) == Admission::Yes
}

fn ends(breaker: &Breaker, sent: Instant, now: Instant, end: AttemptEnd) {
    breaker.settle(now, &Cause::FIRST, &Settled::Ended(end, sent));
}

fn both(breaker: &Arc<Breaker>, mine: impl FnOnce(&Breaker) -> bool, other: fn(&Breaker) -> bool) -> (bool, bool) {
    let shared = Arc::clone(breaker);
    let thread = thread::spawn(move || other(&shared));
    let mine = mine(breaker);
    (mine, thread.join().unwrap())
}

fn report(breaker: &Breaker, sent: Instant, now: Instant, end: AttemptEnd) -> bool {
    ends(breaker, sent, now, end);
    true
}

#[test]
fn two_failures_open_it() {
    loom::model(|| {
        let breaker = shared(breaker(2));
        both(&breaker, |b| report(b, at(0), at(1), FAILURE), |b| report(b, at(0), at(2), FAILURE));
        assert!(matches!(breaker.state(at(2)), BreakerState::Open { .. }));
    });
}

#[test]
fn reports_in_two_slots_are_all_counted() {
    loom::model(|| {
        let breaker = shared(breaker(3));
        both(&breaker, |b| report(b, at(0), at(1), FAILURE), |b| report(b, at(0), at(11), AttemptEnd::Accept));
        let BreakerState::Closed { attempts, failures, .. } = breaker.state(at(11)) else { panic!() };
        assert_eq!(attempts, 2);
        assert_eq!(failures, 1);
    });
}

#[test]
fn one_of_two_is_the_probe() {
    loom::model(|| {
        let breaker = opened(1, 1);
        let admitted = both(&breaker, |b| is_admitted(b, at(100)), |b| is_admitted(b, at(100)));
        assert_ne!(admitted.0, admitted.1);
    });
}

#[test]
fn the_second_of_two_probes_goes_to_one() {
    loom::model(|| {
        let breaker = opened(2, 1);
        assert!(is_admitted(&breaker, at(100)));
        let admitted = both(&breaker, |b| is_admitted(b, at(101)), |b| is_admitted(b, at(102)));
        assert_ne!(admitted.0, admitted.1);
    });
}

#[test]
fn a_lost_probe_makes_room_for_one() {
    loom::model(|| {
        let breaker = opened(1, 1);
        assert!(is_admitted(&breaker, at(100)));
        let admitted = both(&breaker, |b| is_admitted(b, at(200)), |b| is_admitted(b, at(201)));
        assert_ne!(admitted.0, admitted.1);
    });
}

#[test]
fn after_very_long_too() {
    loom::model(|| {
        let breaker = opened(1, 1);
        assert!(is_admitted(&breaker, at(100)));
        let admitted = both(&breaker, |b| is_admitted(b, at(900_000)), |b| is_admitted(b, at(900_000)));
        assert_ne!(admitted.0, admitted.1);
    });
}

#[test]
fn a_success_and_a_failure_open_it_where_both_are_to_succeed() {
    loom::model(|| {
        let breaker = opened(2, 2);
        assert!(is_admitted(&breaker, at(100)) && is_admitted(&breaker, at(100)));
        both(&breaker, |b| report(b, at(100), at(110), FAILURE), |b| report(b, at(100), at(110), AttemptEnd::Accept));
        assert!(matches!(breaker.state(at(110)), BreakerState::Open { until } if until == at(210)));
    });
}

#[test]
fn two_successes_close_it_where_both_are_to_succeed() {
    loom::model(|| {
        let breaker = opened(2, 2);
        assert!(is_admitted(&breaker, at(100)) && is_admitted(&breaker, at(100)));
        both(
            &breaker,
            |b| report(b, at(100), at(110), AttemptEnd::Accept),
            |b| report(b, at(100), at(110), AttemptEnd::Accept),
        );
        assert!(matches!(breaker.state(at(110)), BreakerState::Closed { attempts: 0, .. }));
    });
}

/// Whichever of two decides first, the other's report changes nothing.
#[test]
fn it_is_decided_once() {
    loom::model(|| {
        let breaker = opened(2, 1);
        assert!(is_admitted(&breaker, at(100)) && is_admitted(&breaker, at(100)));
        // Of two probes one is to succeed: a failure alone decides nothing.
        both(&breaker, |b| report(b, at(100), at(110), FAILURE), |b| report(b, at(100), at(110), AttemptEnd::Accept));
        let BreakerState::Closed { attempts, .. } = breaker.state(at(110)) else { panic!() };
        assert_eq!(attempts, 0, "a probe is not counted again");
    });
}

#[test]
fn a_late_failure_meets_the_probe_that_closes_it() {
    loom::model(|| {
        let breaker = opened(1, 1);
        assert!(is_admitted(&breaker, at(100)));
        both(&breaker, |b| report(b, at(100), at(110), AttemptEnd::Accept), |b| report(b, at(0), at(111), FAILURE));
        assert!(matches!(breaker.state(at(111)), BreakerState::Closed { attempts: 0, .. }));
    });
}

#[test]
fn a_place_that_is_given_back_is_taken_once() {
    loom::model(|| {
        let breaker = opened(1, 1);
        assert!(is_admitted(&breaker, at(100)));
        let taken = both(
            &breaker,
            |b| {
                ends(b, at(100), at(110), AttemptEnd::Cancelled);
                is_admitted(b, at(110))
            },
            |b| is_admitted(b, at(110)),
        );
        assert_ne!(taken.0, taken.1);
    });
}

#[test]
fn a_failure_that_opens_it_meets_an_attempt() {
    loom::model(|| {
        let breaker = shared(breaker(1));
        both(&breaker, |b| report(b, at(0), at(1), FAILURE), |b| is_admitted(b, at(1)));
        assert!(!is_admitted(&breaker, at(2)));
    });
}

/// Whoever is late with a probe of the half-open phase before does not write over the probes of this one.
#[test]
fn a_phase_that_is_over_does_not_come_back() {
    loom::model(|| {
        let breaker = opened(2, 2);
        assert!(is_admitted(&breaker, at(100)));
        let (_, both_admitted) = both(
            &breaker,
            |b| is_admitted(b, at(101)),
            |b| {
                ends(b, at(100), at(110), FAILURE);
                is_admitted(b, at(210)) && is_admitted(b, at(210))
            },
        );
        assert!(both_admitted);
        assert!(!is_admitted(&breaker, at(211)), "there are two already");
    });
}

/// Whoever is late with a failure of the closed phase before neither counts in this one nor opens it.
#[test]
fn a_late_failure_is_nothing_to_the_next_closed_phase() {
    loom::model(|| {
        let breaker = shared(breaker(1));
        both(
            &breaker,
            |b| {
                ends(b, at(0), at(2), FAILURE);
                let is_probe = is_admitted(b, at(200));
                ends(b, at(200), at(200), AttemptEnd::Accept);
                report(b, at(201), at(201), AttemptEnd::Accept) && is_probe
            },
            |b| report(b, at(0), at(1), FAILURE),
        );
        let BreakerState::Closed { attempts, .. } = breaker.state(at(201)) else { panic!("not closed") };
        assert_eq!(attempts, 1, "the one that was sent in it");
    });
}
