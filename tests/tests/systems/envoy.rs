//! Envoy's router: `test/common/router/retry_state_impl_test.cc`, and its retry budget by concurrency.
//!
//! Its own draws (a number it is given, modulo the range) cannot be put into insist: the ranges are compared.

use std::time::{Duration, SystemTime};

use insist_core::{
    Action, Breaker, Budget, Call, Gate, Instant, Policy, Reason, RetryShare, RetryShareError, Verdict, play_with,
};
use insist_http::Rules;
use insist_http::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use insist_tests::by_hand::{self, sent};
use insist_tests::words::{
    FAILURE, RETRY, SUCCESS, THROTTLED, at, attempt, gave_up, is_closed, is_open, ms, script_after, secs, sends,
};

use crate::hand::{Closed, Hand, played};

/// Full jitter from `base` on; Envoy's cap is ten times the base.
const fn envoy(base: Duration) -> Policy {
    Policy::exponential(base).cap(base.saturating_mul(10))
}

/// Each wait is drawn from 0 up to the next of these; Envoy's own draw is one of them.
#[track_caller]
fn assert_draws(policy: &Policy, most: &[u64], envoys: &[u64]) {
    let policy = policy.attempts(most.len() as u32 + 1);
    for (index, (most, envoys)) in most.iter().zip(envoys).enumerate() {
        let waits: Vec<_> = (0..1000).map(|seed| policy.delays(seed).nth(index).unwrap()).collect();
        assert!(waits.iter().all(|wait| *wait <= ms(*most)), "{index}");
        let tenth = ms(*most) / 10;
        assert!(waits.iter().any(|wait| *wait < tenth) && waits.iter().any(|wait| *wait > tenth * 9), "{index}");
        assert!(waits.iter().any(|wait| wait.abs_diff(ms(*envoys)) < tenth), "{index}");
    }
}

/// V1: 15, 40 and 90 ms of 25, 50 and 100.
#[test]
fn waits_are_drawn_from_zero_up_to_twice_as_much_each_time() {
    assert_draws(&envoy(ms(25)), &[25, 50, 100], &[15, 40, 90]);
}

/// V3: 49, 150, 351, 599 and 999 ms of 100, 200, 400, 800 and, because of the cap, 1000.
#[test]
fn the_longest_wait_is_ten_times_the_first() {
    assert_draws(&envoy(ms(100)), &[100, 200, 400, 800, 1000], &[49, 150, 351, 599, 999]);
}

/// V5: 0 %, and none at least.
#[test]
fn a_budget_of_nothing_lets_no_retry_through() {
    let budget = RetryShare::new(0.0).at_least(0);
    let failed = played(&envoy(ms(25)), &budget, &[RETRY; 3]);
    assert_eq!(sends(&failed).len(), 1);
    assert_eq!(gave_up(&failed).reason, Reason::Refused);
    assert_eq!(budget.state().in_flight, 0);
    assert_eq!(budget.state().retries, 0);
}

#[test]
fn a_share_that_makes_no_sense_is_said_and_lets_no_retry_through() {
    for share in [-0.1, 1.1, f64::NAN] {
        let budget = RetryShare::new(share);
        assert_eq!(budget.validate(), Err(RetryShareError::Share));
        let refusal = budget.reserve(at(0), &by_hand::RETRY).expect_err("it makes no sense");
        assert_eq!(refusal.reason(), "retry share is invalid");
        assert_eq!(budget.state().left, 0);
    }
    assert_eq!(RetryShareError::Share.to_string(), "the share of retries is not a number from 0 to 1");
    assert_eq!(RetryShare::default().validate(), Ok(()));
}

/// V7: no retries are the limit's doing, not the budget's, which is not asked.
#[test]
fn without_retries_the_attempts_run_out() {
    let budget = RetryShare::new(0.0).at_least(0);
    let failed = played(&envoy(ms(25)).attempts(1), &budget, &[RETRY]);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(gave_up(&failed).at, at(0));
}

/// V9: a server that is overloaded, or limits the rate, says that nothing is to be retried.
#[test]
fn headers_of_the_server_end_the_call() {
    let judge = |headers: &HeaderMap| {
        let is_final = ["x-envoy-overloaded", "x-envoy-ratelimited"].iter().any(|name| headers.contains_key(*name));
        let verdict = Rules::new().judge(StatusCode::SERVICE_UNAVAILABLE, headers, SystemTime::UNIX_EPOCH);
        if is_final { Verdict::Stop } else { verdict }
    };
    let fail = |header: &'static str| {
        let headers = HeaderMap::from_iter([(HeaderName::from_static(header), HeaderValue::from_static("true"))]);
        Hand::new(&Policy::aws(), ()).fail(judge(&headers))
    };
    assert_eq!(fail("x-envoy-overloaded"), Err(Reason::Stopped));
    assert_eq!(fail("x-envoy-ratelimited"), Err(Reason::Stopped));
    assert!(fail("x-envoy-attempt-count").is_ok());
}

/// V11, and what was turned away is not repeated either: that it did nothing is the server's word only.
#[test]
fn a_post_is_not_retried() {
    let repeat = Rules::new().repeat(&Method::POST, &HeaderMap::new());
    for failure in [RETRY, THROTTLED] {
        let failed = play_with(&Policy::aws(), &(), repeat, Instant::ZERO, 7, &script_after(ms(5), &[failure]));
        assert_eq!(gave_up(&failed).reason, Reason::NotRepeatable);
        assert_eq!(gave_up(&failed).at, at(5));
    }
}

/// A fifth of what is in flight, and three at least: with two retries out a third passes and no fourth, with twenty
/// requests in flight a fourth and no fifth. A retry that waits counts.
#[test]
fn retries_are_a_share_of_what_is_in_flight() {
    let budget = RetryShare::default();
    let policy = Policy::constant(ms(100)).jitter(insist_core::Jitter::None);
    let mut retrying: Vec<_> = (0..3).map(|_| fails_once(&policy, &budget)).collect();
    assert_eq!(budget.state().in_flight, 0);
    assert_eq!(budget.state().retries, 3);
    assert!(
        matches!(fails_once(&policy, &budget).poll(at(0)), Action::GiveUp(stop) if stop.reason() == Reason::Refused)
    );

    let mut in_flight: Vec<_> = (0..20).map(|_| sends_once(&policy, &budget)).collect();
    retrying.push(fails_once(&policy, &budget));
    assert_eq!(budget.state().in_flight, 20);
    assert_eq!(budget.state().retries, 4);
    assert!(
        matches!(fails_once(&policy, &budget).poll(at(0)), Action::GiveUp(stop) if stop.reason() == Reason::Refused)
    );

    for call in &mut retrying {
        assert_eq!(sent(call.poll(at(100))), 2);
    }
    assert_eq!(budget.state().in_flight, 24, "a retry is a request as well");
    assert_eq!(budget.state().retries, 4, "a retry is a request as well");
    for call in retrying.iter_mut().take(2) {
        let _ = call.handle(at(110), 2, Verdict::Accept);
    }
    assert_eq!(budget.state().in_flight, 22);
    assert_eq!(budget.state().retries, 2);
    retrying.clear();
    in_flight.clear();
    assert_eq!(budget.state().in_flight, 0, "dropped calls leave nothing behind");
    assert_eq!(budget.state().retries, 0, "dropped calls leave nothing behind");
}

/// A retry that is not sent gives its place back once: dropped in its backoff, or refused by another gate in the end.
#[test]
fn a_retry_that_is_never_sent_gives_its_place_back() {
    let (budget, policy) = (RetryShare::default(), Policy::aws());
    let waiting = fails_once(&policy, &budget);
    assert_eq!(budget.state().retries, 1);
    drop(waiting);
    assert_eq!(budget.state().retries, 0);
    let gates = (&budget, Closed { for_firsts: false });
    let refused = played(&policy, &gates, &[RETRY; 3]);
    assert_eq!(sends(&refused).len(), 1);
    assert_eq!(gave_up(&refused).reason, Reason::Refused);
    assert_eq!(budget.state().in_flight, 0);
    assert_eq!(budget.state().retries, 0);
}

type Plain<'a> = Call<&'a Policy, &'a RetryShare>;

fn sends_once<'a>(policy: &'a Policy, budget: &'a RetryShare) -> Plain<'a> {
    let mut call = Call::new(policy, budget, at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    call
}

fn fails_once<'a>(policy: &'a Policy, budget: &'a RetryShare) -> Plain<'a> {
    let mut call = sends_once(policy, budget);
    let _ = call.handle(at(0), 1, RETRY);
    call
}

/// Fault O8: Envoy's budget is a share of what is in flight, and forgets what has ended.
#[test]
fn a_budget_remembers_first_sends_that_have_ended() {
    let budget = Budget::new(0.2).with_reserve(0);
    let policy = Policy::zero();
    for _ in 0..10 {
        let mut call = Call::new(&policy, &budget, at(0), 1);
        let _ = call.poll(at(0));
        call.handle(at(1), 1, Verdict::Accept);
    }
    let allowed = |now| (0..10).filter(|_| budget.reserve(now, &by_hand::RETRY).is_ok()).count();
    assert_eq!(allowed(at(5000)), 2);
    assert_eq!(allowed(at(60_000)), 0);
}

/// Outlier detection: `consecutive_5xx` is 5, `base_ejection_time` 30 s. A host that is back is sent all its requests at
/// once, where a breaker sends a probe; and each ejection is a base time longer than the one before, up to 300 s.
#[test]
fn five_failures_in_a_row_eject_a_host_for_thirty_seconds() {
    let host = Breaker::consecutive(5).open_for(secs(30));
    (0..4).for_each(|_| attempt(&host, at(0), FAILURE));
    attempt(&host, at(0), SUCCESS);
    (0..4).for_each(|_| attempt(&host, at(0), FAILURE));
    assert!(is_closed(&host, at(0)));
    attempt(&host, at(0), FAILURE);
    assert!(is_open(&host, at(29_999)));
    attempt(&host, at(30_000), SUCCESS);
    assert!(is_closed(&host, at(30_000)));
}
