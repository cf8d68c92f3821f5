//! What is recorded of calls.

#[path = "../../../tests/include/recorded.rs"]
mod recorded;

use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_ureq::insisting::{Budget, Jitter, Policy};
use insist_ureq::{Agent, Insist};
use recorded::{of, recorded};

#[test]
fn every_call_is_counted_with_its_attempts_and_waits() {
    let server = Server::start([Answer::status(503), Answer::ok("hello"), Answer::ok("hello")]).unwrap();
    let policy = Policy::constant(Duration::from_millis(1)).jitter(Jitter::None);
    let agent = Agent::new_with_defaults().policy(policy);
    let lines = recorded(|| {
        agent.get(server.url()).call().unwrap();
        agent.get(server.url()).call().unwrap();
    });
    assert_eq!(
        of(&lines, "attempts_total"),
        ["kind=\"first\" end=\"accept\" 1", "kind=\"first\" end=\"retry\" 1", "kind=\"retry\" end=\"accept\" 1"]
    );
    assert_eq!(of(&lines, "calls_total"), ["result=\"returned\" 2"]);
    assert_eq!(of(&lines, "wait_duration_seconds reason=\"backoff\"").len(), 1);
}

#[test]
fn an_agents_calls_have_its_name_and_a_request_may_have_another() {
    let server = Server::start([Answer::ok("hello"), Answer::ok("hello")]).unwrap();
    let agent = Agent::new_with_defaults().metrics_as("shop");
    let lines = recorded(|| {
        agent.get(server.url()).call().unwrap();
        agent.get(server.url()).metrics_as("price").call().unwrap();
    });
    assert_eq!(
        of(&lines, "calls_total"),
        ["call=\"price\" result=\"returned\" 1", "call=\"shop\" result=\"returned\" 1"]
    );
    let is_named = |line: &String| line.contains(" call=\"shop\" ") || line.contains(" call=\"price\" ");
    assert!(lines.iter().all(is_named), "{lines:#?}");
}

#[test]
fn a_race_with_a_report_and_a_hook_is_counted_beside_them() {
    let server = Server::start([Answer::never(), Answer::ok("hello")]).unwrap();
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20));
    let lines = recorded(|| {
        insist_ureq::get(server.url()).policy(policy).with_report().notify(|_| ()).call().unwrap();
    });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"lost\" 1", "kind=\"hedge\" end=\"accept\" 1"]);
}

#[test]
fn a_gate_that_refuses_is_told_by_its_words_and_nothing_of_the_address_is() {
    let server = Server::start([Answer::status(503)]).unwrap();
    let url = format!("{}/secret?token=7", server.url());
    let budget = Budget::new(0.1).with_reserve(0);
    let lines = recorded(|| {
        let answer = insist_ureq::get(&url).policy(Policy::zero()).gate(budget).call();
        assert!(answer.is_err());
    });
    assert_eq!(of(&lines, "refusals_total"), ["refusal=\"budget is used up\" 1"]);
    assert!(!lines.iter().any(|line| line.contains("secret") || line.contains("127.0.0.1")), "{lines:#?}");
}
