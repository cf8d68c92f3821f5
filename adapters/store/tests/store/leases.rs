//! Workers that die, sleep longer than their lease, or disagree about the time.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use insist_store::{AttemptWord, ByHand, NewCall, Outcome, Reason, Repeat, Status, Verdict};

use crate::shared::{SECOND, Shop};

const LEASE: Duration = Duration::from_secs(31);

/// Claims the call, and lets the worker sleep for so long before its outcome is known.
fn overslept(shop: &Shop, worker: &mut ByHand, other: &mut ByHand, verdict: Verdict) {
    let other = RefCell::new(other);
    let turn = worker.turn(1, |_| {
        shop.advance(LEASE);
        // The other worker finds the lease ended: the attempt counts as lost, and what that means is written down.
        other.borrow_mut().turn(1, |_| -> Outcome { panic!("nothing is due yet") }).unwrap();
        verdict
    });
    assert_eq!(turn.unwrap().sent, 1);
}

#[test]
fn a_lease_that_ended_makes_its_attempt_lost_and_the_next_has_the_next_number() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let (mut one, mut other) = (shop.worker(), shop.worker());
    overslept(&shop, &mut one, &mut other, Verdict::retry());
    let call = shop.call("a");
    assert_eq!((call.status, call.attempts), (Status::Pending, 1));
    assert_eq!(call.log.len(), 1, "what the one that overslept says is not written");
    assert_eq!(call.log[0].end, AttemptWord::Lost);
    shop.go_to(call.due.unwrap());
    let turn = other.turn(1, |attempt| {
        assert_eq!(attempt.id(), 2);
        Verdict::Accept
    });
    assert_eq!(turn.unwrap().sent, 1);
    assert_eq!(shop.call("a").status, Status::Delivered);
}

#[test]
fn what_is_in_flight_is_claimed_by_nobody_else_before_its_lease_ends() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let (mut one, other) = (shop.worker(), RefCell::new(shop.worker()));
    let turn = one.turn(1, |_| {
        shop.advance(LEASE - Duration::from_nanos(1));
        assert_eq!(other.borrow_mut().turn(1, |_| Verdict::Accept).unwrap().sent, 0);
        Verdict::Accept
    });
    assert_eq!(turn.unwrap().sent, 1);
    assert_eq!(shop.call("a").status, Status::Delivered);
}

#[test]
fn a_lost_attempt_of_a_call_that_must_not_be_repeated_is_unknown_and_never_sent_again() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p").repeat(Repeat::IfUnsent)).unwrap();
    let (mut one, mut other) = (shop.worker(), shop.worker());
    overslept(&shop, &mut one, &mut other, Verdict::retry());
    let call = shop.call("a");
    assert_eq!((call.status, call.reason, call.due), (Status::Unknown, Some(Reason::NotRepeatable), None));
    shop.advance(Duration::from_secs(86_400));
    assert_eq!(other.turn(10, |_| Verdict::Accept).unwrap().sent, 0);
}

#[test]
fn an_answer_that_comes_late_makes_unknown_delivered() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p").repeat(Repeat::IfUnsent)).unwrap();
    let (mut one, mut other) = (shop.worker(), shop.worker());
    overslept(&shop, &mut one, &mut other, Verdict::Accept);
    let call = shop.call("a");
    assert_eq!(call.status, Status::Delivered);
    assert_eq!(call.log.iter().map(|record| record.end).collect::<Vec<_>>(), [AttemptWord::Lost, AttemptWord::Late]);
    let counts = &shop.calls.counts().unwrap()[0];
    assert_eq!((counts.unknown, counts.delivered), (0, 1));
}

#[test]
fn a_late_answer_of_a_call_that_goes_on_changes_nothing() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let (mut one, mut other) = (shop.worker(), shop.worker());
    overslept(&shop, &mut one, &mut other, Verdict::Accept);
    assert_eq!(shop.call("a").status, Status::Pending, "it may be repeated, and its retry is promised");
}

/// The claim of ten is committed, and the first of them takes so long that it is too late to begin the others.
#[test]
fn what_waited_for_half_of_the_margin_is_given_back_unsent() {
    let Some(shop) = Shop::new() else { return };
    for key in ["a", "b", "c"] {
        shop.calls.enqueue(NewCall::new(key, "p").repeat(Repeat::IfUnsent)).unwrap();
    }
    let mut worker = shop.worker();
    let turn = worker.turn(10, |_| {
        shop.advance(Duration::from_secs(16));
        Verdict::Accept
    });
    assert_eq!(turn.unwrap().sent, 1);
    for key in ["b", "c"] {
        let call = shop.call(key);
        assert_eq!((call.status, call.attempts, call.log.len()), (Status::Pending, 0, 0));
    }
    let turn = worker.turn(10, |attempt| {
        assert_eq!(attempt.id(), 1, "it was not sent, so its number is free");
        Verdict::Accept
    });
    assert_eq!(turn.unwrap().sent, 2);
}

#[test]
fn workers_whose_clocks_are_an_hour_apart_lose_nothing_and_send_no_number_twice() {
    let Some(shop) = Shop::new() else { return };
    for n in 0..50 {
        let repeat = if n % 2 == 0 { Repeat::Always } else { Repeat::IfUnsent };
        shop.calls.enqueue(NewCall::new(format!("k{n}"), "p").repeat(repeat)).unwrap();
    }
    let ahead = shop.ahead(Duration::from_secs(3600));
    let mut one = shop.worker();
    let mut other = ahead.workers().policy("p", SECOND).per_target(100).by_hand().unwrap();
    let sent = RefCell::new(HashSet::new());
    let send = |attempt: &insist_store::Attempt<'_>| {
        assert!(sent.borrow_mut().insert((attempt.key().to_string(), attempt.id())), "{attempt:?} is sent twice");
        if attempt.id() < 3 { Verdict::retry().unsent() } else { Verdict::Accept }
    };
    for _ in 0..8_000 {
        one.turn(3, send).unwrap();
        other.turn(2, send).unwrap();
        shop.advance(Duration::from_secs(1));
        if shop.calls.counts().unwrap()[0].pending == 0 {
            break;
        }
    }
    assert_eq!(shop.calls.counts().unwrap()[0].delivered, 50);
    assert_eq!(sent.borrow().len(), 150);
}

#[test]
fn a_call_whose_deadline_passed_while_nobody_worked_has_failed_without_another_attempt() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "q")).unwrap();
    let policy = SECOND.deadline(Duration::from_secs(60));
    let mut worker = shop.calls.workers().policy("q", policy).by_hand().unwrap();
    assert_eq!(worker.turn(1, |_| Verdict::retry()).unwrap().sent, 1);
    shop.advance(Duration::from_secs(3600));
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 0);
    let call = shop.call("a");
    assert_eq!((call.status, call.reason), (Status::Failed, Some(Reason::Deadline)));
}

#[test]
fn a_handler_that_panics_has_failed_and_the_worker_goes_on() {
    let Some(shop) = Shop::new() else { return };
    shop.calls.enqueue(NewCall::new("a", "p")).unwrap();
    let mut worker = shop.worker();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let turn = worker.turn(1, |_| -> Outcome { panic!("oh") });
    std::panic::set_hook(hook);
    assert_eq!(turn.unwrap().sent, 1);
    assert_eq!(shop.call("a").last_error.as_deref(), Some("the handler panicked"));
    shop.advance(Duration::from_secs(1));
    assert_eq!(worker.turn(1, |_| Verdict::Accept).unwrap().sent, 1);
}
