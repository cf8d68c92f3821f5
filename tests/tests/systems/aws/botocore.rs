//! botocore, AWS's SDK for Python: its retry quota, its hints, and what its rate limiter is made of.
//!
//! Rows are those of `tests/unit/retries`. Its backoffs (0.05 s to 20 s at most) are those of the preset. Its
//! tables of error codes are not here: they are in the bodies of answers, which a judge reads and insist does not.

use insist_core::{
    AdaptiveRate, Admission, AttemptEnd, Call, CancelReason, Cause, Factor, Gate, Handled, Instant, Jitter, Policy,
    Reason, RetryQuota, Settled, Shape, State, Verdict,
};
use insist_http::Rules;
use insist_http::http::StatusCode;
use insist_tests::by_hand::{cancel, sent};
use insist_tests::words::{RETRY, THROTTLED, at, gave_up, ms, sends};

use super::{Costs, available, quota as aws_quota};
use crate::draws::assert_near;
use crate::hand::{Hand, played};

const POLICY: Policy = Policy::aws().jitter(Jitter::None);

fn quota() -> RetryQuota {
    aws_quota(Costs::V2_1, 500)
}

#[track_caller]
fn left_after(quota: &RetryQuota, failure: Verdict) -> u32 {
    assert!(Hand::new(&POLICY, &quota).fail(failure).is_ok());
    available(quota, at(0))
}

/// 486.
#[test]
fn a_retry_after_another_failure_than_throttling_costs_fourteen() {
    assert_eq!(left_after(&quota(), RETRY), 486);
}

/// 14 after a timeout too, where 2.0 charges 10 instead of 5.
#[test]
fn a_retry_after_a_timeout_costs_what_its_version_says() {
    let policy = POLICY.attempts(2).attempt_timeout(ms(100));
    for (costs, left) in [(Costs::V2_1, 486), (Costs::V2_0, 490)] {
        let quota = aws_quota(costs, 500);
        assert_eq!(sends(&played(&policy, &quota, &[])).len(), 2);
        assert_eq!(available(&quota, at(0)), left);
    }
}

/// A call that is put away while it waits gives back what its retry cost, and is charged the same when it is taken up
/// again, also by another process: what the retry is for is kept with the call.
#[test]
fn a_retry_costs_the_same_after_its_call_was_put_away() {
    let policy = POLICY.attempt_timeout(ms(100));
    for (costs, failure, cost) in [
        (Costs::V2_1, Some(RETRY), 14),
        (Costs::V2_1, Some(THROTTLED), 5),
        (Costs::V2_0, Some(RETRY), 5),
        (Costs::V2_0, None, 10),
    ] {
        let quota = aws_quota(costs, 500);
        let left = |expected: u32, when: &str| {
            assert_eq!(available(&quota, at(0)), expected, "{when}, after {failure:?}, where a retry costs {costs:?}");
        };
        let mut call = Call::new(&policy, &quota, at(0), 7);
        assert_eq!(sent(call.poll(at(0))), 1);
        match failure {
            Some(failure) => _ = call.handle(at(10), 1, failure),
            None => assert_eq!(call.poll(at(100)), cancel(1, CancelReason::Timeout)),
        }
        left(500 - cost, "while it waits");
        let mut buffer = [0; State::<1>::BYTES];
        let state = call.suspend();
        left(500, "while it is put away");
        let stored: State = State::decode(state.encode(&mut buffer).expect("it fits")).expect("it was a call's");
        let mut call = Call::try_resume(&policy, &quota, at(110), stored).expect("it fits");
        left(500 - cost, "when it is taken up");
        assert_eq!(sent(call.poll(at(9000))), 2);
        assert_eq!(call.handle(at(9000), 2, Verdict::Accept), Handled::Over);
        left(500, "when it has succeeded");
    }
}

/// 495.
#[test]
fn a_retry_after_throttling_costs_five() {
    assert_eq!(left_after(&quota(), THROTTLED), 495);
}

/// 500 again, from 486 and from 495.
#[test]
fn a_success_after_a_retry_gives_back_what_it_cost() {
    for failure in [RETRY, THROTTLED] {
        let quota = quota();
        let mut hand = Hand::new(&POLICY, &quota);
        assert!(hand.fail(failure).is_ok());
        hand.succeed();
        assert_eq!(available(&quota, at(0)), 500);
    }
}

/// 486 stays 486.
#[test]
fn a_call_that_fails_for_good_gives_nothing_back() {
    let quota = quota();
    let failed = played(&POLICY.attempts(2), &quota, &[RETRY; 2]);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(available(&quota, at(0)), 486);
}

/// 487.
#[test]
fn a_first_send_that_succeeds_gives_one() {
    let quota = quota();
    assert_eq!(left_after(&quota, RETRY), 486);
    Hand::new(&POLICY, &quota).succeed();
    assert_eq!(available(&quota, at(0)), 487);
}

/// 450 stays 450.
#[test]
fn a_failure_that_is_not_retried_gives_nothing() {
    let quota = quota().holding(450);
    assert_eq!(Hand::new(&POLICY, &quota).fail(Verdict::Stop), Err(Reason::Stopped));
    assert_eq!(available(&quota, at(0)), 450);
}

/// A quota of 14 is one retry, whichever call makes it.
#[test]
fn calls_share_the_quota() {
    let quota = aws_quota(Costs::V2_1, 14);
    assert_eq!(left_after(&quota, RETRY), 0);
    assert_eq!(Hand::new(&POLICY, &quota).fail(RETRY), Err(Reason::Refused));
}

/// `x-amz-retry-after` with a backoff of 50 ms. botocore waits the longer of both, and 5.05 s at most; insist both, one
/// after the other, and cuts nothing (law 9). What is no number is no hint.
#[test]
fn a_hint_in_milliseconds_is_read_by_the_judge() {
    let judge = |text: &str| text.parse().map_or(RETRY, |millis| RETRY.after(ms(millis)));
    for (text, wait) in [("1500", 1550), ("0", 50), ("10000", 10_050), ("invalid", 50), ("-100", 50)] {
        assert_eq!(Hand::new(&POLICY, ()).fail(judge(text)), Ok(ms(wait)), "{text}");
    }
}

/// (486, 25 ms), (472, 50 ms), (458, 100 ms), and the fourth failure ends the call and costs nothing.
#[test]
fn dynamodb_makes_four_attempts() {
    let policy = POLICY.shape(Shape::Exponential { base: ms(25), factor: Factor::DOUBLE }).attempts(4);
    let quota = quota();
    let mut hand = Hand::new(&policy, &quota);
    for (left, wait) in [(486, 25), (472, 50), (458, 100)] {
        assert_eq!(hand.fail(RETRY), Ok(ms(wait)));
        assert_eq!(available(&quota, at(0)), left);
    }
    assert_eq!(hand.fail(RETRY), Err(Reason::Attempts));
    assert_eq!(available(&quota, at(0)), 458);
}

/// MaxAttempts(3).
#[test]
fn three_attempts_are_three_sends() {
    let mut hand = Hand::new(&POLICY, ());
    assert!(hand.fail(RETRY).is_ok());
    assert!(hand.fail(RETRY).is_ok());
    assert_eq!(hand.fail(RETRY), Err(Reason::Attempts));
}

/// 500, 502, 503 and 504 are transient; 200 and 400 are not retried. insist retries 408, 425 and 429 as well, and so asks
/// for 509, which only AWS uses, by name.
#[test]
fn transient_statuses_are_retried() {
    let rules = Rules::new().retry_status(509);
    let is_retried = |status: u16| rules.is_retried(StatusCode::from_u16(status).unwrap());
    assert!([500, 502, 503, 504, 509].into_iter().all(is_retried));
    assert!(![200, 400, 403].into_iter().any(is_retried));
}

/// Returns what is measured of answers at these instants.
#[track_caller]
fn clock(seconds: impl IntoIterator<Item = f64>) -> f64 {
    let rate = AdaptiveRate::new();
    for second in seconds {
        let now = Instant::from_nanos((second * 1e9) as u64);
        rate.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, now));
    }
    rate.state().measured
}

/// One record at 1 s: 0.8 a second.
#[test]
fn a_measured_rate_is_smoothed() {
    assert_eq!(clock([]), 0.0);
    assert_eq!(clock([1.0]), 0.8);
}

#[test]
fn a_constant_rate_is_measured() {
    assert_near(clock((1..=20).map(f64::from)), 1.0, 1e-9);
}

#[test]
fn a_pause_lowers_the_measured_rate() {
    let busy = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0];
    let rate = clock(busy);
    assert!((1.99..=2.0).contains(&rate), "{rate}");
    let paused = clock(busy.into_iter().chain([14.0]));
    assert!((0.1..rate).contains(&paused), "{paused}");
}

#[test]
fn records_of_one_instant_divide_by_nothing() {
    let rate = clock([1.0, 1.0, 1.0, 2.0, 3.0]);
    assert!(rate >= 1.0 && rate.is_finite(), "{rate}");
}

/// Five in the first half second, and one at 0.5 s: 12 a second, smoothed to 9.6.
#[test]
fn records_count_in_half_seconds() {
    let first = [0.1, 0.2, 0.3, 0.4, 0.49];
    assert_eq!(clock(first), 0.0);
    assert_near(clock(first.into_iter().chain([0.5])), 9.6, 1e-9);
}

/// Throttled at once, it is 0.5 a second, and there is room for one. botocore's own test sets 0.2 as the least rate.
#[test]
fn the_rate_and_the_room_have_a_least() {
    let end = AttemptEnd::from(THROTTLED);
    for (limiter, least) in [(AdaptiveRate::new(), 0.5), (AdaptiveRate::new().least(0.2), 0.2)] {
        limiter.settle(at(0), &Cause::FIRST, &Settled::Ended(end, at(0)));
        assert_eq!(limiter.state().rate, least);
        assert_eq!(limiter.admit(at(100_000), &Cause::FIRST), Admission::Yes);
        assert_eq!(limiter.state().left, 0.0);
    }
}

/// 20 measured, and the curve far above: 40.
#[test]
fn the_rate_is_at_most_twice_what_is_measured() {
    let limiter = AdaptiveRate::new();
    for index in 0..=200 {
        let now = Instant::from_nanos(index * 50_000_000);
        limiter.settle(now, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, now));
    }
    assert_near(limiter.state().measured, 20.0, 0.01);
    assert_eq!(limiter.state().rate, 2.0 * limiter.state().measured);
}

/// A limiter that was never throttled lets everything through; one throttling later it does not.
#[test]
fn the_limiter_begins_with_the_first_throttling() {
    let limiter = AdaptiveRate::new();
    let policy = POLICY.attempts(1);
    for _ in 0..100 {
        assert_eq!(sends(&played(&policy, &limiter, &[RETRY])), [at(0)]);
    }
    assert_eq!(sends(&played(&policy, &limiter, &[THROTTLED])), [at(0)]);
    assert_eq!(sends(&played(&policy, &limiter, &[Verdict::Accept])), [at(2000)]);
}
