//! What a call adds to its requests, and what the gates hear of answers.

use std::sync::Arc;
use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_ureq::http::HeaderName;
use insist_ureq::insisting::{Breaker, Instant, Policy, Rules};
use insist_ureq::{Agent, Insist};

const POLICY: Policy = Policy::constant(Duration::from_millis(1)).attempts(3);

fn agent() -> Agent {
    Agent::new_with_defaults().policy(POLICY)
}

fn sent(server: &Server, name: &str) -> Vec<String> {
    server.requests().iter().map(|seen| seen.header(name).unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_call_has_one_key_in_all_of_its_attempts_and_the_next_has_another() {
    let server = Server::start([Answer::close(), Answer::status(503), Answer::ok("")]).unwrap();
    let agent = agent().idempotency_key();
    agent.post(server.url()).send("x").unwrap();
    agent.post(server.url()).send("x").unwrap();
    let keys = sent(&server, "idempotency-key");
    assert_eq!(keys.len(), 4, "a POST with a key may be repeated");
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0], keys[2]);
    assert_ne!(keys[0], keys[3]);
    assert_eq!(keys[0].len(), 36);
}

#[test]
fn a_key_of_the_request_is_kept() {
    let server = Server::start([Answer::status(503), Answer::ok("")]).unwrap();
    agent().idempotency_key().post(server.url()).header("Idempotency-Key", "mine").send("x").unwrap();
    assert_eq!(sent(&server, "idempotency-key"), ["mine", "mine"]);
}

#[test]
fn the_server_is_told_the_number_of_the_attempt_and_its_time() {
    let server = Server::start([Answer::status(503), Answer::status(503), Answer::ok("")]).unwrap();
    agent()
        .policy(POLICY.attempt_timeout(Duration::from_secs(7)).deadline(Duration::from_secs(600)))
        .attempt_header(HeaderName::from_static("x-attempt"))
        .timeout_header(HeaderName::from_static("x-timeout-ms"))
        .get(server.url())
        .call()
        .unwrap();
    assert_eq!(sent(&server, "x-attempt"), ["1", "2", "3"]);
    assert_eq!(sent(&server, "x-timeout-ms"), ["7000"; 3]);
}

#[test]
fn without_a_limit_no_time_is_told() {
    let server = Server::start(Answer::ok("")).unwrap();
    agent().timeout_header(HeaderName::from_static("x-timeout-ms")).get(server.url()).call().unwrap();
    assert_eq!(sent(&server, "x-timeout-ms"), [""]);
}

#[test]
fn an_accepted_5xx_opens_a_breaker_as_a_retried_one_does() {
    for status in [501, 521] {
        let server = Server::start(Answer::status(status)).unwrap();
        let breaker = Arc::new(Breaker::new(0.5));
        let agent = agent().rules(Rules::new().no_retry_status(521)).gate(Arc::clone(&breaker));
        for _ in 0..30 {
            let _ = agent.get(server.url()).call();
        }
        assert!(server.request_count() < 30, "{status}");
        assert!(breaker.state(Instant::now()).to_string().starts_with("open"), "{status}");
    }
}

#[test]
fn an_edge_status_is_retried() {
    let server = Server::start([Answer::status(521), Answer::status(530), Answer::ok("")]).unwrap();
    agent().get(server.url()).call().unwrap();
    assert_eq!(server.request_count(), 3);
}
