//! A call as `tracing` shows it: spans for the call and its attempts, events for its waits.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_blocking::{Jitter, Policy, Verdict, VirtualClock, retry};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a subscriber prints while something runs: one line for each span that closes, and for each event.
fn printed(run: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = subscriber.set_default();
    run();
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    // How long a span was open is real time, and printed last.
    text.lines().map(|line| line.split(" close").next().unwrap().to_owned()).collect()
}

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
