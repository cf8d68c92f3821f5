//! Every interleaving of threads that share a retry budget.

use std::time::Duration;

use insist_core::{AttemptEnd, Cause, Instant};
use insist_loom::{Budget, Gate, Settled};
use loom::sync::Arc;
use loom::thread;

/// Holds what a retry is for; a budget does not look at how the attempt before it failed.
const AGAIN: Cause = Cause::retry(AttemptEnd::Timeout);

/// Two slots of 10 ms.
fn slot(number: u64) -> Instant {
    Instant::from_nanos(number * 10_000_000)
}

fn budget(ratio: f64, reserve: u32) -> Arc<Budget> {
    let budget = Budget::new(ratio).with_reserve(reserve).window(Duration::from_millis(20));
    // Every word is used once.
    let _ = format!("{budget:?}");
    Arc::new(budget)
}

/// Counts the retries that these threads get, each asking once at its own time.
fn reserve_at(budget: &Arc<Budget>, times: [u64; 2]) -> [bool; 2] {
    let other = Arc::clone(budget);
    let thread = thread::spawn(move || other.reserve(slot(times[1]), &Cause::HEDGE).is_ok());
    let mine = budget.reserve(slot(times[0]), &AGAIN).is_ok();
    [mine, thread.join().unwrap()]
}

#[test]
fn two_threads_share_the_last_one() {
    loom::model(|| {
        let budget = budget(1.0, 1);
        let granted = reserve_at(&budget, [0, 0]);
        assert_ne!(granted, [true, true]);
        let state = budget.state(slot(0));
        assert_eq!(state.charged, u64::from(granted[0]) + u64::from(granted[1]), "nothing is left behind");
    });
}

#[test]
fn the_last_one_is_not_given_away_in_two_slots() {
    loom::model(|| {
        let budget = budget(1.0, 1);
        assert_ne!(reserve_at(&budget, [0, 1]), [true, true]);
        assert!(budget.state(slot(1)).charged <= 1);
    });
    // Loom's search depends on which thread runs first.
    loom::model(|| {
        let budget = budget(1.0, 1);
        assert_ne!(reserve_at(&budget, [1, 0]), [true, true]);
        assert!(budget.state(slot(1)).charged <= 1);
    });
}

/// Slot 2 takes the word of slot 0.
#[test]
fn a_slot_that_falls_out_is_not_counted_with_its_successor() {
    loom::model(|| {
        let budget = budget(1.0, 1);
        let granted = reserve_at(&budget, [0, 2]);
        let charged = budget.state(slot(2)).charged;
        assert!(charged <= 1, "{charged}");
        assert!(!granted[1] || charged == 1, "the charge of the newest slot is not lost");
    });
}

#[test]
fn a_retry_is_let_through_only_for_a_first_send() {
    loom::model(|| {
        let budget = budget(1.0, 0);
        let other = Arc::clone(&budget);
        let thread = thread::spawn(move || {
            let _ = other.admit(slot(0), &Cause::FIRST);
        });
        let granted = u64::from(budget.reserve(slot(0), &AGAIN).is_ok());
        thread.join().unwrap();
        let state = budget.state(slot(0));
        assert_eq!(state.firsts, 1);
        assert_eq!(state.charged, granted);
        assert_eq!(state.left, 1 - granted);
    });
}

#[test]
fn first_sends_of_two_slots_are_all_counted() {
    loom::model(|| {
        let budget = budget(1.0, 0);
        let other = Arc::clone(&budget);
        let thread = thread::spawn(move || {
            let _ = other.admit(slot(0), &Cause::FIRST);
        });
        let _ = budget.admit(slot(1), &Cause::FIRST);
        thread.join().unwrap();
        assert_eq!(budget.state(slot(1)).firsts, 2);
    });
}

#[test]
fn what_is_refunded_and_unsent_leaves_nothing() {
    loom::model(|| {
        let budget = budget(1.0, 2);
        let other = Arc::clone(&budget);
        let thread = thread::spawn(move || {
            let _ = other.admit(slot(0), &Cause::FIRST);
            other.settle(slot(0), &Cause::FIRST, &Settled::Unsent(slot(0)));
        });
        assert!(budget.reserve(slot(0), &AGAIN).is_ok());
        budget.refund(slot(0), &AGAIN, slot(0));
        thread.join().unwrap();
        let state = budget.state(slot(0));
        assert_eq!(state.firsts, 0);
        assert_eq!(state.charged, 0);
    });
}

/// Whoever is late with slot 0 does not write over slot 2, which has its word by then.
#[test]
fn a_slot_that_has_fallen_out_does_not_come_back() {
    loom::model(|| {
        let budget = budget(1.0, 0);
        let other = Arc::clone(&budget);
        let thread = thread::spawn(move || {
            let _ = other.admit(slot(2), &Cause::FIRST);
        });
        let _ = budget.admit(slot(0), &Cause::FIRST);
        thread.join().unwrap();
        let firsts = budget.state(slot(2)).firsts;
        assert!((1..=2).contains(&firsts), "{firsts}");
    });
}
