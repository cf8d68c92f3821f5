//! smithy-rs, the runtime of AWS's SDK for Rust: standard retries and their token bucket, versions 2.0 and 2.1.
//!
//! Rows are of `strategy/standard.rs` and `token_bucket.rs` there; (wait, tokens left) after each failure. The waits
//! are without jitter, as there. S33 is `dynamodb/tests/retry-spec.rs` without its wire: statuses are judged by
//! insist's rules.

use std::thread;
use std::time::{Duration, SystemTime};

use insist_core::{
    Action, Budget, Call, Cause, Factor, Gate, Instant, Jitter, Policy, Reason, RetryQuota, Shape, Verdict,
};
use insist_http::Rules;
use insist_http::http::{HeaderMap, StatusCode};
use insist_tests::words::{RETRY, SECOND, THROTTLED, at, gave_up, ms, sends};

use super::{Costs, available, quota as aws_quota};
use crate::draws::assert_near;
use crate::hand::{Hand, played};

const V2_0: Policy = Policy::exponential(SECOND).cap(ms(20_000)).jitter(Jitter::None);

const V2_1: Policy = Policy::aws().jitter(Jitter::None);

fn quota(tokens: u32) -> RetryQuota {
    aws_quota(Costs::V2_0, tokens)
}

fn quota_2_1(tokens: u32) -> RetryQuota {
    aws_quota(Costs::V2_1, tokens)
}

/// Returns what a call with these failures waits, and what is left in the quota after each.
#[track_caller]
fn retries(policy: &Policy, quota: &RetryQuota, failures: &[Verdict]) -> Vec<(Result<Duration, Reason>, u32)> {
    let mut hand = Hand::new(policy, &quota);
    failures.iter().map(|failure| (hand.fail(*failure), available(quota, at(0)))).collect()
}

/// S1.
#[test]
fn a_success_gives_back_what_the_last_retry_cost() {
    let quota = quota(500);
    let mut hand = Hand::new(&V2_0, &quota);
    assert_eq!(hand.fail(RETRY), Ok(SECOND));
    assert_eq!(available(&quota, at(0)), 495);
    assert_eq!(hand.fail(RETRY), Ok(SECOND * 2));
    assert_eq!(available(&quota, at(0)), 490);
    hand.succeed();
    assert_eq!(available(&quota, at(0)), 495);
}

/// S3.
#[test]
fn without_tokens_there_is_no_retry() {
    let left = retries(&V2_0, &quota(5), &[RETRY; 2]);
    assert_eq!(left, [(Ok(SECOND), 0), (Err(Reason::Refused), 0)]);
}

/// S5: two timeouts take 10 of 20 tokens each, their call ends without a success, and 20 first sends that succeed fill the
/// quota again.
#[test]
fn first_sends_that_succeed_fill_the_quota_one_by_one() {
    let quota = quota(20);
    let policy = V2_0.attempt_timeout(ms(100));
    let silent = played(&policy, &quota, &[]);
    assert_eq!(sends(&silent).len(), 3);
    assert_eq!(available(&quota, at(0)), 0);
    let mut attempts = sends(&silent).len();
    for filled in 1..=20 {
        attempts += sends(&played(&policy, &quota, &[Verdict::Accept])).len();
        assert_eq!(available(&quota, at(0)), filled);
    }
    assert_eq!(attempts, 23);
}

/// S7.
#[test]
fn waits_grow_no_longer_than_the_cap() {
    let policy = V2_0.cap(SECOND * 3).attempts(5);
    let waits = [(1, 495), (2, 490), (3, 485), (3, 480)].map(|(wait, left)| (Ok(SECOND * wait), left));
    assert_eq!(retries(&policy, &quota(500), &[RETRY; 4]), waits);
}

/// S11.
#[test]
fn after_a_hundred_thousand_attempts_the_wait_is_the_cap() {
    let policy = Policy::exponential(SECOND * 10).cap(SECOND * 20).jitter(Jitter::None).attempts(100_001);
    assert_eq!(policy.delays(7).nth(99_999), Some(SECOND * 20));
}

/// S13 - S15, 3 s: insist waits the backoff's 50 ms on top, so that those who were told the same do not come back together.
#[test]
fn a_hint_is_waited_for_and_the_backoff_comes_on_top() {
    assert_eq!(Hand::new(&V2_1, ()).fail(RETRY.after(SECOND * 3)), Ok(ms(3050)));
}

/// S13 - S15, 10 ms: AWS waits 50 ms, the longer of both; insist again both.
#[test]
fn a_hint_that_is_shorter_than_the_backoff_comes_on_top_too() {
    assert_eq!(Hand::new(&V2_1, ()).fail(RETRY.after(ms(10))), Ok(ms(60)));
}

/// S13 - S15, 10 s: AWS waits 5.05 s, 5 s more than the backoff at most; insist never shortens a hint (law 9).
#[test]
fn a_long_hint_is_not_cut() {
    assert_eq!(Hand::new(&V2_1, ()).fail(RETRY.after(SECOND * 10)), Ok(ms(10_050)));
}

/// S17.
#[test]
fn a_retry_of_2_1_costs_fourteen() {
    let quota = quota_2_1(500);
    let mut hand = Hand::new(&V2_1, &quota);
    assert_eq!(hand.fail(RETRY), Ok(ms(50)));
    assert_eq!(available(&quota, at(0)), 486);
    assert_eq!(hand.fail(RETRY), Ok(ms(100)));
    assert_eq!(available(&quota, at(0)), 472);
    hand.succeed();
    assert_eq!(available(&quota, at(0)), 486);
}

/// S19.
#[test]
fn fourteen_tokens_are_one_retry() {
    let left = retries(&V2_1, &quota_2_1(14), &[RETRY; 2]);
    assert_eq!(left, [(Ok(ms(50)), 0), (Err(Reason::Refused), 0)]);
}

/// S21.
#[test]
fn six_tokens_are_not_enough_for_another() {
    let left = retries(&V2_1, &quota_2_1(20), &[RETRY; 2]);
    assert_eq!(left, [(Ok(ms(50)), 6), (Err(Reason::Refused), 6)]);
}

/// S23: a second instead of 50 ms is for the judge to ask for, because a policy has one base.
#[test]
fn a_retry_after_throttling_costs_five() {
    let quota = quota_2_1(500);
    let mut hand = Hand::new(&V2_1, &quota);
    assert_eq!(hand.fail(THROTTLED.exactly_after(SECOND)), Ok(SECOND));
    assert_eq!(available(&quota, at(0)), 495);
    hand.succeed();
    assert_eq!(available(&quota, at(0)), 500);
}

/// S25: neither the last attempt, nor a success, nor a failure that is not retried is followed by a wait, or charged.
#[test]
fn what_ends_a_call_ends_it_at_once() {
    let quota = quota_2_1(500);
    let exhausted = played(&V2_1, &quota, &[RETRY; 3]);
    assert_eq!(gave_up(&exhausted).reason, Reason::Attempts);
    assert_eq!(gave_up(&exhausted).at, at(150));
    assert_eq!(available(&quota, at(150)), 472);
    assert_eq!(gave_up(&played(&V2_1, &quota, &[Verdict::Stop])).reason, Reason::Stopped);
    assert_eq!(gave_up(&played(&V2_1, &quota, &[Verdict::Stop])).at, at(0));
    let returned = played(&V2_1, &quota, &[Verdict::Accept]);
    assert_eq!(returned.steps.last().map(|step| (step.at, step.action)), Some((at(0), Action::Return(1))));
}

/// S25's other half: a long poll of AWS that has no tokens left waits once more before it fails; insist's gives up at
/// once, because a wait that leads to no send helps nobody (law 6), and pausing between polls is the caller's.
#[test]
fn a_long_poll_without_tokens_gives_up_at_once() {
    assert_eq!(gave_up(&played(&V2_1, &quota_2_1(0), &[RETRY; 3])).reason, Reason::Refused);
    assert_eq!(gave_up(&played(&V2_1, &quota_2_1(0), &[RETRY; 3])).at, at(0));
}

/// S27.
#[test]
fn parts_of_tokens_add_up() {
    let quota = quota(10).holding(0).reward(0.4);
    for whole in [0, 0, 1] {
        assert_eq!(sends(&played(&V2_0, &quota, &[Verdict::Accept])).len(), 1);
        assert_eq!(available(&quota, at(0)), whole);
    }
}

/// S29: (tokens a second, seconds, whole tokens, the part that is left).
#[test]
fn tokens_come_back_with_time() {
    let rates = [(10.0, 2, 20, 0.0), (0.001, 1100, 1, 0.1), (0.0001, 11_000, 1, 0.1), (0.001, 1200, 1, 0.2)];
    for (rate, seconds, whole, part) in rates.into_iter().chain([(0.001, 500, 0, 0.5)]) {
        let quota = quota(100).holding(0).refill(rate);
        let now = at(seconds * 1000);
        assert_eq!(available(&quota, now), whole, "{rate}");
        assert_near(quota.state(now).tokens.fract(), part, 1e-9);
    }
}

/// S31: ten seconds of one token a second, and a hundred threads that want one.
#[test]
fn no_token_comes_back_twice() {
    let costs = Costs { transient: 1, timeout: 1, throttled: 1 };
    let quota = aws_quota(costs, 100).holding(0).refill(1.0);
    assert_eq!(available(&quota, at(10_000)), 10);
    let reserved = |_| quota.reserve(at(10_000), &Cause::retry(RETRY.into())).is_ok();
    let taken: Vec<bool> = thread::scope(|scope| {
        let threads: Vec<_> = (0..100).map(|number| scope.spawn(move || reserved(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 10);
}

/// S33: DynamoDB. 2.1 makes 4 attempts from 25 ms on, 2.0 makes 3 from 1 s on, and 6 attempts of a user's are kept.
#[test]
fn dynamodb_has_a_schedule_of_its_own() {
    let failure = Rules::new().judge(StatusCode::INTERNAL_SERVER_ERROR, &HeaderMap::new(), SystemTime::UNIX_EPOCH);
    let base = Shape::Exponential { base: ms(25), factor: Factor::DOUBLE };
    let dynamodb = V2_1.shape(base).attempts(4);
    let sent = |policy: &Policy| sends(&played(policy, &(), &[failure; 9]));
    assert_eq!(sent(&dynamodb), [0, 25, 75, 175].map(at));
    assert_eq!(sent(&V2_0), [0, 1000, 3000].map(at));
    assert_eq!(sent(&dynamodb.attempts(6)).len(), 6);
}

/// The permit that a call holds is given back when it ends before its retry was sent, as smithy's is when it is dropped.
#[test]
fn a_call_that_ends_in_its_backoff_gets_its_tokens_back() {
    let quota = quota(500);
    let mut call = insist_core::Call::new(&V2_0, &quota, Instant::ZERO, 7);
    assert!(matches!(call.poll(at(0)), Action::Send(_)));
    let _ = call.handle(at(0), 1, RETRY);
    assert_eq!(available(&quota, at(0)), 495);
    drop(call);
    assert_eq!(available(&quota, at(0)), 500);
}

/// With the blocking driver: the judge says what was throttled.
#[test]
fn a_driver_is_given_the_quota_as_the_gate() {
    let quota = quota_2_1(500);
    let mut answers = [503, 429, 200].into_iter();
    let policy = Policy::zero();
    let retry = insist_blocking::retry(&policy, |_| Ok::<u16, ()>(answers.next().unwrap()));
    let judged = retry.judge(|answer: &Result<u16, ()>| match answer {
        Ok(429) => THROTTLED,
        Ok(500..) => RETRY,
        _ => Verdict::Accept,
    });
    assert_eq!(judged.gate(&quota).try_call().ok(), Some(200));
    assert_eq!(available(&quota, at(0)), 500 - 14, "5 of 14 + 5 came back");
}

/// Fault R43: smithy's client has one slot for the permit of a retry; calls at the same time took each other's.
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
