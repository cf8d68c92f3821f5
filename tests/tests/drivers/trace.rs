//! Calls as `tracing` shows them: spans for a call and its attempts, events for its waits, the same from every driver.

#[path = "../../include/spans.rs"]
mod spans;

use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{Jitter, Policy, Verdict};
use insist_futures::VirtualTimer;
use insist_tests::words::ms;
use spans::printed;

const POLICY: Policy = Policy::constant(ms(1000)).jitter(Jitter::None).attempt_timeout(ms(9000));

fn work(id: u32) -> Result<u32, &'static str> {
    tracing::debug!("works");
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

#[test]
fn a_call_is_shown_the_same_by_futures_as_on_the_callers_thread_and_on_threads() {
    let by_future = printed(|| {
        let timer = VirtualTimer::new();
        let call = insist_futures::retry(&timer, POLICY, |attempt| pending_work(attempt.id));
        assert_eq!(timer.block_on(call.judge(judge).trace().call()), Ok(7));
    });
    let by_tokio = printed(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let call = insist_tokio::retry(POLICY, |attempt| pending_work(attempt.id));
        assert_eq!(runtime.block_on(async { call.judge(judge).trace().call().await }), Ok(7));
    });
    let on_this_thread = printed(|| {
        let call = insist_blocking::retry(POLICY, |attempt| work(attempt.id)).judge(judge);
        assert_eq!(call.clock(VirtualClock::new()).trace().call(), Ok(7));
    });
    let works = by_future.iter().filter(|line| line.starts_with("call:attempt{id=") && line.ends_with(": works"));
    assert_eq!(works.count(), 3, "{by_future:#?}");
    assert_eq!(by_future.len(), 9, "three attempts, their work, two waits, the call: {by_future:#?}");
    assert_eq!(by_future, by_tokio);
    assert_eq!(by_future, on_this_thread);
}

#[test]
fn the_work_of_a_race_on_threads_is_shown_in_its_attempts() {
    let policy = Policy::zero().attempts(3).attempt_timeout(ms(60_000));
    let lines = printed(|| {
        let call = insist_blocking::race(policy, |attempt| work(attempt.id));
        assert_eq!(call.trace().call(), Ok(7));
    });
    for id in 1..=3 {
        let says = |line: &&String| line.starts_with(&format!("call:attempt{{id={id} ")) && line.ends_with(": works");
        assert_eq!(lines.iter().filter(says).count(), 1, "{lines:#?}");
    }
}

#[test]
fn a_calls_attempts_waits_and_end_are_told() {
    let policy = Policy::constant(Duration::from_secs(1)).attempt_timeout(Duration::from_secs(9));
    let lines = printed(|| {
        let result = retry(&policy, |attempt| if attempt.id < 3 { Err("busy") } else { Ok(7) })
            .judge(|outcome| match outcome {
                Ok(_) => Verdict::Accept,
                Err(_) => Verdict::retry().after(Duration::from_millis(5)),
            })
            .clock(VirtualClock::new())
            .trace()
            .call();
        assert_eq!(result, Ok(7));
    });
    let attempt = |id: u32, kind: &str| format!("attempt{{id={id} lane=0 retry={} kind=\"{kind}\" timeout=9s", id - 1);
    assert_eq!(
        lines,
        [
            format!("call:{} end=\"retry\" error=busy sent=Maybe hint=5ms}}:", attempt(1, "first")),
            "call: waits wait=1.005s reason=\"backoff\"".to_owned(),
            format!("call:{} end=\"retry\" error=busy sent=Maybe hint=5ms}}:", attempt(2, "retry")),
            "call: waits wait=1.005s reason=\"backoff\"".to_owned(),
            format!("call:{} end=\"accept\"}}:", attempt(3, "retry")),
            "call{attempts=3 winner=3}:".to_owned(),
        ]
    );
}

#[test]
fn giving_up_tells_the_reason_and_a_hook_sees_the_same_beside_it() {
    let mut seen = 0;
    let lines = printed(|| {
        let result = retry(&Policy::stop(), |_| Err::<(), _>("down")).notify(|_| seen += 1).trace().call();
        assert_eq!(result, Err("down"));
    });
    assert_eq!(seen, 3, "a send, a verdict, the end");
    let [attempt, gave_up, call] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(attempt.starts_with("call:attempt{id=1 ") && attempt.ends_with(" error=down sent=Maybe}:"), "{attempt}");
    assert!(gave_up.ends_with(": gave up reason=\"backoff\" attempts=1 error=\"down\""), "{gave_up}");
    assert!(call.starts_with("call{attempts=1 reason=\"backoff\"}:"), "{call}");
}
