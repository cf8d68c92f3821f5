//! How often an operation is sent, when first, and how the sends are numbered.

use std::cell::RefCell;

use insist_blocking::{Clock, VirtualClock, race, retry};
use insist_core::{AtEnd, Jitter, List, Policy, PolicyError, RetryContext, play};

use crate::{failing, ms, secs, sent_at};

/// R18: tokio-retry 0.3 ran its action when the future was made, before anyone waited for it.
#[test]
fn a_call_that_is_only_made_sends_nothing() {
    let mut runs = 0;
    drop(retry(&Policy::zero(), |_| {
        runs += 1;
        Err::<(), _>("sent")
    }));
    assert_eq!(runs, 0);
    drop(race(&Policy::zero().lanes(2), |_| -> Result<(), ()> { panic!("was sent") }));
}

/// R16: backoff 0.4 ran the next operation first and then waited for its delay.
#[test]
fn an_operation_does_not_run_before_its_wait_is_over() {
    let policy = Policy::list(List::new(&[secs(10), secs(15)]), AtEnd::Stop).jitter(Jitter::None);
    let (clock, mut ran_at) = (VirtualClock::new(), Vec::new());
    let result = retry(&policy, |_| {
        ran_at.push(clock.elapsed());
        Err::<(), _>("down")
    });
    assert_eq!(result.clock(&clock).call(), Err("down"));
    assert_eq!(ran_at, [0, 10, 25].map(secs));
}

/// cenkalti/backoff #80: the 0 of a limit was no limit in one release and no retry in another.
#[test]
fn no_number_of_attempts_stands_for_another() {
    assert_eq!(Policy::zero().attempts(0).validate(), Err(PolicyError::NoAttempts));
    assert_eq!(Policy::zero().lane_attempts(0).validate(), Err(PolicyError::NoLaneAttempts));
    assert_eq!(Policy::zero().unlimited_attempts().validate(), Err(PolicyError::Endless));
    for attempts in [1, 2, 7] {
        let timeline = play(&Policy::zero().attempts(attempts), 1, &failing(10, ms(1)));
        assert_eq!(sent_at(&timeline).len(), attempts as usize);
    }
}

/// O1: gRPC makes 5 attempts of a greater number, and does not say so.
#[test]
fn a_hundred_attempts_are_a_hundred_sends() {
    for policy in [Policy::grpc(), Policy::aws(), Policy::default()] {
        let timeline = play(&policy.attempts(100), 1, &failing(100, ms(1)));
        assert_eq!(sent_at(&timeline).len(), 100);
    }
    let hedges = Policy::grpc_hedging().lanes(100).attempts(100).hedge_after(ms(10));
    assert_eq!(sent_at(&play(&hedges, 1, &failing(100, secs(10)))).len(), 100);
}

/// O2: resilience4j counts from 1 in one place and from 0 in another.
#[test]
fn the_first_send_is_attempt_1_and_the_wait_after_it_is_that_of_retry_1() {
    let waits = RefCell::new(Vec::new());
    let policy = Policy::new(|retry: RetryContext| {
        waits.borrow_mut().push(retry.number);
        Some(ms(1))
    })
    .attempts(4);
    let (clock, mut seen) = (VirtualClock::new(), Vec::new());
    let result = retry(&policy, |attempt| {
        seen.push((attempt.id, attempt.retry));
        Err::<(), _>("down")
    });
    assert_eq!(result.clock(&clock).call(), Err("down"));
    assert_eq!(seen, [(1, 0), (2, 1), (3, 2), (4, 3)]);
    assert_eq!(waits.into_inner(), [1, 2, 3]);
    assert!(clock.now() > insist_core::Instant::ZERO);
}
