//! Calls as `tracing` shows them.

#[path = "../../../tests/include/spans.rs"]
mod spans;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_ureq::{Agent, Insist, Jitter, Policy};
use spans::printed;

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
