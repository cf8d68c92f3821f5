//! Every interleaving of threads that share a limit that adapts, a share of retries, a pause, a throttle, or latencies.

use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Cause, Instant, Verdict};
use insist_loom::{AdaptiveThrottle, AimdLimit, Gate, GradientLimit, Latencies, Pause, RetryShare, Settled};
use loom::sync::Arc;
use loom::thread;

const MS: Duration = Duration::from_millis(1);

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Every word is used once before threads start.
fn shared<G: Gate + std::fmt::Debug>(gate: G) -> Arc<G> {
    let _ = format!("{gate:?}");
    Arc::new(gate)
}

fn admits(gate: &impl Gate, now: u64) -> bool {
    gate.admit(at(now), &Cause::FIRST) == Admission::Yes
}

fn ends(gate: &impl Gate, now: u64, took: u64, end: impl Into<AttemptEnd>) {
    gate.settle(at(now), &Cause::FIRST, &Settled::Ended(end.into(), at(now - took)));
}

#[test]
fn two_threads_share_the_last_place_of_a_limit() {
    loom::model(|| {
        let limit = shared(AimdLimit::new(1, 9));
        let other = Arc::clone(&limit);
        let thread = thread::spawn(move || admits(&*other, 0));
        let mine = admits(&*limit, 0);
        assert_ne!(mine, thread.join().unwrap(), "one of them has it");
        assert_eq!(limit.state().in_flight, 1);
    });
}

#[test]
fn an_answer_and_a_drop_that_meet_both_change_the_limit() {
    loom::model(|| {
        let limit = shared(AimdLimit::new(1, 99).start(20).ratio(0.5));
        assert!((0..20).all(|_| admits(&*limit, 0)));
        let other = Arc::clone(&limit);
        let thread = thread::spawn(move || ends(&*other, 1, 1, AttemptEnd::Timeout));
        ends(&*limit, 1, 1, Verdict::Accept);
        thread.join().unwrap();
        let state = limit.state();
        assert_eq!(state.in_flight, 18);
        // (20 + 1) / 2, or 20 / 2 + 1.
        assert!(state.limit == 10 || state.limit == 11, "{}", state.limit);
    });
}

#[test]
fn two_threads_share_the_last_retry_of_a_share() {
    loom::model(|| {
        let share = shared(RetryShare::new(0.5).at_least(0));
        assert!(admits(&*share, 0) && admits(&*share, 0));
        let other = Arc::clone(&share);
        let thread = thread::spawn(move || other.reserve(at(0), &Cause::HEDGE).is_ok());
        let mine = share.reserve(at(0), &Cause::HEDGE).is_ok();
        assert_ne!(mine, thread.join().unwrap(), "one of them has it");
        assert_eq!(share.state().retries, 1);
    });
}

/// A retry that meets the end of a first send passes or not, and what is counted in the end is right.
#[test]
fn a_retry_that_meets_an_end_leaves_the_counts_right() {
    loom::model(|| {
        let share = shared(RetryShare::new(0.5).at_least(0));
        assert!(admits(&*share, 0) && admits(&*share, 0));
        let other = Arc::clone(&share);
        let thread = thread::spawn(move || ends(&*other, 0, 0, Verdict::Accept));
        if share.reserve(at(0), &Cause::HEDGE).is_ok() {
            assert_eq!(share.admit(at(0), &Cause::HEDGE), Admission::Yes);
            share.settle(at(0), &Cause::HEDGE, &Settled::Ended(AttemptEnd::Accept, at(0)));
        }
        thread.join().unwrap();
        assert_eq!((share.state().in_flight, share.state().retries), (1, 0));
    });
}

/// Whoever sees a part of a hint sees an instant between its end and the end of its spread, or no pause yet.
#[test]
fn nobody_is_let_go_before_the_end_of_the_pause_that_was_seen_nor_after_its_spread() {
    loom::model(|| {
        let pause = shared(Pause::new().spread(0.5));
        let other = Arc::clone(&pause);
        let thread = thread::spawn(move || ends(&*other, 0, 0, Verdict::retry().after(10 * MS)));
        match pause.admit(at(1), &Cause::FIRST) {
            Admission::Yes => {}
            Admission::NotBefore(until) => assert!((at(10)..=at(15)).contains(&until), "{until}"),
            Admission::No(refusal) => panic!("{refusal}"),
        }
        thread.join().unwrap();
        assert!(!admits(&*pause, 1));
    });
}

#[test]
fn of_two_hints_that_meet_the_later_end_counts() {
    loom::model(|| {
        let pause = shared(Pause::new().spread(0.0));
        let other = Arc::clone(&pause);
        let thread = thread::spawn(move || ends(&*other, 0, 0, Verdict::retry().after(10 * MS)));
        ends(&*pause, 0, 0, Verdict::retry().after(20 * MS));
        thread.join().unwrap();
        assert_eq!(pause.admit(at(1), &Cause::FIRST), Admission::NotBefore(at(20)));
    });
}

/// Two windows that are due are worked out once, and no attempt is forgotten.
#[test]
fn a_window_that_two_threads_find_over_changes_the_limit_once() {
    loom::model(|| {
        let limit = GradientLimit::new(4, 1000).measuring(1000 * MS, 2).least_latency(10 * MS).buffer(0.0);
        let limit = shared(limit);
        assert!(admits(&*limit, 0) && admits(&*limit, 0) && admits(&*limit, 0));
        ends(&*limit, 10, 10, Verdict::Accept);
        let other = Arc::clone(&limit);
        let thread = thread::spawn(move || ends(&*other, 100, 100, AttemptEnd::Cancelled));
        ends(&*limit, 100, 100, AttemptEnd::Cancelled);
        thread.join().unwrap();
        let state = limit.state();
        assert_eq!((state.limit, state.in_flight), (6, 0), "4 and its square root, once");
    });
}

/// The answers that end a measuring may meet, and one of them ends it.
#[test]
fn a_measuring_ends_once_and_gives_the_limit_back() {
    loom::model(|| {
        let limit = shared(GradientLimit::new(2, 1000).measuring(1000 * MS, 2));
        assert!(admits(&*limit, 0) && admits(&*limit, 0));
        let other = Arc::clone(&limit);
        let thread = thread::spawn(move || ends(&*other, 10, 10, Verdict::Accept));
        ends(&*limit, 10, 10, Verdict::Accept);
        thread.join().unwrap();
        let state = limit.state();
        assert_eq!((state.limit, state.in_flight, state.is_measuring), (2, 0, false));
        assert_eq!(state.least_latency, Some(10 * MS), "whoever is late, its place is not taken for an answer");
        assert!(admits(&*limit, 20) && admits(&*limit, 20) && !admits(&*limit, 20));
    });
}

/// A request that meets another is counted, and so is an acceptance.
#[test]
fn a_throttle_counts_requests_and_acceptances_that_meet() {
    loom::model(|| {
        let throttle = shared(AdaptiveThrottle::new(1.0));
        assert!(admits(&*throttle, 0) && admits(&*throttle, 0));
        let other = Arc::clone(&throttle);
        let thread = thread::spawn(move || ends(&*other, 0, 0, Verdict::Accept));
        ends(&*throttle, 0, 0, Verdict::Accept);
        thread.join().unwrap();
        assert_eq!(throttle.refusal(at(0)), 0.0);
        let _ = throttle.admit(at(0), &Cause::FIRST);
        assert_eq!(throttle.refusal(at(0)), 0.25, "3 requests, 2 of them taken on");
    });
}

/// The dice are thrown once for each, so no two that are held come back at one instant.
#[test]
fn two_that_are_held_at_once_come_back_at_instants_of_their_own() {
    loom::model(|| {
        let pause = shared(Pause::new().spread(1.0));
        ends(&*pause, 0, 0, Verdict::retry().after(10 * MS));
        let other = Arc::clone(&pause);
        let thread = thread::spawn(move || other.admit(at(1), &Cause::FIRST));
        let mine = pause.admit(at(1), &Cause::FIRST);
        assert_ne!(mine, thread.join().unwrap());
    });
}

/// Each thread has a place of its own.
#[test]
fn latencies_that_meet_are_both_known() {
    loom::model(|| {
        let latencies = shared(Latencies::new().warm_up(1));
        let other = Arc::clone(&latencies);
        let thread = thread::spawn(move || ends(&*other, 20, 20, Verdict::Accept));
        ends(&*latencies, 20, 10, Verdict::Accept);
        thread.join().unwrap();
        let state = latencies.state(at(20));
        assert_eq!((state.latencies, state.p50, state.p99), (2, 10 * MS, 20 * MS));
    });
}
