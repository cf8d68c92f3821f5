//! Every interleaving of threads that share a rate limit, or a retry quota.

use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Cause, Instant};
use insist_loom::{Gate, RateLimit, RetryQuota, Settled};
use loom::sync::Arc;
use loom::thread;

const AGAIN: Cause = Cause::retry(AttemptEnd::Retry(insist_core::Failure::new()));

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Every word is used once before threads start.
fn shared<G: Gate + std::fmt::Debug>(gate: G) -> Arc<G> {
    let _ = format!("{gate:?}");
    Arc::new(gate)
}

#[test]
fn two_threads_share_the_last_turn_of_a_rate_limit() {
    loom::model(|| {
        let limit = shared(RateLimit::new(10, Duration::from_secs(1)).burst(2));
        assert_eq!(limit.admit(at(0), &Cause::FIRST), Admission::Yes);
        let other = Arc::clone(&limit);
        let thread = thread::spawn(move || other.admit(at(0), &Cause::FIRST) == Admission::Yes);
        let mine = limit.admit(at(0), &Cause::FIRST) == Admission::Yes;
        assert_ne!(mine, thread.join().unwrap(), "one of them has it");
        assert_eq!(limit.state(at(0)).left, 0);
    });
}

#[test]
fn a_turn_that_is_given_back_is_not_lost() {
    loom::model(|| {
        let limit = shared(RateLimit::new(10, Duration::from_secs(1)).burst(2));
        let other = Arc::clone(&limit);
        let thread = thread::spawn(move || {
            assert_eq!(other.admit(at(0), &Cause::FIRST), Admission::Yes);
            other.settle(at(0), &Cause::FIRST, &Settled::Unsent(at(0)));
        });
        assert_eq!(limit.admit(at(0), &Cause::FIRST), Admission::Yes);
        thread.join().unwrap();
        assert_eq!(limit.state(at(0)).left, 1);
    });
}

#[test]
fn two_threads_share_the_last_tokens_of_a_quota() {
    loom::model(|| {
        let quota = shared(RetryQuota::new(9));
        let other = Arc::clone(&quota);
        let thread = thread::spawn(move || other.reserve(at(0), &AGAIN).is_ok());
        let mine = quota.reserve(at(0), &AGAIN).is_ok();
        assert_ne!(mine, thread.join().unwrap(), "one of them has them");
        assert_eq!(quota.state(at(0)).tokens, 4.0);
    });
}

/// A thread that meets another's refill may find less than there is, and never more.
#[test]
fn tokens_that_come_back_come_back_once() {
    loom::model(|| {
        let quota = shared(RetryQuota::new(10).holding(0).refill(5.0));
        let other = Arc::clone(&quota);
        let thread = thread::spawn(move || other.reserve(at(1000), &AGAIN).is_ok());
        let mine = quota.reserve(at(1000), &AGAIN).is_ok();
        let both = [mine, thread.join().unwrap()];
        assert_ne!(both, [true, true]);
        let left = if both == [false, false] { 5.0 } else { 0.0 };
        assert_eq!(quota.state(at(1000)).tokens, left);
    });
}
