//! Calls as `tracing` shows them.

#[path = "../../../tests/include/spans.rs"]
mod spans;

use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_reqwest::insisting::{Jitter, Policy};
use insist_reqwest::{Client, Insist};
use spans::printed;

fn client(policy: Policy) -> Client {
    Client::builder().no_proxy().policy(policy).build().unwrap()
}

/// Gets an address, and returns what insist printed meanwhile, without what its client printed in between.
fn lines(policy: Policy, url: String) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = client(policy);
    let mut lines = printed(|| drop(runtime.block_on(client.get(url).send()).unwrap()));
    lines.retain(|line| line.ends_with(':') || line.starts_with("call: "));
    lines
}

#[test]
fn every_call_opens_a_span_that_tells_its_attempts() {
    let server = Server::start([Answer::status(503), Answer::ok("hello"), Answer::ok("hello")]).unwrap();
    let policy = Policy::constant(Duration::from_millis(1)).jitter(Jitter::None);
    assert_eq!(
        lines(policy, server.url()),
        [
            "call:attempt{id=1 lane=0 retry=0 kind=\"first\" end=\"retry\" sent=Maybe}:",
            "call: waits wait=1ms reason=\"backoff\"",
            "call:attempt{id=2 lane=0 retry=1 kind=\"retry\" end=\"accept\"}:",
            "call{attempts=2 winner=2}:",
        ]
    );
    let once = lines(policy, server.url());
    assert_eq!(once.last().unwrap(), "call{attempts=1 winner=1}:");
}

#[test]
fn the_error_of_an_attempt_is_told_without_its_address() {
    let server = Server::start([Answer::reset(), Answer::ok("hello")]).unwrap();
    let lines = lines(Policy::zero(), server.url());
    assert!(lines[0].contains("end=\"retry\" error="), "{lines:?}");
    assert!(!lines[0].contains("http://"), "{lines:?}");
}
