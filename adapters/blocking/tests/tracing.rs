//! What `tracing` shows of calls: what operations say is in the spans of their attempts, on threads too.

#![cfg(feature = "tracing")]

#[path = "../../../tests/include/spans.rs"]
mod spans;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use insist_blocking::{Bulkhead, Canceller, Policy, Tracing, VirtualClock, race, retry};
use spans::printed_with_levels as printed;
use tracing::level_filters::LevelFilter;

const DEBUG: LevelFilter = LevelFilter::DEBUG;

#[test]
fn a_call_is_a_span_in_that_of_its_caller_and_its_attempts_are_entered_while_they_run() {
    let lines = printed(DEBUG, |_| {
        let _page = tracing::info_span!("page").entered();
        let result = retry(Policy::constant(Duration::from_secs(1)), |attempt| {
            tracing::info!("asks");
            if attempt.id < 2 { Err("busy") } else { Ok(7) }
        })
        .clock(VirtualClock::new())
        .trace_as("price")
        .call();
        assert_eq!(result, Ok(7));
    });
    let call = "page:call{name=\"price\" otel.name=\"price\"";
    assert_eq!(
        lines,
        [
            format!("INFO {call}}}:attempt{{id=1 lane=0 retry=0 kind=\"first\"}}: asks"),
            format!(
                "DEBUG {call}}}:attempt{{id=1 lane=0 retry=0 kind=\"first\" end=\"retry\" error=busy sent=Maybe}}:"
            ),
            format!("DEBUG {call}}}: waits wait=1s reason=\"backoff\""),
            format!("INFO {call}}}:attempt{{id=2 lane=0 retry=1 kind=\"retry\"}}: asks"),
            format!("DEBUG {call}}}:attempt{{id=2 lane=0 retry=1 kind=\"retry\" end=\"accept\"}}:"),
            format!("DEBUG {call} attempts=2 winner=2}}:"),
            "INFO page:".to_owned(),
        ]
    );
}

#[test]
fn what_attempts_say_on_their_threads_is_in_their_spans_and_losers_are_told_apart() {
    let lines = printed(DEBUG, |lines| {
        let both = Barrier::new(2);
        let winner = race(Policy::zero().lanes(2), move |attempt| {
            assert_ne!(thread::current().name(), Some("main"));
            tracing::info!("asks {}", attempt.id);
            both.wait();
            while attempt.id == 1 && !attempt.is_cancelled() {
                thread::sleep(Duration::from_millis(1));
            }
            Ok::<_, &str>(attempt.id)
        })
        .trace()
        .call();
        assert_eq!(winner, Ok(2));
        // Its span ends when its thread does.
        lines.wait_for("end=\"lost\"");
    });
    for id in [1, 2] {
        let says = |line: &&String| line.starts_with(&format!("INFO call:attempt{{id={id} "));
        assert!(lines.iter().find(says).is_some_and(|line| line.ends_with(&format!("asks {id}"))), "{lines:#?}");
    }
    assert!(lines.iter().any(|line| line.contains("id=1 ") && line.contains("end=\"lost\"")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("id=2 ") && line.contains("end=\"accept\"")), "{lines:#?}");
}

#[test]
fn a_race_on_threads_is_in_the_callers_span_though_it_is_not_traced() {
    let lines = printed(LevelFilter::INFO, |_| {
        let _page = tracing::info_span!("page").entered();
        let policy = Policy::zero().attempts(1).deadline(Duration::from_secs(60));
        race(policy, |_| {
            tracing::info!("asks");
            Ok::<_, &str>(())
        })
        .call()
        .unwrap();
    });
    assert_eq!(lines, ["INFO page: asks", "INFO page:"]);
}

#[test]
fn giving_up_is_a_warning_beside_the_hook_and_in_a_report_too() {
    let mut seen = 0;
    let lines = printed(LevelFilter::INFO, |_| {
        let call = || retry(Policy::zero(), |_| Err::<(), _>("down"));
        _ = call().notify(|_| seen += 1).trace().call();
        _ = call().trace().report();
        _ = call().gate(Bulkhead::new(0)).trace().call();
        let canceller = Canceller::new();
        canceller.cancel();
        _ = call().cancel_with(&canceller).trace().call();
    });
    let down = "WARN gave up reason=\"attempts\" attempts=3 error=\"down\"";
    assert_eq!(
        lines,
        [
            down,
            down,
            "WARN gave up reason=\"refused\" refusal=\"bulkhead is full\" attempts=0",
            "WARN gave up reason=\"cancelled\" attempts=0",
        ]
    );
    assert_eq!(seen, 7, "three sends, three verdicts, the end");
}

#[test]
fn errors_that_have_no_text_are_told_how_they_are_written() {
    let lines = printed(LevelFilter::INFO, |_| {
        _ = retry(Policy::stop(), |_| Err::<(), ()>(())).notify_with(Tracing::new().debug_errors()).try_call();
    });
    assert_eq!(lines, ["WARN gave up reason=\"backoff\" attempts=1 error=\"()\""]);
}

#[test]
fn a_panic_leaves_the_spans_and_the_call_says_cancelled() {
    let lines = printed(DEBUG, |_| {
        let call = retry(Policy::zero(), |_| -> Result<(), &str> { panic!("a broken operation") }).trace();
        assert!(catch_unwind(AssertUnwindSafe(|| call.call())).is_err());
        assert!(tracing::Span::current().is_none());
    });
    assert_eq!(lines.last().map(String::as_str), Some("DEBUG call{attempts=1 reason=\"cancelled\"}:"));
}
