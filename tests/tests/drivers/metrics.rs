//! Calls as `metrics` counts and times them, the same from every driver.

#[path = "../../include/recorded.rs"]
mod recorded;

use insist_blocking::VirtualClock;
use insist_core::{Jitter, Policy, Verdict};
use insist_futures::VirtualTimer;
use insist_tests::words::ms;
use recorded::{of, recorded};

const POLICY: Policy = Policy::constant(ms(1000)).jitter(Jitter::None).attempt_timeout(ms(9000));

fn work(id: u32) -> Result<u32, &'static str> {
    if id < 3 { Err("busy") } else { Ok(7) }
}

/// The work of an attempt that is polled more than once.
async fn pending_work(id: u32) -> Result<u32, &'static str> {
    futures_lite::future::yield_now().await;
    work(id)
}

fn judge(outcome: &Result<u32, &str>) -> Verdict {
    match outcome {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::retry().after(ms(5)),
    }
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn a_call_is_counted_the_same_by_futures_as_on_the_callers_thread() {
    let by_future = recorded(|| {
        let timer = VirtualTimer::new();
        let call = insist_futures::retry(&timer, POLICY, |attempt| pending_work(attempt.id));
        assert_eq!(timer.block_on(call.judge(judge).metrics_as("price").call()), Ok(7));
    });
    let by_tokio = recorded(|| {
        let call = insist_tokio::retry(POLICY, |attempt| pending_work(attempt.id));
        assert_eq!(paused().block_on(async { call.judge(judge).metrics_as("price").call().await }), Ok(7));
    });
    let on_this_thread = recorded(|| {
        let call = insist_blocking::retry(POLICY, |attempt| work(attempt.id)).judge(judge);
        assert_eq!(call.clock(VirtualClock::new()).metrics_as("price").call(), Ok(7));
    });
    assert_eq!(of(&by_future, "wait_duration_seconds call=\"price\" reason=\"backoff\""), ["1.005s 1.005s"]);
    assert_eq!(of(&by_future, "call_duration_seconds call=\"price\" result=\"returned\""), ["2.01s"]);
    assert_eq!(by_future.len(), 8, "{by_future:#?}");
    assert_eq!(by_future, by_tokio);
    assert_eq!(by_future, on_this_thread);
}

#[test]
fn a_race_is_counted_on_threads_as_by_futures() {
    let policy = Policy::zero().attempts(3).attempt_timeout(ms(60_000));
    let counts = |lines: &[String]| lines.iter().filter(|line| line.contains("_total")).cloned().collect::<Vec<_>>();
    let on_threads = recorded(|| {
        assert_eq!(insist_blocking::race(policy, |attempt| work(attempt.id)).metrics().call(), Ok(7));
    });
    let by_tokio = recorded(|| {
        let call = insist_tokio::race(policy, |attempt| pending_work(attempt.id)).metrics();
        assert_eq!(paused().block_on(async { call.call().await }), Ok(7));
    });
    assert_eq!(counts(&on_threads).len(), 4, "{on_threads:#?}");
    assert_eq!(counts(&on_threads), counts(&by_tokio));
}

#[test]
fn a_task_that_is_aborted_counts_its_call_as_cancelled() {
    let lines = recorded(|| {
        paused().block_on(async {
            let call = insist_tokio::retry(POLICY, |attempt| pending_work(attempt.id)).metrics();
            let task = tokio::spawn(async move { call.call().await });
            tokio::time::sleep(ms(1500)).await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
    });
    // It was in its second wait.
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"retry\" 1", "kind=\"retry\" end=\"retry\" 1"]);
    assert_eq!(of(&lines, "calls_total"), ["result=\"cancelled\" 1"]);
    assert_eq!(of(&lines, "call_duration_seconds"), [""; 0]);
}

#[test]
fn a_call_is_measured_and_traced_and_reported_at_once() {
    let lines = recorded(|| {
        let call = insist_blocking::retry(POLICY, |attempt| work(attempt.id)).clock(VirtualClock::new());
        let (result, report) = call.trace_as("price").metrics_as("price").report();
        assert_eq!((result.ok(), report.attempts), (Some(7), 3));
    });
    assert_eq!(of(&lines, "calls_total"), ["call=\"price\" result=\"returned\" 1"]);
}
