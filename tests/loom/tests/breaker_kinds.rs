//! Every interleaving of threads that share a breaker which counts the last attempts, or slow ones.

use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Cause, Instant};
use insist_loom::{Breaker, BreakerState, Gate, Settled};
use loom::sync::Arc;
use loom::thread;

const FAILURE: AttemptEnd = AttemptEnd::Timeout;
const SUCCESS: AttemptEnd = AttemptEnd::Accept;

/// The attempts that a word has room for.
const WORD: u64 = 21;

const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Every word is used once.
fn shared(breaker: Breaker) -> Arc<Breaker> {
    let _ = format!("{breaker:?}");
    Arc::new(breaker)
}

fn ends(breaker: &Breaker, sent: u64, now: u64, end: AttemptEnd) {
    breaker.settle(at(now), &Cause::FIRST, &Settled::Ended(end, at(sent)));
}

fn is_admitted(breaker: &Breaker, now: u64) -> bool {
    breaker.admit(at(now), &Cause::FIRST) == Admission::Yes
}

fn both(breaker: &Arc<Breaker>, mine: impl FnOnce(&Breaker), other: fn(&Breaker)) {
    let shared = Arc::clone(breaker);
    let thread = thread::spawn(move || other(&shared));
    mine(breaker);
    thread.join().unwrap();
}

/// Attempts, failures and slow ones.
fn counts(breaker: &Breaker, now: u64) -> [u64; 3] {
    let BreakerState::Closed { attempts, failures, slow, .. } = breaker.state(at(now)) else { panic!("not closed") };
    [attempts, failures, slow]
}

#[test]
fn two_failures_in_a_row_open_it_whoever_is_first() {
    loom::model(|| {
        let breaker = shared(Breaker::consecutive(2));
        both(&breaker, |b| ends(b, 0, 1, FAILURE), |b| ends(b, 0, 1, FAILURE));
        assert!(matches!(breaker.state(at(1)), BreakerState::Open { .. }));
    });
}

#[test]
fn two_that_begin_a_word_are_both_counted() {
    loom::model(|| {
        let breaker = shared(Breaker::new(1.0).over_last(50));
        (0..WORD).for_each(|_| ends(&breaker, 0, 0, SUCCESS));
        both(&breaker, |b| ends(b, 0, 1, FAILURE), |b| ends(b, 0, 1, SUCCESS));
        assert_eq!(counts(&breaker, 1), [WORD + 2, 1, 0]);
    });
}

/// The word that is begun has attempts of a lap before.
#[test]
fn two_that_begin_a_word_anew_are_both_counted() {
    let mut model = loom::model::Builder::new();
    model.max_branches = 10_000;
    model.check(|| {
        let breaker = shared(Breaker::after_failures(50).over_last(50));
        // Six words.
        (0..6 * WORD).for_each(|number| ends(&breaker, 0, 0, if number < WORD { FAILURE } else { SUCCESS }));
        both(&breaker, |b| ends(b, 0, 1, FAILURE), |b| ends(b, 0, 1, FAILURE));
        assert_eq!(counts(&breaker, 1), [50, 2, 0]);
    });
}

#[test]
fn the_first_two_of_a_phase_begin_one_word() {
    loom::model(|| {
        let breaker = shared(Breaker::after_failures(1).over_last(3).open_for(Duration::from_millis(100)));
        ends(&breaker, 0, 0, SUCCESS);
        ends(&breaker, 0, 0, FAILURE);
        assert!(is_admitted(&breaker, 100));
        ends(&breaker, 100, 100, SUCCESS);
        both(&breaker, |b| ends(b, 100, 101, SUCCESS), |b| ends(b, 100, 101, SUCCESS));
        assert_eq!(counts(&breaker, 101), [2, 0, 0]);
    });
}

/// Whoever is late with an attempt of the closed phase before neither counts in this one nor opens it.
#[test]
fn a_late_failure_is_not_among_the_last_of_the_next_phase() {
    loom::model(|| {
        let breaker = shared(Breaker::after_failures(1).over_last(3).open_for(Duration::from_millis(100)));
        both(
            &breaker,
            |b| {
                ends(b, 0, 2, FAILURE);
                assert!(is_admitted(b, 200));
                ends(b, 200, 200, SUCCESS);
                ends(b, 201, 201, SUCCESS);
            },
            |b| ends(b, 0, 1, FAILURE),
        );
        assert_eq!(counts(&breaker, 201), [1, 0, 0]);
    });
}

#[test]
fn whoever_reads_the_last_meanwhile_sees_whole_attempts() {
    loom::model(|| {
        let breaker = shared(Breaker::new(1.0).over_last(WORD as u32).slow(Duration::from_millis(1), 1.0));
        (0..WORD).for_each(|_| ends(&breaker, 0, 0, SUCCESS));
        both(
            &breaker,
            |b| {
                let [attempts, failures, slow] = counts(b, 5);
                assert_eq!(attempts, WORD);
                assert_eq!(failures, slow);
            },
            |b| ends(b, 0, 5, FAILURE),
        );
        assert_eq!(counts(&breaker, 5), [WORD, 1, 1]);
    });
}

fn slow_over_time() -> Breaker {
    Breaker::new(1.0).window(Duration::from_millis(20)).min_throughput(2).slow(Duration::from_millis(1), 1.0)
}

#[test]
fn two_slow_ones_open_it_whoever_is_first() {
    loom::model(|| {
        let breaker = shared(slow_over_time());
        both(&breaker, |b| ends(b, 0, 5, SUCCESS), |b| ends(b, 0, 6, SUCCESS));
        assert!(matches!(breaker.state(at(6)), BreakerState::Open { .. }));
    });
}

#[test]
fn there_are_never_more_slow_ones_than_attempts() {
    loom::model(|| {
        let breaker = shared(slow_over_time().min_throughput(9));
        both(
            &breaker,
            |b| {
                ends(b, 11, 11, SUCCESS);
                let [attempts, _, slow] = counts(b, 11);
                assert!(slow <= attempts, "{slow} of {attempts}");
            },
            |b| ends(b, 0, 5, SUCCESS),
        );
        assert_eq!(counts(&breaker, 11), [2, 0, 1]);
    });
}

/// The slot of one falls out of the window while another is at it.
#[test]
fn a_slow_one_of_a_slot_that_is_over_is_written_over_by_what_is_later() {
    loom::model(|| {
        let breaker = shared(slow_over_time().min_throughput(9));
        both(&breaker, |b| ends(b, 20, 25, SUCCESS), |b| ends(b, 0, 5, SUCCESS));
        let [attempts, _, slow] = counts(&breaker, 25);
        assert_eq!(attempts, slow, "the late one counts in the newest slot, or not at all");
        assert!(slow == 1 || slow == 2, "{slow}");
    });
}
