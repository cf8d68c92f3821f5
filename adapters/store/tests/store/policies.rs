//! Policies that change, vanish and come back; gates; what workers refuse.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use insist_core::{Admission, Cause, Gate, Instant, Refusal};
use insist_store::{NewCall, Policy, Status, StoreError, Verdict};

use crate::home::SPOIL;
use crate::shared::{SECOND, Shop};

#[test]
fn a_call_goes_on_with_the_policy_that_there_is_now() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let mut worker = shop.worker();
    worker.turn(1, |_| Verdict::retry()).unwrap();
    shop.advance(Duration::from_secs(1));
    // The next release waits an hour.
    let slower = Policy::constant(Duration::from_secs(3600)).attempts(5).attempt_timeout(Duration::from_secs(7));
    let mut worker = shop.calls.workers().policy("p", slower).by_hand().unwrap();
    worker
        .turn(1, |attempt| {
            assert_eq!(attempt.timeout(), Duration::from_secs(7));
            Verdict::retry()
        })
        .unwrap();
    assert_eq!(shop.call("a").due, shop.now().checked_add(Duration::from_secs(3600)));
    // And the one after allows two attempts, which have been sent.
    shop.advance(Duration::from_secs(3600));
    let mut worker = shop.calls.workers().policy("p", SECOND.attempts(2)).by_hand().unwrap();
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 0);
    assert_eq!(shop.call("a").status, Status::Failed);
}

#[test]
fn calls_whose_policy_vanished_wait_for_it_and_hold_up_nobody() {
    let Some(shop) = Shop::new() else { return };
    for n in 0..100 {
        shop.calls.enqueue(NewCall::new(format!("old{n}"), "old")).unwrap();
    }
    let mut worker = shop.calls.workers().policy("old", SECOND).by_hand().unwrap();
    assert_eq!(worker.turn(1, |_| Verdict::retry()).unwrap().sent, 1);
    drop(worker);
    assert_eq!(shop.call("old1").status, Status::Pending);

    // A release without it.
    shop.advance(Duration::from_secs(3600));
    shop.calls.enqueue(NewCall::new("new", "p")).unwrap();
    let mut worker = shop.worker();
    assert_eq!(
        worker
            .turn(200, |attempt| {
                assert_eq!(attempt.key(), "new");
                Verdict::Accept
            })
            .unwrap()
            .sent,
        1
    );
    assert_eq!(shop.call("old1").status, Status::Parked);

    // It comes back.
    let mut worker = shop.calls.workers().policy("old", SECOND).policy("p", SECOND).by_hand().unwrap();
    assert_eq!(shop.call("old1").status, Status::Pending);
    assert_eq!(worker.turn(200, |_| Verdict::Accept).unwrap().sent, 100);
    assert_eq!(shop.call("old0").attempts, 2, "what it had come to was kept");
}

#[test]
fn a_state_that_cannot_be_read_parks_its_call_until_a_worker_starts_that_reads_it() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let mut worker = shop.worker();
    worker.turn(1, |_| Verdict::retry()).unwrap();
    shop.home.execute("CREATE TABLE kept AS SELECT state FROM insist_calls");
    shop.home.execute(SPOIL);
    shop.advance(Duration::from_secs(1));
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 0);
    let call = shop.call("a");
    assert_eq!((call.status, call.due), (Status::Parked, None));
    assert!(call.last_error.as_ref().unwrap().contains("version 255"), "{call:?}");
    assert_eq!(shop.calls.counts().unwrap()[0].parked, 1);

    shop.home.execute("UPDATE insist_calls SET state = (SELECT state FROM kept)");
    let mut worker = shop.worker();
    assert_eq!(
        worker
            .turn(1, |attempt| {
                assert_eq!(attempt.id(), 2);
                Verdict::Accept
            })
            .unwrap()
            .sent,
        1
    );
    assert_eq!(shop.call("a").status, Status::Delivered);
}

#[test]
fn a_paused_policy_is_sent_nothing() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p").target("t")).unwrap();
    shop.calls.pause_policy("p", None).unwrap();
    let mut worker = shop.worker();
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 0);
    assert_eq!(shop.call("a").status, Status::Paused);
    shop.calls.resume_policy("p").unwrap();
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 1);
    assert!(matches!(shop.calls.pause_policy("nobody's", None), Err(StoreError::NoName(_))));
}

#[test]
fn workers_refuse_policies_that_they_cannot_go_by() {
    let Some(shop) = Shop::new() else { return };
    let refused = |policy: Policy| shop.calls.workers().policy("x", policy).by_hand().unwrap_err();
    let bare = Policy::zero();
    assert!(refused(bare).to_string().contains("attempt timeout"), "{}", refused(bare));
    assert!(refused(SECOND.lanes(2)).to_string().contains("one lane"));
    let invalid = refused(SECOND.attempts(0));
    assert!(invalid.source().unwrap().to_string().contains("attempts is 0"), "{invalid:?}");
    assert!(shop.calls.workers().by_hand().unwrap_err().to_string().contains("need a policy"));
}

/// Admits nothing until it is opened.
#[derive(Default)]
struct Door(AtomicBool);

impl Gate for Door {
    fn admit(&self, _: Instant, _: &Cause) -> Admission {
        if self.0.load(Ordering::SeqCst) { Admission::Yes } else { Admission::No(Refusal::new(&"the door is shut")) }
    }
}

#[test]
fn what_a_gate_refuses_is_put_off_and_does_not_end_the_call() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let door = Arc::new(Door::default());
    let mut worker = shop.workers().gate(Arc::clone(&door)).by_hand().unwrap();
    for _ in 0..10 {
        assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 0);
        shop.advance(Duration::from_secs(1));
    }
    assert_eq!((shop.call("a").status, shop.call("a").attempts), (Status::Pending, 0));
    door.0.store(true, Ordering::SeqCst);
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 1);
}

#[test]
fn a_budget_that_is_spent_delays_retries_and_lets_first_attempts_through() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.submit((0..20).map(|n| NewCall::new(format!("k{n}"), "p"))).unwrap().wait().unwrap();
    let budget = Arc::new(insist_core::Budget::new(0.1).with_reserve(0));
    let mut worker = shop.workers().gate(Arc::clone(&budget)).by_hand().unwrap();
    assert_eq!(worker.turn(100, |_| Verdict::retry()).unwrap().sent, 20);
    shop.advance(Duration::from_secs(1));
    let turn = worker.turn(100, |_| Verdict::retry()).unwrap();
    assert!((1..=4).contains(&turn.sent), "{turn:?}");
    assert_eq!(shop.calls.counts().unwrap()[0].pending, 20, "none of them died of it");
}
