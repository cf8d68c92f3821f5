//! Timeouts and deadlines, those of ureq among them.

use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::insisting::{AttemptEnd, Policy, Reason, ReportSlot};
use insist_ureq::{Agent, Error, Insist, Timeout};

use crate::{POLICY, SOON, agent, busy, text};

#[test]
fn an_attempt_that_takes_too_long_is_retried_and_its_error_is_ureqs() {
    let server = Server::start([Answer::never(), Answer::ok("hello"), Answer::never()]).unwrap();
    let policy = POLICY.attempt_timeout(Duration::from_millis(30));
    assert_eq!(text(agent().policy(policy).get(server.url()).call().unwrap()), "hello");
    let slot = ReportSlot::new();
    let result = agent().policy(policy).get(server.url()).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
    assert_eq!(server.request_count(), 5);
    let report = slot.take().unwrap();
    let timeouts = report.log.entries().iter().map(|entry| entry.detail.as_ref().unwrap().timeout);
    assert_eq!(timeouts.collect::<Vec<_>>(), [Some(Timeout::PerCall); 3]);
    assert!(report.log.entries().iter().all(|entry| matches!(entry.end, Some(AttemptEnd::Retry(_)))), "{report}");
}

#[test]
fn an_attempt_timeout_ends_at_the_head_and_spans_redirects() {
    let slow = Answer::ok("0123456789").trickle(1, Duration::from_millis(10));
    let hop = |to: &str| Answer::status(302).header("Location", to).after(Duration::from_millis(30));
    let server = Server::start(
        Script::paths().path("/slow", slow).path("/1", hop("/2")).path("/2", hop("/3")).path("/3", hop("/slow")),
    )
    .unwrap();
    let agent = agent().policy(POLICY.attempts(1).attempt_timeout(Duration::from_millis(50)));
    assert_eq!(text(agent.get(server.at("/slow")).call().unwrap()), "0123456789");
    let result = agent.get(server.at("/1")).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
}

#[test]
fn a_deadline_and_the_users_timeout_bound_the_whole_call() {
    let server = Server::start(Script::paths().path("/busy", busy()).path("/never", Answer::never())).unwrap();
    let endless = Policy::constant(SOON).unlimited_attempts().lane_attempts(1_000_000);
    let limit = Duration::from_millis(80);

    let slot = ReportSlot::new();
    let request = agent().get(server.at("/busy")).policy(endless).report_to(&slot);
    let started = Instant::now();
    let result = request.config().timeout_global(Some(limit)).build().call();
    // It ended in a wait, or in an attempt.
    assert!(matches!(result, Err(Error::StatusCode(503) | Error::Timeout(Timeout::Global))), "{result:?}");
    assert_eq!(slot.take().unwrap().reason, Some(Reason::Deadline));
    assert!(started.elapsed() < Duration::from_secs(30));

    for agent in [
        agent().policy(endless.deadline(limit)),
        Agent::config_builder().timeout_global(Some(limit)).policy(endless).build().into(),
    ] {
        let result = agent.get(server.at("/never")).report_to(&slot).call();
        assert!(matches!(result, Err(Error::Timeout(Timeout::Global))), "{result:?}");
        let report = slot.take().unwrap();
        assert_eq!(report.log.entries()[0].detail.as_ref().unwrap().timeout, Some(Timeout::Global));
    }
    assert_eq!(server.hits("/never"), 2);

    let zero = agent().get(server.url()).config().timeout_global(Some(Duration::ZERO)).build().call();
    assert!(matches!(zero, Err(Error::Timeout(Timeout::Global))), "{zero:?}");
}

#[test]
fn a_deadline_bounds_the_reading_of_the_body_too() {
    let server = Server::start([busy(), Answer::ok("hello").stall_at(2)]).unwrap();
    let policy = POLICY.deadline(Duration::from_millis(100));
    let mut answer = agent().policy(policy).get(server.url()).call().unwrap();
    let result = answer.body_mut().read_to_string();
    assert!(matches!(result, Err(Error::Timeout(Timeout::Global))), "{result:?}");
}
