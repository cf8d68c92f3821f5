//! What a call costs the allocator: nothing, whether it succeeds at once or is retried without waits.

use std::future::{IntoFuture, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use insist_tokio::{Budget, Policy, Verdict, race, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

/// Polls a future once, which has to be enough.
fn at_once<F: IntoFuture>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future.into_future()).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// No runtime either: no timer is started.
#[test]
fn a_first_success_allocates_nothing_and_needs_no_runtime() {
    static BUDGET: Budget = Budget::new(0.2);
    let cost = allocation_counter::measure(|| {
        let value = retry(&POLICY, |_| ready(Ok::<_, ()>(5))).when(|()| true);
        assert_eq!(at_once(value).ok(), Some(5));
        let timed = POLICY.deadline(Duration::from_secs(1)).attempt_timeout(Duration::from_millis(500));
        let value = retry(&timed, |_| ready(Ok::<_, ()>(5))).judge(|_| Verdict::Accept).gate(&BUDGET);
        assert_eq!(at_once(value).ok(), Some(5));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn neither_do_races_and_retries_without_waits() {
    let policy = Policy::zero().lanes(3).attempts(9);
    let cost = allocation_counter::measure(|| {
        let value = race(&policy, |attempt| ready(if attempt.id < 7 { Err(()) } else { Ok(attempt.id) }));
        assert_eq!(at_once(value).ok(), Some(7));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_wait_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        // Once for what tokio makes when it first sleeps.
        for expected in [None, Some(0)] {
            let call = retry(&POLICY, |attempt| ready(if attempt.id < 3 { Err(()) } else { Ok(attempt.id) }));
            let mut call = pin!(call.into_future());
            let mut context = Context::from_waker(Waker::noop());
            let cost = allocation_counter::measure(|| assert!(call.as_mut().poll(&mut context).is_pending()));
            assert!(expected.is_none_or(|expected| cost.count_total == expected), "{cost:?}");
            assert_eq!(call.await.ok(), Some(3));
        }
    });
}

/// Nor does a call that is traced where no subscriber listens, once `tracing` has noted its call sites.
#[cfg(feature = "tracing")]
#[test]
fn what_is_traced_without_a_subscriber_allocates_nothing() {
    let call = || {
        let call = retry(Policy::zero(), |attempt| ready(if attempt.id < 3 { Err("no") } else { Ok(attempt.id) }));
        assert_eq!(at_once(call.trace()).ok(), Some(3));
    };
    call();
    assert_eq!(allocation_counter::measure(call).count_total, 0);
}

/// Nor does one that is measured where no recorder is installed.
#[cfg(feature = "metrics")]
#[test]
fn what_is_measured_without_a_recorder_allocates_nothing() {
    let cost = allocation_counter::measure(|| {
        let call = retry(Policy::zero(), |attempt| ready(if attempt.id < 3 { Err("no") } else { Ok(attempt.id) }));
        assert_eq!(at_once(call.metrics_as("price")).ok(), Some(3));
    });
    assert_eq!(cost.count_total, 0);
}
