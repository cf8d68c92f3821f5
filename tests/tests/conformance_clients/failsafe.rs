//! Failsafe (failsafe-go).
//!
//! F25 - F37, its circuit breaker, are in `tests/breaker/systems.rs`. Its concurrency budget and its adaptive throttler
//! are gates here. Left out: quantile hedge delays, because a policy is plain data and learns nothing (whoever measures
//! sets `hedge_after`), and the cache policy, because insist keeps no results.

use std::time::Duration;

use insist_blocking::retry;
use insist_core::{
    Action, Admission, AttemptEnd, Cause, Failure, Gate, Instant, Jitter, Kind, Policy, PolicyError, Reason, Refusal,
    Repeat, Settled, Verdict, play, play_with,
};
use insist_tests::by_hand::{at, ms};

use super::adaptive_throttle::AdaptiveThrottle;
use super::concurrency_budget::ConcurrencyBudget;
use super::{ACCEPT, RETRY, always, cancels, end, gave_up, script, secs, sends, waits};

const FAILURE: Settled = Settled::Ended(AttemptEnd::Retry(Failure::new()), Instant::ZERO);
const SUCCESS: Settled = Settled::Ended(AttemptEnd::Accept, Instant::ZERO);

/// F1, TestGetFixedOrRandomDelay.
#[test]
fn delays_double_up_to_the_cap() {
    let policy = Policy::exponential(secs(2)).cap(secs(30)).jitter(Jitter::None).attempts(6);
    assert_eq!(waits(&policy, 9), [2, 4, 8, 16, 30].map(secs));
}

/// TestRetryPolicy, "with backoff delay".
#[test]
fn six_retries_have_six_delays() {
    let policy = Policy::exponential(ms(1)).cap(ms(10)).jitter(Jitter::None).attempts(7);
    assert_eq!(waits(&policy, 9), [1, 2, 4, 8, 10, 10].map(ms));
}

/// F3, "unlimited attempts". Something has to end a call here, so unlimited attempts ask for a deadline (nothing loops
/// without bound: law 15).
#[test]
fn a_call_with_unlimited_attempts_succeeds_the_sixth_time() {
    let endless = Policy::zero().unlimited_attempts();
    assert_eq!(endless.validate(), Err(PolicyError::Endless));
    let outcomes = [(0, RETRY), (0, RETRY), (0, RETRY), (0, RETRY), (0, RETRY), (0, ACCEPT)];
    let timeline = play(&endless.deadline(secs(60)), 7, &script(&outcomes));
    assert_eq!((sends(&timeline).len(), end(&timeline).1), (6, Action::Return(6)));
}

/// F5, "should return last failure". There it has to be asked for; here it is what a call gives.
#[test]
fn the_error_of_the_last_attempt_is_the_calls_own() {
    let result = retry(&Policy::zero().attempts(4), |attempt| Err::<(), _>(attempt.id.to_string())).call();
    assert_eq!(result, Err("4".to_owned()));
}

/// What a retry is for; the budget does not look at how the attempt before it failed.
const AGAIN: Cause = Cause::retry(AttemptEnd::Timeout);

/// What other calls have in flight: so many first attempts, and retries or hedges whose first attempts are over.
fn others(budget: &ConcurrencyBudget, firsts: u32, extra: u32) {
    let now = Instant::ZERO;
    for _ in 0..extra {
        assert_eq!(budget.admit(now, &Cause::FIRST), Admission::Yes);
    }
    for _ in 0..extra {
        budget.reserve(now, &AGAIN).unwrap();
        assert_eq!(budget.admit(now, &AGAIN), Admission::Yes);
    }
    for _ in 0..extra {
        budget.settle(now, &Cause::FIRST, &FAILURE);
    }
    for _ in 0..firsts {
        assert_eq!(budget.admit(now, &Cause::FIRST), Admission::Yes);
    }
    assert_eq!(budget.counts(), (firsts + extra, extra));
}

/// TestBudget, "should acquire and release permit".
#[test]
fn a_retry_that_has_ended_makes_room_for_another() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 1, 1);
    for _ in 0..2 {
        budget.reserve(at(0), &AGAIN).unwrap();
        assert!(budget.reserve(at(0), &AGAIN).is_err());
        budget.settle(at(0), &AGAIN, &SUCCESS);
    }
}

/// F7, "when minConcurrency floor allows permit despite rate exceeded".
#[test]
fn a_few_retries_are_in_flight_at_once_whatever_their_share() {
    let budget = ConcurrencyBudget::new(0.5, 2);
    others(&budget, 0, 1);
    assert!(budget.reserve(at(0), &AGAIN).is_ok());
    assert!(budget.reserve(at(0), &AGAIN).is_err());
}

/// TestBudget, "when retries not exceeded".
#[test]
fn a_retry_within_the_share_is_sent() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 1, 1);
    let timeline =
        play_with(&Policy::zero(), &budget, Repeat::Always, Instant::ZERO, 7, &script(&[(5, RETRY), (5, ACCEPT)]));
    assert_eq!(end(&timeline).1, Action::Return(2));
    assert_eq!(budget.counts(), (2, 1), "what the call had is given back");
}

/// TestBudget, "when retries exceeded". There the budget's error takes the place of the operation's; here the call
/// gives its own, and names the gate beside it.
#[test]
fn a_retry_beyond_the_share_is_refused_before_its_wait_and_the_error_stays() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 0, 1);
    let gave_up = retry(&Policy::constant(secs(60)), |_| Err::<(), _>("connecting")).gate(&budget).try_call();
    let gave_up = gave_up.unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Refused, 1, Some(Err("connecting"))));
    assert_eq!(gave_up.refusal.map(Refusal::reason), Some("too many retries and hedges are in flight"));
    assert_eq!(budget.counts(), (1, 1));
}

const HEDGE: Policy = Policy::zero().attempts(2).lane_attempts(1).lanes(2).hedge_after(ms(10));

/// TestBudget, "when hedges not exceeded".
#[test]
fn a_hedge_within_the_share_is_sent() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 1, 1);
    let timeline = play_with(&HEDGE, &budget, Repeat::Always, Instant::ZERO, 7, &script(&[(100, ACCEPT)]));
    assert_eq!((sends(&timeline), end(&timeline)), (vec![0, 10], (at(100), Action::Return(1))));
    assert_eq!(budget.counts(), (2, 1), "also that of the hedge that was cancelled");
}

/// F9, "when hedges exceeded".
#[test]
fn a_hedge_beyond_the_share_is_left_out_and_the_call_goes_on() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    // One slot more was injected there than a call could have had: two hedges whose first attempts are over.
    others(&budget, 0, 2);
    let timeline = play_with(&HEDGE, &budget, Repeat::Always, Instant::ZERO, 7, &script(&[(100, ACCEPT)]));
    assert_eq!((sends(&timeline), end(&timeline)), (vec![0], (at(100), Action::Return(1))));
    assert_eq!(budget.counts(), (2, 2));
}

/// A gate may be one of several: what another refuses is given back once (law 12).
#[test]
fn a_retry_that_another_gate_refuses_leaves_the_budget_as_it_was() {
    struct NoRetries;
    impl Gate for NoRetries {
        fn admit(&self, _: Instant, cause: &Cause) -> Admission {
            if cause.kind == Kind::First { Admission::Yes } else { Admission::No(Refusal::new(&"closed")) }
        }
    }
    let budget = ConcurrencyBudget::new(0.5, 1);
    for policy in [Policy::zero(), HEDGE] {
        let timeline =
            play_with(&policy, &(&budget, NoRetries), Repeat::Always, Instant::ZERO, 7, &script(&[(20, RETRY)]));
        assert_eq!((sends(&timeline).len(), budget.counts()), (1, (0, 0)));
    }
}

/// A throttle that has seen so many attempts, and how many of them succeeded.
fn after(attempts: u32, successes: u32) -> AdaptiveThrottle {
    let throttle = AdaptiveThrottle::new(0.9, 0.8);
    for number in 0..attempts {
        throttle.settle(at(0), &Cause::FIRST, if number < successes { &SUCCESS } else { &FAILURE });
    }
    throttle
}

/// F11, TestComputeRejectionRate, "with a system performing better than the successRateThreshold".
#[test]
fn nothing_is_refused_where_enough_succeeds() {
    assert_eq!(after(100, 95).refused(), 0.0);
}

/// F12, "with a slightly overloaded system".
#[test]
fn a_sixth_is_refused_where_three_quarters_succeed() {
    assert!((after(120, 90).refused() - 20.0 / 121.0).abs() < 1e-12);
}

/// F13, "with a heavily overloaded system".
#[test]
fn most_is_refused_where_a_quarter_succeeds() {
    let throttle = after(200, 50);
    assert!((0.7..0.8).contains(&throttle.refused()), "{}", throttle.refused());
    let admitted = (0..10_000).filter(|_| throttle.admit(at(0), &Cause::FIRST) == Admission::Yes).count() as f64;
    assert!((admitted / 10_000.0 - (1.0 - throttle.refused())).abs() < 0.02, "{admitted}");
}

/// F14, "with a max rejection rate cap".
#[test]
fn no_more_than_the_largest_share_is_refused() {
    assert_eq!(after(1_000, 10).refused(), 0.8);
}

/// F15, "with zero executions".
#[test]
fn nothing_is_refused_at_the_start() {
    assert_eq!(after(0, 0).refused(), 0.0);
}

/// F16, "with zero successes".
#[test]
fn the_largest_share_is_refused_where_nothing_succeeds() {
    assert_eq!(after(100, 0).refused(), 0.8);
}

/// F17, TestAdaptiveThrottler_AcquirePermit, "should calculate rejection rate after failures".
#[test]
fn half_is_refused_after_a_call_that_failed() {
    let throttle = AdaptiveThrottle::new(0.9, 0.9);
    let timeline = play_with(&Policy::stop(), &throttle, Repeat::Always, Instant::ZERO, 7, &always(RETRY));
    assert_eq!((gave_up(&timeline).0, throttle.refused()), (Reason::Backoff, 0.5));
}

/// The same, "should return ErrExceeded when AcquirePermit fails".
#[test]
fn a_call_is_refused_before_its_first_attempt_if_the_lot_falls_on_it() {
    let throttle = AdaptiveThrottle::new(0.9, 1.0);
    for _ in 0..50 {
        throttle.settle(at(0), &Cause::FIRST, &FAILURE);
    }
    let refused = (0..50).filter(|_| {
        let timeline =
            play_with(&Policy::zero(), &throttle, Repeat::Always, Instant::ZERO, 7, &script(&[(0, Verdict::Stop)]));
        gave_up(&timeline) == (Reason::Refused, None)
    });
    // 50 in 51 are refused, and fewer once a call came through.
    assert!(refused.count() >= 40);
}

/// Up to so many hedges, 10 ms apart; no lane retries.
const fn hedging(hedges: u8) -> Policy {
    Policy::stop().attempts(hedges as u32 + 1).lane_attempts(1).lanes(hedges + 1).hedge_after(ms(10))
}

/// TestHedgePolicy, "should not hedge when delay not exceeded".
#[test]
fn an_answer_within_the_hedge_delay_is_not_hedged() {
    let timeline = play(&hedging(2).hedge_after(secs(1)), 7, &script(&[(0, ACCEPT)]));
    assert_eq!((sends(&timeline), end(&timeline).1), (vec![0], Action::Return(1)));
}

/// F19, "all hedges used".
#[test]
fn all_hedges_are_used_where_every_attempt_is_slow() {
    let timeline = play(&hedging(2), 7, &script(&[(100, ACCEPT); 3]));
    assert_eq!((sends(&timeline), cancels(&timeline)), (vec![0, 10, 20], vec![2, 3]));
    assert_eq!(end(&timeline), (at(100), Action::Return(1)));
}

/// "backup executions": a hedge delay of 0 is a race.
#[test]
fn a_hedge_delay_of_zero_races() {
    let outcomes = [(5, RETRY), (5, RETRY), (5, ACCEPT)];
    let timeline = play(&hedging(2).hedge_after(Duration::ZERO), 7, &script(&outcomes));
    assert_eq!((sends(&timeline), end(&timeline)), (vec![0, 0, 0], (at(5), Action::Return(3))));
}

/// F21, "should return result with negative delay when no result is cancellable". There is no negative delay here: one
/// lane does not hedge.
#[test]
fn a_value_that_is_not_accepted_is_handed_back_where_nothing_else_comes() {
    let judge = |result: &Result<u32, String>| if *result == Ok(1) { ACCEPT } else { RETRY };
    assert_eq!(retry(&hedging(0), |_| Ok::<_, String>(2)).judge(judge).call(), Ok(2));
}

/// F23, "first returned result triggers cancellation": the first and the second attempt hang.
#[test]
fn the_first_accepted_answer_cancels_the_others() {
    let script = insist_core::Script::new().outcome(3, Duration::ZERO, ACCEPT);
    let timeline = play(&hedging(4), 7, &script);
    assert_eq!((sends(&timeline), cancels(&timeline)), (vec![0, 10, 20], vec![1, 2]));
    assert_eq!(end(&timeline), (at(20), Action::Return(3)));
}

/// F23, "third returned result triggers cancellation": three attempts take 100 ms, and two hang.
#[test]
fn an_accepted_answer_cancels_slower_ones_and_such_as_hang() {
    let timeline = play(&hedging(4), 7, &script(&[(100, ACCEPT); 3]));
    assert_eq!((sends(&timeline), cancels(&timeline)), (vec![0, 10, 20, 30, 40], vec![2, 3, 4, 5]));
    assert_eq!(end(&timeline), (at(100), Action::Return(1)));
}

/// F23 where the first two answers are not accepted: they end nothing.
#[test]
fn answers_that_are_not_accepted_leave_the_others_in_flight() {
    let timeline = play(&hedging(4), 7, &script(&[(25, RETRY), (25, RETRY), (25, ACCEPT)]));
    assert_eq!((sends(&timeline), cancels(&timeline)), (vec![0, 10, 20, 30, 40], vec![4, 5]));
    assert_eq!(end(&timeline), (at(45), Action::Return(3)));
}
