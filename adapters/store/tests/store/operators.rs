//! What an operator does, and what it must not lead to: a number that is sent twice.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use insist_store::{Filter, NewCall, Outcome, Repeat, Status, StoreError, Verdict};

use crate::shared::Shop;

#[test]
fn retry_now_sends_what_would_have_waited() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let later = shop.now().checked_add(Duration::from_secs(86_400)).unwrap();
    shop.calls.enqueue(NewCall::new("b", "p").at(later)).unwrap();
    let mut worker = shop.worker();
    worker.turn(1, |_| Verdict::retry()).unwrap();
    for key in ["a", "b"] {
        shop.calls.retry_now(key).unwrap();
    }
    let sent = RefCell::new(Vec::new());
    worker
        .turn(10, |attempt| {
            sent.borrow_mut().push((attempt.key().to_string(), attempt.id()));
            Verdict::Accept
        })
        .unwrap();
    sent.borrow_mut().sort();
    assert_eq!(*sent.borrow(), [("a".into(), 2), ("b".into(), 1)]);
    let error = shop.calls.retry_now("a").unwrap_err();
    assert!(error.to_string().contains("delivered") && error.to_string().contains("revive"), "{error}");
    assert!(matches!(shop.calls.retry_now("nobody"), Err(StoreError::NoCall(_))));
}

#[test]
fn what_is_in_flight_cannot_be_hastened() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let turn = shop.worker().turn(1, |_| {
        assert!(matches!(shop.calls.retry_now("a"), Err(StoreError::InFlight(_))));
        assert!(shop.call("a").in_flight_since.is_some());
        Verdict::retry()
    });
    assert_eq!(turn.unwrap().sent, 1);
    assert_eq!(shop.call("a").in_flight_since, None);
}

#[test]
fn a_failed_call_that_is_revived_has_all_its_attempts_again_and_their_numbers_go_on() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let mut worker = shop.worker();
    let sent = RefCell::new(Vec::new());
    for _ in 0..3 {
        for _ in 0..5 {
            worker
                .turn(1, |attempt| {
                    sent.borrow_mut().push(attempt.id());
                    Verdict::retry()
                })
                .unwrap();
            shop.advance(Duration::from_secs(1));
        }
        assert_eq!(shop.call("a").status, Status::Failed);
        shop.calls.revive("a").unwrap();
        assert_eq!(shop.call("a").status, Status::Pending);
    }
    assert_eq!(*sent.borrow(), (1..=15).collect::<Vec<u32>>());
    assert!(matches!(shop.calls.revive("a"), Err(StoreError::Status { .. })), "it is pending");
}

#[test]
fn what_may_have_been_carried_out_and_must_not_be_repeated_is_not_revived() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p").repeat(Repeat::IfUnsent)).unwrap();
    shop.worker().turn(1, |_| Verdict::retry()).unwrap();
    assert_eq!(shop.call("a").status, Status::Unknown);
    let error = shop.calls.revive("a").unwrap_err();
    assert!(error.to_string().contains("may not be repeated"), "{error}");
    assert_eq!(shop.call("a").status, Status::Unknown);
}

#[test]
fn a_cancelled_call_is_sent_no_more_and_can_be_revived() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let mut worker = shop.worker();
    worker.turn(1, |_| Verdict::retry()).unwrap();
    shop.calls.cancel("a").unwrap();
    shop.advance(Duration::from_secs(3600));
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 0);
    assert_eq!(shop.call("a").status, Status::Cancelled);
    assert!(matches!(shop.calls.cancel("a"), Err(StoreError::Status { .. })));
    shop.calls.revive("a").unwrap();
    worker
        .turn(1, |attempt| {
            assert_eq!(attempt.id(), 2);
            Verdict::Accept
        })
        .unwrap();
    assert_eq!(shop.call("a").status, Status::Delivered);
}

#[test]
fn a_call_that_is_cancelled_in_flight_stays_cancelled() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    shop.worker()
        .turn(1, |_| {
            shop.calls.cancel("a").unwrap();
            Verdict::Accept
        })
        .unwrap();
    assert_eq!(shop.call("a").status, Status::Cancelled);
}

/// Revived while its attempt is in flight, the attempt counts as lost, and the next has the next number.
#[test]
fn operators_at_any_moment_lead_to_no_number_twice() {
    let Some(shop) = Shop::new() else { return };
    for n in 0..20 {
        shop.calls.enqueue(NewCall::new(format!("k{n}"), "p")).unwrap();
    }
    let (mut worker, other) = (shop.worker(), RefCell::new(shop.worker()));
    let sent = RefCell::new(HashSet::new());
    let note = |attempt: &insist_store::Attempt<'_>| {
        assert!(sent.borrow_mut().insert((attempt.key().to_string(), attempt.id())), "{attempt:?} is sent twice");
    };
    for round in 0..60_u32 {
        worker
            .turn(5, |attempt| {
                note(attempt);
                let key = attempt.key();
                match (round + attempt.id()) % 4 {
                    0 => drop(shop.calls.retry_now(key)),
                    1 => {
                        let _ = shop.calls.cancel(key);
                        let _ = shop.calls.revive(key);
                        other
                            .borrow_mut()
                            .turn(5, |attempt| {
                                note(attempt);
                                Verdict::retry()
                            })
                            .unwrap();
                    }
                    2 => {
                        let _ = shop.calls.cancel(key);
                        let _ = shop.calls.revive(key);
                    }
                    _ => {}
                }
                if round % 7 == 6 { Outcome::new(Verdict::Accept) } else { Outcome::new(Verdict::retry()) }
            })
            .unwrap();
        for n in 0..20 {
            let _ = shop.calls.revive(&format!("k{n}"));
        }
        shop.advance(Duration::from_secs(1));
    }
    assert!(sent.borrow().len() > 200, "{}", sent.borrow().len());
}

#[test]
fn calls_are_listed_by_status_target_and_policy_newest_first_a_page_at_a_time() {
    let Some(shop) = Shop::new() else { return };
    for n in 0..10 {
        let policy = if n < 8 { "p" } else { "q" };
        shop.calls.enqueue(NewCall::new(format!("k{n}"), policy).target(format!("t{}", n % 2))).unwrap();
    }
    shop.worker().turn(3, |_| Verdict::Accept).unwrap();
    let keys = |filter: Filter| -> Vec<String> {
        shop.calls.list(&filter).unwrap().into_iter().map(|call| call.key).collect()
    };
    assert_eq!(keys(Filter::new().limit(3)), ["k9", "k8", "k7"]);
    let seventh = shop.call("k7").id;
    assert_eq!(keys(Filter::new().below(seventh).limit(2)), ["k6", "k5"]);
    assert_eq!(keys(Filter::new().status(Status::Delivered)), ["k2", "k1", "k0"]);
    assert_eq!(keys(Filter::new().target("t1").policy("p")), ["k7", "k5", "k3", "k1"]);
    assert_eq!(keys(Filter::new().status(Status::Parked)), ["k9", "k8"], "no worker has their policy");
    assert_eq!(keys(Filter::new().status(Status::Pending)), ["k7", "k6", "k5", "k4", "k3"]);
    shop.calls.pause_target("t0", None).unwrap();
    assert_eq!(keys(Filter::new().status(Status::Paused)), ["k8", "k6", "k4"]);
    assert_eq!(keys(Filter::new().target("nobody")), Vec::<String>::new());
}

#[test]
fn what_is_pruned_is_gone_and_its_key_can_be_enqueued_again() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.submit((0..2_500).map(|n| NewCall::new(format!("k{n}"), "p").body(*b"x"))).unwrap().wait().unwrap();
    let mut worker = shop.worker();
    assert_eq!(worker.turn(2_400, |_| Verdict::Accept).unwrap().sent, 2_400);
    shop.advance(Duration::from_secs(3600));
    assert_eq!(worker.turn(50, |_| Verdict::Accept).unwrap().sent, 50);
    assert_eq!(shop.calls.prune(Status::Delivered, Duration::from_secs(60)).unwrap(), 2_400);
    let counts = &shop.calls.counts().unwrap()[0];
    assert_eq!((counts.delivered, counts.pending), (50, 50));
    assert_eq!(shop.calls.prune(Status::Delivered, Duration::ZERO).unwrap(), 0, "these ended at this very instant");
    assert_eq!(shop.calls.find("k0").unwrap(), None);
    assert_eq!(shop.calls.enqueue(NewCall::new("k0", "p")).unwrap(), insist_store::Enqueued::New);
    assert!(shop.calls.prune(Status::Pending, Duration::ZERO).is_err());
}

/// Works and prunes over and over: the store grows no further than after the first rounds.
#[test]
fn pruning_bounds_the_store() {
    let Some(shop) = Shop::new() else { return };
    let mut worker = shop.worker();
    let mut sizes = Vec::new();
    for round in 0..12 {
        let new = (0..500).map(|n| NewCall::new(format!("{round}/{n}"), "p").body(vec![7; 300]));
        shop.calls.submit(new).unwrap().wait().unwrap();
        assert_eq!(worker.turn(500, |_| Verdict::Accept).unwrap().sent, 500);
        shop.advance(Duration::from_secs(60));
        assert_eq!(shop.calls.prune(Status::Delivered, Duration::from_secs(1)).unwrap(), 500);
        sizes.push(shop.home.size());
    }
    let (early, late) = (sizes[4], sizes[11]);
    assert!(late <= early + early / 10, "{sizes:?}");
}
