//! Budgets and breakers that many calls share: what they count, and when.

use insist_blocking::{VirtualClock, retry};
use insist_core::{Budget, Call, Gate, Instant, Jitter, Policy, Reason, Verdict};
use insist_flaky::{Answer, Server};
use insist_tests::by_hand::RETRY;
use insist_ureq::insisting::Hosts;
use insist_ureq::{Agent, Insist};

use crate::{SECOND, ms, secs};

const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// R43: smithy's client has one slot for the permit of a retry; calls at the same time took each other's.
#[test]
fn calls_at_the_same_time_give_back_only_what_is_theirs() {
    let budget = Budget::new(1.0).with_reserve(10);
    let policy = Policy::constant(SECOND).jitter(Jitter::None);
    let mut calls = [(); 3].map(|()| Call::new(&policy, &budget, at(0), 1));
    for call in &mut calls {
        let _ = call.poll(at(0));
        call.handle(at(1), 1, Verdict::retry());
    }
    assert_eq!(budget.state(at(1)).charged, 3);
    let [dropped, mut won, suspended] = calls;
    drop(dropped);
    assert_eq!(budget.state(at(2)).charged, 2);
    let _ = won.poll(at(1001));
    won.handle(at(1002), 2, Verdict::Accept);
    drop(won);
    assert_eq!(budget.state(at(1002)).charged, 2, "it was sent");
    let _ = suspended.suspend();
    assert_eq!(budget.state(at(1003)).charged, 1);
}

/// R28: in reqwest 0.13 the successes of other hosts paid for the retries of the one that has the budget.
#[test]
fn the_successes_of_one_host_pay_for_no_retry_of_another() {
    let [well, down] = [Answer::ok("hello"), Answer::status(503)].map(|answer| Server::start(answer).unwrap());
    let hosts = Hosts::new(|| Budget::new(1.0).with_reserve(0));
    let policy = Policy::zero().attempts(10);
    let agent: Agent = Agent::config_builder().policy(policy).gate_per_host(hosts).build().into();
    for _ in 0..20 {
        agent.get(well.url()).call().unwrap();
    }
    agent.get(down.url()).call().unwrap_err();
    assert_eq!((well.request_count(), down.request_count()), (20, 2), "its own first send paid for one");
}

/// O8: Envoy's budget is a share of what is in flight, and forgets what has ended.
#[test]
fn a_budget_remembers_first_sends_that_have_ended() {
    let budget = Budget::new(0.2).with_reserve(0);
    let policy = Policy::zero();
    for _ in 0..10 {
        let mut call = Call::new(&policy, &budget, at(0), 1);
        let _ = call.poll(at(0));
        call.handle(at(1), 1, Verdict::Accept);
    }
    let allowed = |now| (0..10).filter(|_| budget.reserve(now, &RETRY).is_ok()).count();
    assert_eq!((allowed(at(5000)), allowed(at(60_000))), (2, 0));
}

/// O9: go-zero #5011, a throttle that counts a request when it has ended lets all of a rush through.
#[test]
fn a_first_send_is_counted_when_it_is_sent_and_a_retry_when_it_is_promised() {
    let budget = Budget::new(1.0).with_reserve(0);
    let policy = Policy::constant(SECOND).jitter(Jitter::None).attempts(9);
    let mut call = Call::new(&policy, &budget, at(0), 1);
    let _ = call.poll(at(0));
    assert_eq!((budget.state(at(0)).firsts, budget.state(at(0)).charged), (1, 0), "in flight");
    call.handle(at(5), 1, Verdict::retry());
    assert_eq!((budget.state(at(5)).firsts, budget.state(at(5)).charged), (1, 1), "waiting");
    assert!(budget.reserve(at(5), &RETRY).is_err());
}

/// O10: failsafe-go asks its budget after the wait, and puts its own error in the place of the last one.
#[test]
fn a_retry_is_refused_before_its_wait_and_the_last_error_stays() {
    let (budget, clock) = (Budget::new(0.5).with_reserve(0), VirtualClock::new());
    let policy = Policy::constant(secs(60)).jitter(Jitter::None);
    let gave_up = retry(&policy, |_| {
        clock.advance(ms(7));
        Err::<(), _>("down")
    });
    let gave_up = gave_up.gate(&budget).clock(&clock).try_call().unwrap_err();
    assert_eq!((gave_up.reason, gave_up.last), (Reason::Refused, Some(Err("down"))));
    assert_eq!(gave_up.refusal.unwrap().reason(), "budget is used up");
    assert_eq!(clock.elapsed(), ms(7));
}
