//! The faults of tokio-retry and tokio-retry2.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use insist_blocking::{VirtualClock, race, retry};
use insist_core::{Action, Decision, Event, Instant, Jitter, Policy, Reason, Verdict};
use insist_futures::VirtualTimer;
use insist_tests::words::{LONGEST, SECOND, ms, secs};
use insist_tokio::TokioTimer;
use tokio::time::{Instant as TokioInstant, sleep};

use crate::draws::{doubling, endless, first, plain};

/// Fault R18: tokio-retry 0.3 ran its action when the future was made, before anyone waited for it.
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

/// Fault R18: tokio-retry 0.3 ran its action when the future was made, before anyone polled it.
#[test]
fn a_future_that_is_not_polled_sends_nothing() {
    let (timer, policy, runs) = (VirtualTimer::new(), Policy::zero(), Cell::new(0));
    let operation = |_| {
        runs.set(runs.get() + 1);
        pending::<Result<(), ()>>()
    };
    drop(insist_futures::retry(timer.clone(), &policy, operation).try_call());
    let mut call = pin!(insist_futures::retry(timer, &policy, operation).try_call());
    assert_eq!(runs.get(), 0);
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(runs.get(), 1);
}

/// Fault R1: tokio-retry2 0.9 showed a hint to its hook and then waited as the backoff said.
#[test]
fn a_hint_is_waited_for_and_not_only_shown() {
    let policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(4);
    for (verdict, wait) in
        [(Verdict::retry().after(secs(60)), ms(60_010)), (Verdict::retry().exactly_after(secs(60)), secs(60))]
    {
        let (clock, mut ran_at) = (VirtualClock::new(), Vec::new());
        let operation = |_: &insist_blocking::LiveAttempt<'_>| {
            ran_at.push(clock.elapsed());
            Err::<(), _>("busy")
        };
        retry(&policy, operation).judge(|_: &_| verdict).clock(&clock).call().unwrap_err();
        assert_eq!(ran_at, [Duration::ZERO, wait, wait * 2, wait * 3]);
    }
}

/// Fault R2: the hook of tokio-retry2 0.9 was told the wait before, and one more after the last attempt.
#[test]
fn a_hook_is_told_each_wait_that_follows_and_none_that_does_not() {
    let (clock, mut waits) = (VirtualClock::new(), Vec::new());
    let hook = |event: &Event<'_, _, _>| {
        if let Decision::Action(Action::Wait { until: Some(until), .. }) = event.decision {
            waits.push(until.saturating_since(event.at));
        }
    };
    retry(&doubling(4), |_| Err::<(), _>("down")).notify(hook).clock(&clock).call().unwrap_err();
    assert_eq!(waits, [1, 2, 4].map(secs));
    assert_eq!(clock.elapsed(), waits.iter().sum::<Duration>());
}

/// Fault R2: the hook of tokio-retry2 0.9 was told another wait than the one that followed. R1: a hint was none.
#[test]
fn a_hook_is_told_the_wait_for_a_hint_and_it_is_kept() {
    let (timer, policy, mut told) = (VirtualTimer::new(), Policy::zero(), Vec::new());
    let call = insist_futures::retry(timer.clone(), &policy, |_| ready(Err::<(), _>("busy")))
        .judge(|_| Verdict::retry().after(secs(60)))
        .notify(|event| {
            if let insist_core::Decision::Action(insist_core::Action::Wait { until: Some(until), .. }) = event.decision
            {
                told.push(until);
            }
        });
    timer.block_on(call.try_call()).unwrap_err();
    assert_eq!(told, [60, 120].map(|seconds| Instant::from_nanos(seconds * 1_000_000_000)));
    assert_eq!(timer.elapsed(), secs(120));
}

/// Fault R3: tokio-retry2 0.9 drew one whole number for all delays; it was 0, or made each as many times too long.
#[test]
fn each_wait_is_drawn_anew() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::fraction(0.5)] {
        let drawn: BTreeSet<_> = endless(Policy::constant(SECOND).jitter(jitter)).delays(1).take(1000).collect();
        assert!(drawn.len() > 990, "{jitter:?}: {}", drawn.len());
    }
}

/// Fault R4, ihrwein/backoff #39: the time began when the strategy was made; a call later had none left.
#[test]
fn a_deadline_begins_with_its_call_and_not_with_its_policy() {
    let policy = Policy::constant(secs(2)).jitter(Jitter::None).unlimited_attempts().deadline(secs(5));
    let clock = VirtualClock::new();
    for _ in 0..3 {
        clock.advance(secs(100));
        let started = clock.elapsed();
        let gave_up = retry(&policy, |_| Err::<(), _>("down")).clock(&clock).try_call().unwrap_err();
        assert_eq!(gave_up.reason, Reason::Deadline);
        assert_eq!(gave_up.attempts, 3);
        assert_eq!(clock.elapsed() - started, secs(4));
    }
}

/// Fault R4: tokio-retry2 0.9 went by the real clock where tokio's is paused. R17: so did backoff 0.4.
#[tokio::test(start_paused = true)]
async fn a_deadline_is_kept_where_tokios_time_is_paused() {
    let policy = Policy::constant(SECOND).jitter(Jitter::None).unlimited_attempts().deadline(secs(5));
    sleep(secs(100)).await;
    let started = TokioInstant::now();
    let gave_up = insist_tokio::retry(&policy, |_| ready(Err::<(), _>("down"))).await.unwrap_err();
    assert_eq!(gave_up.reason, Reason::Deadline);
    assert_eq!(gave_up.attempts, 5);
    assert!((secs(4)..secs(5)).contains(&started.elapsed()), "{:?}", started.elapsed());
}

/// Fault R19: tokio-retry and tokio-retry2 add the delay to the time of day, and panic if it is the longest there is.
#[test]
fn a_wait_that_no_clock_can_show_ends_the_call() {
    let policy = Policy::constant(Duration::MAX).jitter(Jitter::None);
    let gave_up = retry(&policy, |_| Err::<(), _>("down")).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Backoff);
    assert_eq!(gave_up.attempts, 1);
    assert_eq!(gave_up.last, Some(Err("down")));
    let gave_up = race(&policy.lanes(2), |_| Err::<(), _>("down")).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Backoff);
    assert_eq!(gave_up.attempts, 2);

    let hinted = Policy::zero().hint_limit(Duration::MAX);
    let judged = retry(&hinted, |_| Err::<(), _>("down")).judge(|_: &_| Verdict::retry().after(Duration::MAX));
    let gave_up = judged.try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::RetryAfter);
    assert_eq!(gave_up.attempts, 1);
    assert_eq!(gave_up.hint, Some(LONGEST));
}

/// Fault R19: tokio-retry and tokio-retry2 add the delay to tokio's now, and panic if it is the longest there is.
#[tokio::test(start_paused = true)]
async fn no_span_is_too_long_for_tokios_clock() {
    let longest = Policy::constant(Duration::MAX).jitter(Jitter::None);
    let gave_up = insist_tokio::retry(&longest, |_| ready(Err::<(), _>("down"))).await.unwrap_err();
    assert_eq!(gave_up.reason, Reason::Backoff);
    assert_eq!(gave_up.attempts, 1);

    let timed = Policy::zero().attempt_timeout(Duration::MAX).deadline(Duration::MAX);
    let value = insist_tokio::retry(&timed, |_| async {
        sleep(SECOND).await;
        Ok::<_, ()>("slow")
    });
    assert_eq!(value.await.unwrap(), "slow");

    use insist_tokio::Timer;
    for nanos in [u64::MAX, u64::MAX - 1, u64::MAX / 2] {
        let mut asleep = pin!(TokioTimer.sleep_until(Instant::from_nanos(nanos)));
        assert!(asleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

/// Fault R20, djc/tokio-retry #22: its base was raised to a power, so that 100 ms were followed by 10 s and 1 ms by 1
/// ms.
#[test]
fn a_factor_multiplies_each_wait() {
    assert_eq!(first(&plain(Policy::exponential(ms(100)))), [100, 200, 400, 800].map(ms));
    assert_eq!(first(&plain(Policy::exponential(ms(50)))), [50, 100, 200, 400].map(ms));
    assert_eq!(first(&plain(Policy::exponential(ms(1)))), [1, 2, 4, 8].map(ms));
}
