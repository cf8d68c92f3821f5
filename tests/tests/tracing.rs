//! A call as `tracing` shows it: spans for the call and its attempts, events for its waits.

#[path = "../include/spans.rs"]
mod spans;

use std::time::Duration;

use insist_blocking::{Jitter, Policy, Verdict, VirtualClock, retry};
use spans::printed;

#[test]
fn a_calls_attempts_waits_and_end_are_told() {
    let policy = Policy::constant(Duration::from_secs(1)).jitter(Jitter::None).attempt_timeout(Duration::from_secs(9));
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
            format!("call:{} verdict=\"retry\" sent=Maybe hint=5ms}}:", attempt(1, "first")),
            "call: waits wait=1.005s reason=\"backoff\"".to_owned(),
            format!("call:{} verdict=\"retry\" sent=Maybe hint=5ms}}:", attempt(2, "retry")),
            "call: waits wait=1.005s reason=\"backoff\"".to_owned(),
            format!("call:{} verdict=\"accept\"}}:", attempt(3, "retry")),
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
    assert_eq!(lines.last().map(String::as_str), Some("call{attempts=1 reason=\"backoff\"}:"));
}
