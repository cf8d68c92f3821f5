//! Failures that are retried, and those that are handed back.

use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_ureq::http::Request;
use insist_ureq::insisting::{Reason, Report, ReportSlot, Rules, Settings};
use insist_ureq::{Agent, Error, Insist};

use crate::{POLICY, agent, busy, nobody, text};

#[test]
fn a_503_is_retried_on_the_same_connection() {
    let server = Server::start([busy(), busy(), Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent().get(server.url()).call().unwrap()), "hello");
    assert_eq!((server.request_count(), server.connections()), (3, 1));
}

#[test]
fn an_unwanted_body_that_does_not_end_costs_a_connection_and_not_the_call() {
    let slow = || busy().body("x".repeat(100)).stall_at(50);
    let server = Server::start([slow(), Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent().get(server.url()).call().unwrap()), "hello");
    assert_eq!(server.connections(), 2);
}

#[test]
fn giving_up_gives_what_ureq_gives() {
    let server = Server::start(Answer::status(503).body("busy")).unwrap();
    let result = agent().get(server.url()).call();
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");

    let result = agent().get(server.url()).config().http_status_as_error(false).build().call();
    let answer = result.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(text(answer), "busy");

    let lenient: Agent = Agent::config_builder().http_status_as_error(false).policy(POLICY).build().into();
    assert_eq!(text(lenient.get(server.url()).call().unwrap()), "busy");
    let strict = lenient.get(server.url()).config().http_status_as_error(true).build().call();
    assert!(matches!(strict, Err(Error::StatusCode(503))), "{strict:?}");
    assert_eq!(server.request_count(), 12);
}

#[test]
fn a_post_is_repeated_only_if_it_was_not_sent_unless_it_is_said_to_be_repeatable() {
    let server = Server::start(Answer::status(500)).unwrap();
    agent().post(server.url()).send("x").unwrap_err();
    assert_eq!(server.request_count(), 1);
    agent().post(server.url()).repeatable().send("x").unwrap_err();
    assert_eq!(server.request_count(), 4);
    agent().post(server.url()).header("Idempotency-Key", "7").send("x").unwrap_err();
    assert_eq!(server.request_count(), 7);
    assert!(server.requests().iter().all(|request| request.body == b"x"));

    let slot = ReportSlot::new();
    let result = agent().post(nobody()).report_to(&slot).send("x");
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(slot.take().unwrap().attempts, 3);
}

#[test]
fn a_reset_is_retried_for_a_get_and_not_for_a_post() {
    let server = Server::start([Answer::reset(), Answer::close(), Answer::ok("hello"), Answer::reset()]).unwrap();
    assert_eq!(text(agent().get(server.url()).call().unwrap()), "hello");
    assert!(matches!(agent().post(server.url()).send("x"), Err(Error::Io(_))));
    assert_eq!(server.request_count(), 4);
}

#[test]
fn a_404_is_retried_by_rules_that_say_so() {
    let server = Server::start([Answer::status(404), Answer::ok("there"), Answer::status(404)]).unwrap();
    let eventually = Settings::new().rules(Rules::new().retry_status(404));
    assert_eq!(text(agent().get(server.url()).insist(&eventually).call().unwrap()), "there");
    assert!(matches!(agent().get(server.url()).call(), Err(Error::StatusCode(404))));
    assert_eq!(server.request_count(), 3);
}

#[test]
fn a_retry_after_beyond_the_limit_ends_the_call_and_is_told() {
    let server = Server::start(Answer::status(503).header("Retry-After", "100")).unwrap();
    let slot = ReportSlot::new();
    let policy = POLICY.hint_limit(Duration::from_secs(99));
    let result = agent().get(server.url()).policy(policy).report_to(&slot).call();
    assert!(matches!(result, Err(Error::StatusCode(503))));
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason), (1, Some(Reason::RetryAfter)));
    assert_eq!(report.hint, Some(Duration::from_secs(100)));
}

#[test]
fn a_body_cut_short_is_retried_if_an_attempt_includes_it() {
    let torn = || Answer::ok("a whole text").cut_at(3);
    let server = Server::start([torn(), torn().chunked(), Answer::ok("a whole text"), torn()]).unwrap();
    let answer = agent().get(server.url()).whole_body(100).call().unwrap();
    assert_eq!(text(answer), "a whole text");
    assert_eq!(server.request_count(), 3);

    let mut answer = agent().get(server.url()).call().unwrap();
    assert!(answer.body_mut().read_to_string().is_err(), "accepted at its head");
    let mut answer = agent().get(server.url()).whole_body(5).call().unwrap();
    assert!(answer.body_mut().read_to_string().is_err(), "it is longer than the limit");
    let result = agent().get(server.url()).whole_body(100).call();
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(server.request_count(), 8);
}

#[test]
fn replicas_take_turns() {
    let server =
        Server::start(Script::paths().path("/ok", Answer::ok("hello")).otherwise(Answer::status(503))).unwrap();
    let replicas = [server.at("/1"), server.at("/2?x=y"), server.at("/ok")];
    let answer = agent().get(&replicas[0]).replicas(&replicas).with_report().call().unwrap();
    let report = answer.extensions().get::<Report>().unwrap();
    let targets: Vec<_> = report.log.entries().iter().map(|entry| &entry.detail.as_ref().unwrap().target).collect();
    assert_eq!(targets, replicas.iter().collect::<Vec<_>>());
    assert_eq!(server.hits("/2?x=y"), 1);

    let result = agent().get(&replicas[0]).replicas(["http://ok/", "not an address"]).call();
    let Err(Error::BadUri(problem)) = result else { panic!("{result:?}") };
    assert_eq!(problem, "replica 2 is not an address: invalid uri character");
}

#[test]
fn a_method_that_is_not_standard_insists_where_it_is_allowed() {
    let server = Server::start([busy(), busy(), Answer::ok("hello")]).unwrap();
    let purge = || Request::builder().method("PURGE").uri(server.url()).body(()).unwrap();
    let result = agent().run(purge().repeatable());
    assert!(matches!(result, Err(Error::Protocol(_))), "{result:?}");
    assert_eq!(server.request_count(), 0);

    let agent = Agent::config_builder().allow_non_standard_methods(true).policy(POLICY).build().new_agent();
    assert_eq!(text(agent.run(purge().repeatable()).unwrap()), "hello");
    assert_eq!(server.request_count(), 3);

    let own = agent.configure_request(purge().repeatable()).https_only(true).build();
    assert!(matches!(agent.run(own), Err(Error::RequireHttpsOnly(_))));
}
