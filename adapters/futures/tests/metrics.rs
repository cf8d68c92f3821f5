//! What is recorded of calls that are futures, in virtual time.

#![cfg(feature = "metrics")]

#[path = "../../../tests/include/recorded.rs"]
mod recorded;

use std::future::{Future, IntoFuture, pending};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use insist_futures::{Bulkhead, Policy, VirtualTimer, race, retry, retry_local};
use recorded::{of, recorded};

const SECOND: Policy = Policy::constant(Duration::from_secs(1));

async fn third(id: u32) -> Result<u32, &'static str> {
    if id < 3 { Err("busy") } else { Ok(id) }
}

#[test]
fn a_call_is_recorded_with_the_times_of_its_timer() {
    let lines = recorded(|| {
        let timer = VirtualTimer::new();
        let call = retry(timer.clone(), SECOND, |attempt| {
            let work = timer.sleep(Duration::from_millis(250));
            async move {
                work.await;
                third(attempt.id).await
            }
        });
        assert_eq!(timer.block_on(call.metrics_as("price").call()), Ok(3));
    });
    assert_eq!(
        lines,
        [
            "attempt_duration_seconds call=\"price\" end=\"accept\" 0.25s",
            "attempt_duration_seconds call=\"price\" end=\"retry\" 0.25s 0.25s",
            "attempts_total call=\"price\" kind=\"first\" end=\"retry\" 1",
            "attempts_total call=\"price\" kind=\"retry\" end=\"accept\" 1",
            "attempts_total call=\"price\" kind=\"retry\" end=\"retry\" 1",
            "call_duration_seconds call=\"price\" result=\"returned\" 2.75s",
            "calls_total call=\"price\" result=\"returned\" 1",
            "wait_duration_seconds call=\"price\" reason=\"backoff\" 1s 1s",
        ]
    );
}

#[test]
fn a_hedge_that_wins_and_what_lost_to_it_are_told_apart() {
    let lines = recorded(|| {
        let timer = VirtualTimer::new();
        let policy = Policy::zero().lanes(2).hedge_after(Duration::from_millis(20));
        let call = race(timer.clone(), policy, |attempt| {
            let work = timer.sleep(Duration::from_millis(if attempt.id == 1 { 900 } else { 5 }));
            async move {
                work.await;
                Ok::<_, &str>(attempt.id)
            }
        });
        assert_eq!(timer.block_on(call.metrics().call()), Ok(2));
    });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"lost\" 1", "kind=\"hedge\" end=\"accept\" 1"]);
    assert_eq!(of(&lines, "attempt_duration_seconds"), ["end=\"accept\" 0.005s", "end=\"lost\" 0.025s"]);
}

#[test]
fn timeouts_and_the_deadline_are_ends() {
    let lines = recorded(|| {
        let timer = VirtualTimer::new();
        let policy = Policy::zero().attempt_timeout(Duration::from_millis(300)).deadline(Duration::from_millis(500));
        let call = retry(timer.clone(), policy, |_| pending::<Result<(), &str>>());
        assert!(timer.block_on(call.metrics().try_call()).is_err());
    });
    assert_eq!(of(&lines, "attempt_duration_seconds"), ["end=\"deadline\" 0.2s", "end=\"timeout\" 0.3s"]);
    assert_eq!(of(&lines, "call_duration_seconds"), ["result=\"deadline\" 0.5s"]);
}

#[test]
fn every_way_to_end_a_call_counts_it_beside_other_hooks() {
    let mut seen = 0;
    let lines = recorded(|| {
        let timer = VirtualTimer::new();
        let call = || retry(timer.clone(), Policy::zero(), |_| async { Err::<u32, _>("down") });
        _ = timer.block_on(call().notify(|_| seen += 1).metrics().call());
        _ = timer.block_on(call().metrics().into_future());
        _ = timer.block_on(call().metrics().report());
        assert_eq!(timer.block_on(call().metrics().fallback(|_| 7).into_future()), 7);
        _ = timer.block_on(call().gate(Bulkhead::new(0)).metrics().call());
        _ = timer.block_on(retry_local(timer.clone(), Policy::zero(), async |_| Err::<(), _>("down")).metrics().call());
    });
    assert_eq!(of(&lines, "calls_total"), ["result=\"attempts\" 5", "result=\"refused\" 1"]);
    assert_eq!(of(&lines, "refusals_total"), ["refusal=\"bulkhead is full\" 1"]);
    assert_eq!(seen, 10, "three sends, waits for their outcomes, and verdicts; the end");
}

#[test]
fn a_call_that_is_dropped_is_cancelled_with_its_attempts() {
    let lines = recorded(|| {
        let timer = VirtualTimer::new();
        let call = race(timer.clone(), Policy::zero().lanes(2), |_| pending::<Result<(), &str>>()).metrics();
        {
            let mut call = pin!(call.call());
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        // One that was never polled has not begun.
        drop(retry(timer.clone(), Policy::zero(), |_| pending::<Result<(), &str>>()).metrics().call());
    });
    assert_eq!(
        lines,
        [
            "attempts_total kind=\"first\" end=\"cancelled\" 1",
            "attempts_total kind=\"hedge\" end=\"cancelled\" 1",
            "calls_total result=\"cancelled\" 1",
        ]
    );
}

#[test]
fn without_a_recorder_nothing_is_allocated() {
    let timer = VirtualTimer::new();
    let cost = allocation_counter::measure(|| {
        let call = retry(&timer, Policy::zero(), |attempt| third(attempt.id));
        let mut call = pin!(call.metrics_as("price").call());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    assert_eq!(cost.count_total, 0);
}

#[cfg(feature = "tower")]
#[test]
fn a_layer_counts_the_call_of_each_request() {
    use insist_futures::tower::Layer;
    use tower::{Layer as _, ServiceExt, service_fn};

    let lines = recorded(|| {
        let timer = VirtualTimer::new();
        let layer = Layer::<VirtualTimer>::retry(SECOND).timer(timer.clone()).metrics_as("shop");
        let service = layer.layer(service_fn(|id: u32| third(id)));
        assert_eq!(timer.block_on(service.clone().oneshot(3)).unwrap(), 3);
        assert!(timer.block_on(service.oneshot(1)).is_err());
        let unnamed = Layer::<VirtualTimer>::retry(SECOND).timer(timer.clone()).metrics().layer(service_fn(third));
        drop(timer.block_on(unnamed.oneshot(3)));
    });
    assert_eq!(
        of(&lines, "calls_total"),
        ["call=\"shop\" result=\"attempts\" 1", "call=\"shop\" result=\"returned\" 1", "result=\"returned\" 1"]
    );
    assert_eq!(of(&lines, "wait_duration_seconds call=\"shop\""), ["reason=\"backoff\" 1s 1s"]);
}

#[cfg(feature = "tracing")]
#[test]
fn a_call_may_be_traced_and_measured() {
    let lines = recorded(|| {
        let timer = VirtualTimer::new();
        let call = retry(timer.clone(), SECOND, |attempt| third(attempt.id)).trace().metrics();
        assert_eq!(timer.block_on(call.call()), Ok(3));
    });
    assert_eq!(of(&lines, "wait_duration_seconds"), ["reason=\"backoff\" 1s 1s"]);
}
