//! What is recorded of calls on the caller's thread and on others.

#![cfg(feature = "metrics")]

#[path = "../../../tests/include/recorded.rs"]
mod recorded;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use insist_blocking::{Bulkhead, Canceller, Policy, VirtualClock, race, retry};
use recorded::{of, recorded};

const SECOND: Policy = Policy::constant(Duration::from_secs(1));

fn third(id: u32) -> Result<u32, &'static str> {
    if id < 3 { Err("busy") } else { Ok(id) }
}

#[test]
fn a_call_is_recorded_with_the_times_of_its_clock() {
    let lines = recorded(|| {
        let call = retry(SECOND, |attempt| third(attempt.id)).clock(VirtualClock::new());
        assert_eq!(call.metrics_as("price").call(), Ok(3));
    });
    assert_eq!(
        lines,
        [
            "attempt_duration_seconds call=\"price\" end=\"accept\" 0s",
            "attempt_duration_seconds call=\"price\" end=\"retry\" 0s 0s",
            "attempts_total call=\"price\" kind=\"first\" end=\"retry\" 1",
            "attempts_total call=\"price\" kind=\"retry\" end=\"accept\" 1",
            "attempts_total call=\"price\" kind=\"retry\" end=\"retry\" 1",
            "call_duration_seconds call=\"price\" result=\"returned\" 2s",
            "calls_total call=\"price\" result=\"returned\" 1",
            "wait_duration_seconds call=\"price\" reason=\"backoff\" 1s 1s",
        ]
    );
}

#[test]
fn a_race_on_threads_is_recorded_on_the_callers() {
    let lines = recorded(|| {
        let winner = race(Policy::zero().lanes(2), |attempt| {
            while attempt.id == 1 && !attempt.is_cancelled() {
                thread::sleep(Duration::from_millis(1));
            }
            Ok::<_, &str>(attempt.id)
        });
        assert_eq!(winner.metrics().call(), Ok(2));
    });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"lost\" 1", "kind=\"hedge\" end=\"accept\" 1"]);
    assert_eq!(of(&lines, "call_duration_seconds result=\"returned\"").len(), 1);
}

#[test]
fn a_timeout_on_a_thread_is_an_end() {
    let lines = recorded(|| {
        let policy = Policy::zero().attempts(2).attempt_timeout(Duration::from_millis(5));
        let call = race(policy, |attempt| {
            while !attempt.is_cancelled() {
                thread::sleep(Duration::from_millis(1));
            }
            Err::<(), _>("late")
        });
        assert!(call.metrics().try_call().is_err());
    });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"timeout\" 1", "kind=\"retry\" end=\"timeout\" 1"]);
}

#[test]
fn every_finisher_counts_its_call_beside_other_hooks() {
    let mut seen = 0;
    let lines = recorded(|| {
        let call = || retry(Policy::zero(), |_| Err::<u32, _>("down"));
        _ = call().notify(|_| seen += 1).metrics().call();
        _ = call().metrics().on_retry(|_| seen += 1).try_call();
        _ = call().metrics().report();
        assert_eq!(call().metrics().fallback(|_| 7).call(), 7);
        _ = call().gate(Bulkhead::new(0)).metrics().call();
        let canceller = Canceller::new();
        canceller.cancel();
        _ = call().cancel_with(&canceller).metrics().call();
    });
    assert_eq!(of(&lines, "calls_total"), ["result=\"attempts\" 4", "result=\"cancelled\" 1", "result=\"refused\" 1"]);
    assert_eq!(of(&lines, "refusals_total"), ["refusal=\"bulkhead is full\" 1"]);
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"retry\" 4", "kind=\"retry\" end=\"retry\" 8"]);
    assert_eq!(seen, 9, "three sends, three verdicts, the end; two retries");
}

#[test]
fn a_call_whose_operation_panics_is_cancelled() {
    let lines = recorded(|| {
        let call = retry(Policy::zero(), |_| -> Result<(), &str> { panic!("a broken operation") }).metrics();
        assert!(catch_unwind(AssertUnwindSafe(|| call.call())).is_err());
    });
    assert_eq!(lines, ["attempts_total kind=\"first\" end=\"cancelled\" 1", "calls_total result=\"cancelled\" 1"]);
}

#[test]
fn without_a_recorder_no_clock_is_read_and_nothing_allocated() {
    #[derive(Debug)]
    struct Unread;
    impl insist_blocking::Clock for Unread {
        fn now(&self) -> insist_blocking::Instant {
            panic!("the clock was read")
        }
        fn sleep_until(&self, _: insist_blocking::Instant) {
            panic!("it slept")
        }
    }
    let cost = allocation_counter::measure(|| {
        let call = retry(Policy::zero(), |attempt| third(attempt.id)).clock(Unread);
        assert_eq!(call.metrics_as("price").call(), Ok(3));
    });
    assert_eq!(cost.count_total, 0);
}

#[cfg(feature = "tracing")]
#[test]
fn a_call_may_be_traced_and_measured() {
    let lines = recorded(|| {
        let call = retry(SECOND, |attempt| third(attempt.id)).clock(VirtualClock::new());
        assert_eq!(call.trace().metrics().call(), Ok(3));
    });
    assert_eq!(of(&lines, "wait_duration_seconds"), ["reason=\"backoff\" 1s 1s"]);
}
