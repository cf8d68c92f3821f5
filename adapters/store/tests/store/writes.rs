//! How much is written: rows an attempt, and syncs a commit.

use std::time::Duration;

use insist_store::sqlite::rusqlite::Connection;
use insist_store::{NewCall, Policy, Verdict};

use crate::shared::Shop;

/// Counts every row that is written, by whatever connection.
fn count_writes(file: &Connection) {
    let mut sql = "CREATE TABLE written (rows INTEGER); INSERT INTO written VALUES (0);".to_string();
    for table in ["calls", "bodies", "queues", "targets", "policies", "meta"] {
        for event in ["INSERT", "UPDATE", "DELETE"] {
            sql.push_str(&format!(
                "CREATE TRIGGER {table}_{event} AFTER {event} ON insist_{table} BEGIN UPDATE written SET rows = rows + 1; END;"
            ));
        }
    }
    file.execute_batch(&sql).unwrap();
}

fn written(file: &Connection) -> f64 {
    file.query_row("SELECT rows FROM written", [], |row| row.get(0)).unwrap()
}

/// Calls come in at all times, their receiver is away for a day, and then back.
#[test]
fn a_receiver_that_is_away_for_a_day_costs_two_writes_an_attempt_and_loses_nothing() {
    let policy = Policy::exponential(Duration::from_secs(60))
        .cap(Duration::from_secs(3600))
        .unlimited_attempts()
        .attempt_timeout(Duration::from_secs(10))
        .deadline(Duration::from_secs(3 * 86_400));
    let shop = Shop::new();
    let file = Connection::open(shop.folder.path().join("calls.db")).unwrap();
    let mut worker = shop.calls.workers().policy("p", policy).per_target(1000).by_hand().unwrap();
    for n in 0..100 {
        let due = shop.now().checked_add(Duration::from_secs(n * 600)).unwrap();
        shop.calls.enqueue(NewCall::new(format!("k{n}"), "p").target(format!("t{}", n % 3)).seed(n).at(due)).unwrap();
    }
    count_writes(&file);
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
    let an_attempt = written(&file) / attempts as f64;
    assert!(an_attempt <= 2.05, "{an_attempt} writes an attempt");
    let took = shop.now().saturating_since(back);
    assert!(took <= Duration::from_secs(3600 + 60), "the last was delivered {took:?} after it was back");
}

#[test]
fn a_worker_with_nothing_to_do_writes_nothing() {
    let shop = Shop::new();
    let later = shop.now().checked_add(Duration::from_secs(86_400)).unwrap();
    shop.calls.enqueue(NewCall::new("a", "p").target("t").at(later)).unwrap();
    shop.calls.enqueue(NewCall::new("b", "p").target("paused")).unwrap();
    shop.calls.pause_target("paused", None).unwrap();
    let working = shop.workers().start(|_| Verdict::Accept).unwrap();
    let file = Connection::open(shop.folder.path().join("calls.db")).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    count_writes(&file);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(written(&file), 0.0);
    working.stop().unwrap();
}
