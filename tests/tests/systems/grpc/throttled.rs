//! Calls under gRPC's throttle, and those whose server pushes back.

use insist_core::{Action, Call, Cause, Gate, Instant, Policy, Reason, Script, Verdict, play_with};
use insist_tests::by_hand::{sent, waits_until};
use insist_tests::words::{RETRY, at, gave_up, ms, sends};

use super::gates::{Pushback, RetryThrottle, RetryThrottleError};
use crate::hand::{Hand, played};

const ONCE: Policy = Policy::stop();

fn throttle() -> RetryThrottle {
    RetryThrottle::new(4, 0.8).unwrap()
}

#[track_caller]
fn answer(throttle: &RetryThrottle, verdict: Verdict) {
    assert_eq!(sends(&played(&ONCE, throttle, &[verdict])).len(), 1);
}

/// G1: four tokens, and a retry needs more than two.
#[test]
fn failures_take_tokens_down_to_none() {
    let throttle = throttle();
    let mut seen = Vec::new();
    for _ in 0..5 {
        answer(&throttle, RETRY);
        seen.push((throttle.thousandths(), throttle.passes()));
    }
    assert_eq!(seen, [(3000, true), (2000, false), (1000, false), (0, false), (0, false)]);
}

/// G1 for a call: its second failure leaves two tokens, so there is no second retry.
#[test]
fn a_retry_needs_more_than_half_of_the_tokens() {
    let throttle = throttle();
    let failed = played(&Policy::grpc(), &throttle, &[RETRY; 4]);
    assert_eq!(sends(&failed).len(), 2);
    assert_eq!(gave_up(&failed).reason, Reason::Refused);
}

/// G3: a pushback that is empty, or cannot be read, forbids the retry, and takes a token.
#[test]
fn a_pushback_that_forbids_ends_the_call_and_takes_a_token() {
    let (throttle, pushback) = (throttle(), Pushback::new());
    let policy = Policy::grpc();
    let mut hand = Hand::new(&policy, (&throttle, &pushback));
    pushback.forbid();
    assert_eq!(hand.fail(RETRY), Err(Reason::Refused));
    assert_eq!(throttle.thousandths(), 3000);
    let Action::GiveUp(stop) = hand.call.poll(at(0)) else { panic!() };
    assert_eq!(stop.last(), Some(1), "its status is the call's");
}

/// G5.
#[test]
fn a_pushback_that_allows_gives_no_further_attempt() {
    let policy = Policy::grpc().attempts(2);
    let failed = played(&policy, &(), &[RETRY.exactly_after(ms(100)), RETRY.exactly_after(ms(100))]);
    assert_eq!(sends(&failed), [at(0), at(100)]);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(gave_up(&failed).at, at(100));
}

/// G7. gRPC adds the ratio when the headers arrive; insist knows of an attempt when it ends.
#[test]
fn a_success_gives_back_the_ratio() {
    let throttle = throttle();
    answer(&throttle, RETRY);
    answer(&throttle, RETRY);
    answer(&throttle, Verdict::Accept);
    assert_eq!(throttle.thousandths(), 2800);
    assert!(throttle.passes());
    answer(&throttle, Verdict::Accept);
    answer(&throttle, Verdict::Accept);
    assert_eq!(throttle.thousandths(), 4000, "never more than there were");
}

/// A status that is not retried says nothing of the load: it neither takes nor gives.
#[test]
fn a_failure_that_is_not_retried_changes_no_tokens() {
    let throttle = throttle();
    answer(&throttle, RETRY);
    answer(&throttle, Verdict::Stop);
    assert_eq!(throttle.thousandths(), 3000);
}

/// A timeout is a failure; a loser that was cancelled is none.
#[test]
fn a_timeout_takes_a_token_and_a_cancelled_hedge_does_not() {
    let throttle = throttle();
    let silent = played(&ONCE.attempt_timeout(ms(100)), &throttle, &[]);
    assert_eq!(gave_up(&silent).at, at(100));
    assert_eq!(throttle.thousandths(), 3000);
    let hedged = Policy::grpc_hedging().attempts(2);
    let script = Script::new().outcome(2, ms(10), Verdict::Accept);
    let won = play_with(&hedged, &throttle, insist_core::Repeat::Always, Instant::ZERO, 7, &script);
    assert_eq!(won.steps.last().map(|step| step.action), Some(Action::Return(2)));
    assert_eq!(throttle.thousandths(), 3800);
}

/// G11: a pushback that forbids opens no more hedges, and what is in flight goes on. That is a gate of the call's, because
/// a verdict of stop ends the call.
#[test]
fn a_pushback_that_forbids_opens_no_more_hedges() {
    let (throttle, pushback) = (RetryThrottle::new(10, 0.5).unwrap(), Pushback::new());
    let policy = Policy::grpc_hedging();
    let mut call = Call::with_lanes::<4>(&policy, (&throttle, &pushback), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(waits_until(call.poll(at(0))), 500);
    assert_eq!(sent(call.poll(at(500))), 2);
    pushback.forbid();
    let _ = call.handle(at(600), 2, RETRY);
    for millis in [600, 1000, 1500, 2000, 2500] {
        assert!(matches!(call.poll(at(millis)), Action::Wait { .. }), "{millis}");
    }
    let _ = call.handle(at(2600), 1, Verdict::Accept);
    assert_eq!(call.poll(at(2600)), Action::Return(1));
    assert_eq!(call.state().attempts(), 2);
    assert_eq!(throttle.thousandths(), 9500);
}

/// Sends no hedges where too much fails; what is in flight goes on.
#[test]
fn a_throttled_call_is_not_hedged() {
    let throttle = throttle();
    answer(&throttle, RETRY);
    answer(&throttle, RETRY);
    let script = Script::new().outcome(1, ms(3000), Verdict::Accept);
    let slow = play_with(&Policy::grpc_hedging(), &throttle, insist_core::Repeat::Always, Instant::ZERO, 7, &script);
    assert_eq!(sends(&slow), [at(0)]);
    assert_eq!(slow.steps.last().map(|step| step.action), Some(Action::Return(1)));
    assert_eq!(throttle.thousandths(), 2800);
}

/// G15: three decimals of the ratio are kept, and the tokens are 1 to 1000.
#[test]
fn the_throttle_keeps_three_decimals() {
    let throttle = RetryThrottle::new(1000, 0.5466).unwrap();
    answer(&throttle, RETRY);
    answer(&throttle, Verdict::Accept);
    assert_eq!(throttle.thousandths(), 1_000_000 - 1000 + 546);
    let wrong = |tokens, ratio| RetryThrottle::new(tokens, ratio).unwrap_err();
    assert_eq!(wrong(0, 0.1), RetryThrottleError::Tokens(0));
    assert_eq!(wrong(1001, 0.1), RetryThrottleError::Tokens(1001));
    assert_eq!(wrong(10, 0.0009), RetryThrottleError::Ratio);
    assert_eq!(wrong(10, -1.0), RetryThrottleError::Ratio);
}

/// The throttle is one of a server name, and its calls may be on many threads.
#[test]
fn threads_share_the_throttle() {
    let throttle = RetryThrottle::new(1000, 0.1).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| answer(&throttle, RETRY)));
        }
    });
    assert_eq!(throttle.thousandths(), 600_000);
    assert!(throttle.reserve(Instant::ZERO, &Cause::HEDGE).is_ok());
}
