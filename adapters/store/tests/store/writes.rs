//! How much is written: rows an attempt, and syncs a commit.

use std::time::Duration;

use insist_store::{NewCall, Policy, Verdict};

use crate::shared::Shop;

/// Calls come in at all times, their receiver is away for a day, and then back.
#[test]
fn a_receiver_that_is_away_for_a_day_costs_two_writes_an_attempt_and_loses_nothing() {
    let policy = Policy::exponential(Duration::from_secs(60))
        .cap(Duration::from_secs(3600))
        .unlimited_attempts()
        .attempt_timeout(Duration::from_secs(10))
        .deadline(Duration::from_secs(3 * 86_400));
    let Some(shop) = Shop::new() else { return };
    let mut worker = shop.calls.workers().policy("p", policy).per_target(1000).by_hand().unwrap();
    for n in 0..100 {
        let due = shop.now().checked_add(Duration::from_secs(n * 600)).unwrap();
        shop.calls.enqueue(NewCall::new(format!("k{n}"), "p").target(format!("t{}", n % 3)).seed(n).at(due)).unwrap();
    }
    shop.home.count_writes();
    let back = shop.now().checked_add(Duration::from_secs(86_400)).unwrap();
    let mut attempts = 0;
    while shop.calls.counts().unwrap().iter().any(|queue| queue.pending > 0) {
        let now = shop.now();
        let turn = worker.turn(100, |_| if now < back { Verdict::retry() } else { Verdict::Accept }).unwrap();
        attempts += turn.sent;
        if let Some(next) = turn.next {
            shop.go_to(next);
        }
    }
    let counts = shop.calls.counts().unwrap();
    assert_eq!(counts.iter().map(|queue| queue.delivered).sum::<u64>(), 100);
    let a_call = attempts as f64 / 100.0;
    assert!((20.0..80.0).contains(&a_call), "{a_call} attempts a call in a day");
    // Counting a call that ends is a write too: of its queue.
    let an_attempt = shop.home.written() as f64 / attempts as f64;
    assert!(an_attempt <= 2.05, "{an_attempt} writes an attempt");
    let took = shop.now().saturating_since(back);
    assert!(took <= Duration::from_secs(3600 + 60), "the last was delivered {took:?} after it was back");
}

#[test]
fn a_worker_with_nothing_to_do_writes_nothing() {
    let Some(shop) = Shop::new() else { return };
    let later = shop.now().checked_add(Duration::from_secs(86_400)).unwrap();
    shop.calls.enqueue(NewCall::new("a", "p").target("t").at(later)).unwrap();
    shop.calls.enqueue(NewCall::new("b", "p").target("paused")).unwrap();
    shop.calls.pause_target("paused", None).unwrap();
    let working = shop.workers().start(|_| Verdict::Accept).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    shop.home.count_writes();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(shop.home.written(), 0);
    working.stop().unwrap();
}
