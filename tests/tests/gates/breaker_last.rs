//! The breaker over the last attempts and by a number of failures: bounds, histories and threads.

use std::sync::Barrier;
use std::thread;

use insist_core::{AttemptEnd, Breaker};
use insist_tests::fuzz;
use insist_tests::words::{FAILURE, SECOND, SUCCESS, at, attempt, counts, ends, is_closed, is_open, ms, set, took};

/// The most that there is room for.
const MOST: u32 = 500;

#[test]
fn the_last_one_alone_may_count() {
    let breaker = Breaker::new(1.0).over_last(1);
    (0..100).for_each(|_| attempt(&breaker, at(0), SUCCESS));
    assert_eq!(counts(&breaker, 0), [1, 0, 0]);
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)));
}

#[test]
fn as_many_as_there_is_room_for_may_count() {
    let breaker = Breaker::new(1.0).over_last(MOST);
    attempt(&breaker, at(0), SUCCESS);
    for failure in 1..u64::from(MOST) {
        attempt(&breaker, at(0), FAILURE);
        assert_eq!(counts(&breaker, 0), [failure + 1, failure, 0]);
    }
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)), "the success has fallen out");
}

#[test]
fn as_many_in_a_row_as_there_is_room_for_may_open_it() {
    let breaker = Breaker::consecutive(MOST);
    for _ in 1..MOST {
        attempt(&breaker, at(0), FAILURE);
    }
    attempt(&breaker, at(0), SUCCESS);
    for _ in 1..MOST {
        attempt(&breaker, at(0), FAILURE);
        assert!(is_closed(&breaker, at(0)));
    }
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)));
}

#[test]
fn the_last_attempts_count_however_long_ago() {
    let breaker = Breaker::new(0.5).over_last(4).min_throughput(4);
    let day = 86_400_000;
    for (days, end) in [(0, SUCCESS), (1, FAILURE), (30, SUCCESS), (400, FAILURE)] {
        assert!(is_closed(&breaker, at(days * day)));
        attempt(&breaker, at(days * day), end);
    }
    assert!(is_open(&breaker, at(400 * day)));
}

#[test]
fn the_minimum_is_20_or_all_that_count() {
    for (last, least) in [(1, 1), (7, 7), (20, 20), (21, 20), (MOST, 20)] {
        let breaker = Breaker::new(0.5).over_last(last);
        for failure in 1..=least {
            assert!(is_closed(&breaker, at(0)), "{failure} of {last}");
            attempt(&breaker, at(0), FAILURE);
        }
        assert!(is_open(&breaker, at(0)), "{last}");
    }
}

#[test]
fn what_is_said_last_is_the_window() {
    let over_time = Breaker::new(0.5).over_last(10).window(SECOND);
    (0..20).for_each(|_| attempt(&over_time, at(0), SUCCESS));
    assert_eq!(counts(&over_time, 0), [20, 0, 0]);
    assert_eq!(counts(&over_time, 1000), [0, 0, 0]);
    let last = Breaker::new(0.5).window(SECOND).over_last(10);
    (0..20).for_each(|_| attempt(&last, at(0), SUCCESS));
    assert_eq!(counts(&last, 1_000_000), [10, 0, 0]);
}

#[test]
fn a_number_of_failures_over_time_is_whatever_their_share() {
    let breaker = Breaker::after_failures(3).window(SECOND);
    for now in [0, 600, 1200, 1800] {
        attempt(&breaker, at(now), FAILURE);
        (0..100).for_each(|_| attempt(&breaker, at(now), SUCCESS));
    }
    attempt(&breaker, at(1850), FAILURE);
    assert!(is_open(&breaker, at(1850)));
}

#[test]
fn a_number_of_failures_may_have_a_minimum_too() {
    let breaker = Breaker::after_failures(2).over_last(10).min_throughput(4);
    (0..3).for_each(|_| attempt(&breaker, at(0), FAILURE));
    assert!(is_closed(&breaker, at(0)));
    attempt(&breaker, at(0), FAILURE);
    assert!(is_open(&breaker, at(0)));
}

#[test]
fn it_closes_with_none_of_the_last_attempts() {
    let breaker = Breaker::after_failures(2).over_last(100).open_for(ms(1));
    let mut now = 0;
    for round in 0..300 {
        (0..round).for_each(|_| attempt(&breaker, at(now), SUCCESS));
        attempt(&breaker, at(now), FAILURE);
        assert_eq!(counts(&breaker, now), [(round + 1).min(100), 1, 0]);
        attempt(&breaker, at(now), FAILURE);
        now += 1;
        attempt(&breaker, at(now), SUCCESS);
        assert_eq!(counts(&breaker, now), [0, 0, 0]);
    }
}

#[test]
fn what_was_sent_in_another_phase_is_not_among_the_last() {
    let breaker = Breaker::consecutive(1).open_for(SECOND);
    attempt(&breaker, at(0), FAILURE);
    attempt(&breaker, at(1000), SUCCESS);
    ends(&breaker, at(0), at(1100), FAILURE);
    assert_eq!(counts(&breaker, 1100), [0, 0, 0]);
}

#[test]
fn the_caller_says_what_fails_among_the_last_too() {
    let breaker = Breaker::consecutive(2).failures(|end| end == AttemptEnd::Stop);
    for end in [AttemptEnd::Stop, FAILURE, AttemptEnd::Stop] {
        attempt(&breaker, at(0), end);
    }
    assert_eq!(counts(&breaker, 0), [2, 1, 0]);
    attempt(&breaker, at(0), AttemptEnd::Stop);
    assert!(is_open(&breaker, at(0)));
}

#[test]
fn the_last_instants_there_are_do_no_harm_to_these() {
    let last = insist_core::Instant::from_nanos(u64::MAX);
    let breaker = Breaker::consecutive(2).slow(ms(1), 1.0);
    for end in [SUCCESS, FAILURE, FAILURE, SUCCESS] {
        ends(&breaker, at(0), last, end);
        ends(&breaker, last, last, end);
        let _ = breaker.state(last);
    }
}

/// Long histories of any of them: every answer is that of a model that knows no atomics.
#[test]
fn long_histories_are_those_of_the_model() {
    for seed in 0..20 * set("INSIST_CASES").unwrap_or(0).max(1) {
        let mut random = fastrand::Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..4000).map(|_| random.u8(..)).collect();
        fuzz::gates(&bytes);
    }
}

/// Threads that report at once lose nothing: the counts are those of the latest attempts, whoever made them.
#[test]
fn threads_share_the_last_attempts_and_lose_none() {
    const EACH: u64 = 20_000;
    let breaker = Breaker::after_failures(MOST).over_last(MOST).slow(ms(1), 1.0);
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (breaker, start) = (&breaker, &start);
            scope.spawn(move || {
                start.wait();
                for number in 0..EACH {
                    // Every fourth fails and is slow, in each thread.
                    let is_bad = (number + thread) % 4 == 0;
                    took(breaker, 1000, if is_bad { 500 } else { 0 }, if is_bad { FAILURE } else { SUCCESS });
                    let [attempts, failures, slow] = counts(breaker, 1000);
                    assert!(attempts <= u64::from(MOST), "{attempts}");
                    assert_eq!(failures, slow, "an attempt is counted as a whole");
                }
            });
        }
    });
    assert_eq!(counts(&breaker, 1000)[0], u64::from(MOST));
    (0..MOST).for_each(|_| took(&breaker, 1000, 0, SUCCESS));
    assert_eq!(counts(&breaker, 1000), [u64::from(MOST), 0, 0]);
}

#[test]
fn threads_open_it_at_the_last_failure_that_is_missing() {
    for round in 0..200 {
        let breaker = Breaker::consecutive(40);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    (0..10).for_each(|_| took(&breaker, 1000, 0, FAILURE));
                });
            }
        });
        assert!(is_open(&breaker, at(1000)), "{round}");
    }
}
