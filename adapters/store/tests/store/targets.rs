//! Targets: hints, limits, pauses, and one that is dead among many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_store::{NewCall, Outcome, Status, Verdict};

use crate::home::Home;
use crate::shared::{SECOND, Shop, until};

fn enqueue(shop: &Shop, target: &str, calls: usize) {
    let new = (0..calls).map(|n| NewCall::new(format!("{target}/{n}"), "p").target(target));
    shop.calls.submit(new).unwrap().wait().unwrap();
}

#[test]
fn a_hint_holds_up_every_call_to_its_target_for_all_workers_and_nobody_elses() {
    let Some(shop) = Shop::new() else { return };
    enqueue(&shop, "busy", 3);
    enqueue(&shop, "well", 3);
    let (mut one, mut other) = (shop.worker(), shop.worker());
    let hint = Duration::from_secs(60);
    let turn = one.turn(1, |attempt| {
        assert_eq!(attempt.target(), "busy");
        Outcome::new(Verdict::retry().throttled().after(hint)).status(429)
    });
    assert_eq!(turn.unwrap().sent, 1);
    let sent = Mutex::new(Vec::new());
    let send = |attempt: &insist_store::Attempt<'_>| {
        sent.lock().unwrap().push(attempt.target().to_string());
        Verdict::Accept
    };
    other.turn(10, send).unwrap();
    assert_eq!(*sent.lock().unwrap(), ["well"; 3]);
    shop.advance(hint - Duration::from_nanos(1));
    assert_eq!(other.turn(10, send).unwrap().sent, 0);
    shop.advance(Duration::from_nanos(1));
    assert_eq!(
        other.turn(10, send).unwrap().sent,
        2,
        "the hint has ended; the one it was given to waits a second more"
    );
}

#[test]
fn a_hint_can_be_for_its_call_alone_and_one_beyond_the_policys_limit_holds_up_nobody() {
    let Some(shop) = Shop::new() else { return };
    enqueue(&shop, "t", 3);
    let mut worker = shop.worker();
    let hint = Verdict::retry().after(Duration::from_secs(60));
    worker.turn(1, |_| Outcome::new(hint).hint_is_for_this_call()).unwrap();
    worker.turn(1, |_| Verdict::retry().after(Duration::from_secs(86_400))).unwrap();
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 1);
}

#[test]
fn a_paused_target_is_sent_nothing_and_no_row_is_written_for_it() {
    let Some(shop) = Shop::new() else { return };
    enqueue(&shop, "a", 2);
    enqueue(&shop, "b", 2);
    shop.calls.pause_target("a", None).unwrap();
    assert_eq!(shop.call("a/0").status, Status::Paused);
    assert_eq!(shop.call("b/0").status, Status::Pending);
    let mut worker = shop.worker();
    assert_eq!(
        worker
            .turn(10, |attempt| {
                assert_eq!(attempt.target(), "b");
                Verdict::Accept
            })
            .unwrap()
            .sent,
        2
    );
    shop.advance(Duration::from_secs(86_400 * 365));
    assert_eq!(worker.turn(10, |_| Verdict::Accept).unwrap().sent, 0);
    shop.calls.resume_target("a").unwrap();
    assert_eq!(worker.turn(10, |_| Verdict::Accept).unwrap().sent, 2);
}

#[test]
fn a_pause_can_end_by_itself() {
    let Some(shop) = Shop::new() else { return };
    enqueue(&shop, "a", 1);
    let then = shop.now().checked_add(Duration::from_secs(60)).unwrap();
    shop.calls.pause_target("a", Some(then)).unwrap();
    let mut worker = shop.worker();
    let turn = worker.turn(10, |_| Verdict::Accept).unwrap();
    assert_eq!((turn.sent, turn.next), (0, Some(then)));
    shop.go_to(then);
    assert_eq!(worker.turn(10, |_| Verdict::Accept).unwrap().sent, 1);
}

#[test]
fn no_more_attempts_are_in_flight_to_a_target_than_its_limit() {
    let Some(shop) = Shop::new() else { return };
    enqueue(&shop, "a", 10);
    enqueue(&shop, "", 10);
    let mut worker = shop.workers().per_target(2).by_hand().unwrap();
    let sent = Mutex::new(HashMap::new());
    worker
        .turn(100, |attempt| {
            *sent.lock().unwrap().entry(attempt.target().to_string()).or_insert(0) += 1;
            Verdict::Accept
        })
        .unwrap();
    assert_eq!(sent.lock().unwrap()["a"], 2);
    assert_eq!(sent.lock().unwrap()[""], 10, "calls without a target are not limited");
}

/// A thousand calls to a target without room are due before one to another.
#[test]
fn what_is_blocked_hides_nothing_behind_it() {
    let Some(shop) = Shop::new() else { return };
    enqueue(&shop, "dead", 1000);
    shop.advance(Duration::from_secs(1));
    enqueue(&shop, "well", 3);
    shop.calls.pause_target("dead", None).unwrap();
    let mut worker = shop.worker();
    assert_eq!(worker.turn(10, |_| Verdict::Accept).unwrap().sent, 3);
}

/// Attempts to one of a hundred targets hang until all calls to the others are delivered.
#[test]
fn one_dead_target_among_a_hundred_holds_up_nobody() {
    let Some(home) = Home::new() else { return };
    let calls = insist_store::Calls::open(home.store()).unwrap();
    let new = (0..2_000).map(|n| NewCall::new(format!("k{n}"), "p").target(format!("t{}", n % 100)));
    calls.submit(new).unwrap().wait().unwrap();
    let is_alive = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_alive);
    let working = calls
        .workers()
        .policy("p", SECOND)
        .threads(4)
        .start(move |attempt| {
            if attempt.target() == "t0" {
                until("the dead target lives again", || seen.load(Ordering::SeqCst));
            }
            Verdict::Accept
        })
        .unwrap();
    let delivered = |is_dead: bool| -> u64 {
        let counts = calls.counts().unwrap();
        counts.iter().filter(|queue| (queue.target == "t0") == is_dead).map(|queue| queue.delivered).sum()
    };
    until("the others are delivered", || delivered(false) == 1_980);
    assert_eq!(delivered(true), 0);
    is_alive.store(true, Ordering::SeqCst);
    until("the dead one is too", || delivered(true) == 20);
    working.stop().unwrap();
}
