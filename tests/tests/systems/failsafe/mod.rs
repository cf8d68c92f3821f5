//! Failsafe (failsafe-go): its delays and its hedges; its circuit breaker is in `breaker`, what limits it in `throttles`.
//!
//! Left out: quantile hedge delays, because a policy is plain data and learns
//! nothing (whoever measures sets `hedge_after`), and the cache policy, because insist keeps no results.

mod breaker;
mod throttles;

use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{Action, Budget, Jitter, Policy, PolicyError, Reason, Script, Verdict, play};
use insist_tests::words::{ACCEPT, RETRY, SECOND, at, cancels, end, gave_up, ms, script, secs, sends, waits};

use crate::draws::EVERY_JITTER;

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
    assert_eq!(sends(&timeline).len(), 6);
    assert_eq!(end(&timeline).1, Action::Return(6));
}

/// F5, "should return last failure". There it has to be asked for; here it is what a call gives.
#[test]
fn the_error_of_the_last_attempt_is_the_calls_own() {
    let result = retry(&Policy::zero().attempts(4), |attempt| Err::<(), _>(attempt.id.to_string())).call();
    assert_eq!(result, Err("4".to_owned()));
}

/// Up to so many hedges, 10 ms apart; no lane retries.
const fn hedging(hedges: u8) -> Policy {
    Policy::stop().attempts(hedges as u32 + 1).lane_attempts(1).lanes(hedges + 1).hedge_after(ms(10))
}

/// TestHedgePolicy, "should not hedge when delay not exceeded".
#[test]
fn an_answer_within_the_hedge_delay_is_not_hedged() {
    let timeline = play(&hedging(2).hedge_after(secs(1)), 7, &script(&[(0, ACCEPT)]));
    assert_eq!(sends(&timeline), [at(0)]);
    assert_eq!(end(&timeline).1, Action::Return(1));
}

/// F19, "all hedges used".
#[test]
fn all_hedges_are_used_where_every_attempt_is_slow() {
    let timeline = play(&hedging(2), 7, &script(&[(100, ACCEPT); 3]));
    assert_eq!(sends(&timeline), [0, 10, 20].map(at));
    assert_eq!(cancels(&timeline), [2, 3]);
    assert_eq!(end(&timeline), (at(100), Action::Return(1)));
}

/// "backup executions": a hedge delay of 0 is a race.
#[test]
fn a_hedge_delay_of_zero_races() {
    let outcomes = [(5, RETRY), (5, RETRY), (5, ACCEPT)];
    let timeline = play(&hedging(2).hedge_after(Duration::ZERO), 7, &script(&outcomes));
    assert_eq!(sends(&timeline), [0, 0, 0].map(at));
    assert_eq!(end(&timeline), (at(5), Action::Return(3)));
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
    assert_eq!(sends(&timeline), [0, 10, 20].map(at));
    assert_eq!(cancels(&timeline), [1, 2]);
    assert_eq!(end(&timeline), (at(20), Action::Return(3)));
}

/// F23, "third returned result triggers cancellation": three attempts take 100 ms, and two hang.
#[test]
fn an_accepted_answer_cancels_slower_ones_and_such_as_hang() {
    let timeline = play(&hedging(4), 7, &script(&[(100, ACCEPT); 3]));
    assert_eq!(sends(&timeline), [0, 10, 20, 30, 40].map(at));
    assert_eq!(cancels(&timeline), [2, 3, 4, 5]);
    assert_eq!(end(&timeline), (at(100), Action::Return(1)));
}

/// F23 where the first two answers are not accepted: they end nothing.
#[test]
fn answers_that_are_not_accepted_leave_the_others_in_flight() {
    let timeline = play(&hedging(4), 7, &script(&[(25, RETRY), (25, RETRY), (25, ACCEPT)]));
    assert_eq!(sends(&timeline), [0, 10, 20, 30, 40].map(at));
    assert_eq!(cancels(&timeline), [4, 5]);
    assert_eq!(end(&timeline), (at(45), Action::Return(3)));
}

/// Fault O5: failsafe-go cuts a wait to what is left of its time, and so sends before the hint is over.
#[test]
fn a_deadline_ends_a_call_rather_than_shorten_a_hint() {
    let policy = Policy::zero().attempts(5).deadline(secs(8));
    let script = Script::new().outcome(1, SECOND, Verdict::retry().after(secs(10)));
    let timeline = play(&policy, 1, &script);
    let gave_up = gave_up(&timeline);
    assert_eq!(gave_up.at, at(1_000));
    assert_eq!(gave_up.reason, Reason::RetryAfter);
    assert_eq!(gave_up.hint, Some(secs(10)));
    assert_eq!(sends(&timeline).len(), 1);
}

/// Fault O5: failsafe-go applies its jitter to the hint, downwards too.
#[test]
fn no_jitter_sends_before_a_hint_is_over() {
    let script = Script::new().outcome(1, Duration::ZERO, Verdict::retry().after(secs(2)));
    for jitter in EVERY_JITTER {
        let policy = Policy::exponential(SECOND).jitter(jitter).attempts(2);
        for seed in 0..200 {
            let sent = sends(&play(&policy, seed, &script));
            assert!((at(2_000)..=at(4_000)).contains(&sent[1]), "{jitter:?} {sent:?}");
        }
    }
}

/// Fault O10: failsafe-go asks its budget after the wait, and puts its own error in the place of the last one.
#[test]
fn a_retry_is_refused_before_its_wait_and_the_last_error_stays() {
    let (budget, clock) = (Budget::new(0.5).with_reserve(0), VirtualClock::new());
    let policy = Policy::constant(secs(60)).jitter(Jitter::None);
    let gave_up = retry(&policy, |_| {
        clock.advance(ms(7));
        Err::<(), _>("down")
    });
    let gave_up = gave_up.gate(&budget).clock(&clock).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Refused);
    assert_eq!(gave_up.last, Some(Err("down")));
    assert_eq!(gave_up.refusal.unwrap().reason(), "budget is used up");
    assert_eq!(clock.elapsed(), ms(7));
}
