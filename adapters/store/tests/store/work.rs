//! Works calls off: threads, leases, fences.

use std::sync::Mutex;
use std::time::Duration;

use insist_store::{AttemptWord, NewCall, Outcome, Status, Verdict};

use crate::home::Home;
use crate::shared::{Shop, until};

#[test]
fn a_call_is_retried_as_its_policy_says_and_its_attempts_are_told() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p").target("t").body(*b"paid")).unwrap();
    let mut worker = shop.worker();
    let begun = shop.now();
    let turn = worker
        .turn(10, |attempt| {
            assert_eq!((attempt.key(), attempt.target(), attempt.body()), ("a", "t", &b"paid"[..]));
            assert_eq!((attempt.id(), attempt.timeout()), (1, Duration::from_secs(1)));
            Outcome::new(Verdict::retry()).status(503).error("busy")
        })
        .unwrap();
    let next = begun.checked_add(Duration::from_secs(1)).unwrap();
    assert_eq!((turn.sent, turn.next), (1, Some(next)));
    let call = shop.call("a");
    assert_eq!((call.status, call.attempts, call.due), (Status::Pending, 1, Some(next)));
    assert_eq!((call.last_status, call.last_error.as_deref()), (Some(503), Some("busy")));

    assert_eq!(worker.turn(10, |_| Verdict::Accept).unwrap().sent, 0, "it is not due yet");
    shop.go_to(next);
    assert_eq!(worker.turn(10, |_| Outcome::new(Verdict::Accept).status(200)).unwrap().sent, 1);
    let call = shop.call("a");
    assert_eq!((call.status, call.attempts, call.due), (Status::Delivered, 2, None));
    let told: Vec<_> = call.log.iter().map(|record| (record.attempt, record.end, record.status)).collect();
    assert_eq!(told, [(1, AttemptWord::Retry, Some(503)), (2, AttemptWord::Accept, Some(200))]);
    assert_eq!((call.log[0].sent, call.log[1].sent), (begun, next));
}

#[test]
fn a_call_that_used_up_its_attempts_has_failed() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let mut worker = shop.worker();
    for _ in 0..5 {
        assert_eq!(worker.turn(10, |_| Verdict::retry()).unwrap().sent, 1);
        shop.advance(Duration::from_secs(1));
    }
    let call = shop.call("a");
    assert_eq!((call.status, call.attempts, call.due), (Status::Failed, 5, None));
    assert_eq!(call.reason, Some(insist_store::Reason::Attempts));
    assert_eq!(shop.calls.counts().unwrap()[0].failed, 1);
    assert_eq!(shop.calls.counts().unwrap()[0].pending, 0);
}

#[test]
fn threads_work_off_everything_in_real_time() {
    let Some(home) = Home::new() else { return };
    let calls = insist_store::Calls::open(home.store()).unwrap();
    let sent = std::sync::Arc::new(Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&sent);
    let policy = insist_store::Policy::zero().attempts(3).attempt_timeout(Duration::from_secs(5));
    let working = calls
        .workers()
        .policy("p", policy)
        .start(move |attempt| {
            seen.lock().unwrap().push((attempt.key().to_string(), attempt.id()));
            if attempt.id() < 3 { Verdict::retry() } else { Verdict::Accept }
        })
        .unwrap();
    for n in 0..100 {
        drop(calls.submit([NewCall::new(format!("k{n}"), "p").target(format!("t{}", n % 7))]).unwrap());
    }
    until("all are delivered", || calls.counts().unwrap().iter().map(|queue| queue.delivered).sum::<u64>() == 100);
    working.stop().unwrap();
    let mut sent = sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 300);
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 300, "no attempt is sent twice under one number");
}
