//! Calls as `tracing` shows them.

#[path = "../../../tests/include/spans.rs"]
mod spans;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Server};
use insist_ureq::insisting::{Jitter, Policy};
use insist_ureq::{Agent, Insist};
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
            "call:attempt{id=1 lane=0 retry=0 kind=\"first\" end=\"retry\" sent=Maybe}:",
            "call: waits wait=1ms reason=\"backoff\"",
            "call:attempt{id=2 lane=0 retry=1 kind=\"retry\" end=\"accept\"}:",
            "call{attempts=2 winner=2}:",
            "call:attempt{id=1 lane=0 retry=0 kind=\"first\" end=\"accept\"}:",
            "call{attempts=1 winner=1}:",
        ]
    );
}

#[test]
fn the_error_of_an_attempt_is_told() {
    let server = Server::start([Answer::reset(), Answer::ok("hello")]).unwrap();
    let lines = printed(|| drop(insist_ureq::get(server.url()).policy(Policy::zero()).call().unwrap()));
    assert!(
        lines[0].contains("end=\"retry\" error=\"io: ") || lines[0].contains("end=\"retry\" error=io: "),
        "{lines:?}"
    );
}

/// Waits for the threads of losers, which keep their spans open until they end.
fn wait_for_losers() {
    let is_there = || {
        let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return false };
        threads.flatten().any(|thread| {
            std::fs::read_to_string(thread.path().join("comm"))
                .is_ok_and(|name| name.starts_with("insist-") && name.trim() != "insist-timer")
        })
    };
    let limit = Instant::now() + Duration::from_secs(60);
    while is_there() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(1));
    }
    if cfg!(not(target_os = "linux")) {
        std::thread::sleep(Duration::from_millis(500));
    }
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
        wait_for_losers();
    });
    assert!(lines.iter().any(|line| line.contains("kind=\"hedge\" end=\"accept\"")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("kind=\"first\" end=\"lost\"")), "{lines:?}");
    assert!(*seen.lock().unwrap() >= 5);
}
