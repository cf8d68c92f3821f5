//! A call as `tracing` shows it: spans for the call and its attempts, events for its waits.

#[path = "../include/spans.rs"]
mod spans;

use std::time::Duration;

use insist_blocking::{Policy, Verdict, VirtualClock, retry};
use spans::printed;

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
