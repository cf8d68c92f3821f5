//! Calls as `tracing` shows them.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_ureq::{Agent, Insist, Jitter, Policy};
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

/// What the spans of calls are printed as when they close, and the events in them.
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
fn every_call_opens_a_span_that_tells_its_attempts() {
    let server = Server::start([Answer::status(503), Answer::ok("hello"), Answer::ok("hello")]).unwrap();
    let policy = Policy::constant(Duration::from_millis(1)).jitter(Jitter::None);
    let agent = Agent::new_with_defaults().policy(policy);
    let lines = printed(|| {
        agent.get(server.url()).call().unwrap();
        agent.get(server.url()).call().unwrap();
    });
    assert_eq!(
        lines,
        [
            "call:attempt{id=1 lane=0 retry=0 kind=\"first\" verdict=\"retry\" sent=Maybe}:",
            "call: waits wait=1ms reason=\"backoff\"",
            "call:attempt{id=2 lane=0 retry=1 kind=\"retry\" verdict=\"accept\"}:",
            "call{attempts=2 winner=2}:",
            "call:attempt{id=1 lane=0 retry=0 kind=\"first\" verdict=\"accept\"}:",
            "call{attempts=1 winner=1}:",
        ]
    );
}

#[test]
fn a_race_a_report_and_a_hook_are_told_of_beside_it() {
    let server = Server::start([Answer::never(), Answer::ok("hello")]).unwrap();
    let seen = Arc::new(Mutex::new(0));
    let noted = Arc::clone(&seen);
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20));
    let lines = printed(|| {
        let request = insist_ureq::get(server.url()).policy(policy).with_report();
        request.notify(move |_| *noted.lock().unwrap() += 1).call().unwrap();
    });
    assert!(lines.iter().any(|line| line.contains("kind=\"hedge\" verdict=\"accept\"")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("kind=\"first\" verdict=\"cancelled\"")), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("call{attempts=2 winner=2}:"));
    assert!(*seen.lock().unwrap() >= 5);
}
