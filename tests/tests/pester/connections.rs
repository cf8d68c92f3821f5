//! Connections between attempts, and the body of the last response.

use insist_flaky::{Answer, Script, Server};
use insist_ureq::Insist;
use insist_ureq::insisting::{Policy, Report};

use crate::{LONG, agent, lenient, text, together};

// P15
#[test]
fn the_next_attempt_uses_the_connection_of_the_one_before() {
    let busy = Answer::status(503).body("x".repeat(10_000));
    let server = Server::start([busy.clone(), busy.chunked(), Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent(Policy::zero()).get(server.url()).call().unwrap()), "hello");
    assert_eq!((server.request_count(), server.connections()), (3, 1));
}

// P15: on purpose, a body beyond 64 KiB is not read only to keep its connection.
#[test]
fn an_unwanted_body_that_is_very_long_costs_its_connection() {
    let busy = Answer::status(503).body("x".repeat(1 << 20));
    let server = Server::start([busy, Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent(Policy::zero()).get(server.url()).call().unwrap()), "hello");
    assert_eq!(server.connections(), 2);
    assert!(server.wait_until(|seen| seen.open_connections() <= 1, LONG));
}

// #10, #11
#[test]
fn the_body_of_the_last_response_can_be_read_after_giving_up() {
    for length in [4, 100_000] {
        let body = move |number| format!("{number}").repeat(length);
        let server = Server::start(Script::each(move |_, number| Answer::status(503).body(body(number)))).unwrap();
        let mut answer = lenient(Policy::zero()).get(server.url()).with_report().call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), body(3));
        assert_eq!(answer.extensions().get::<Report>().unwrap().attempts, 3);
    }
}

// #10, #11
#[test]
fn the_body_of_a_winner_can_be_read_when_the_losers_are_gone() {
    let long = "x".repeat(1 << 20);
    let body = long.clone();
    let server = Server::start(together(3, move |path| match path {
        "/ok" => Answer::ok(body.clone()),
        _ => Answer::never(),
    }))
    .unwrap();
    let replicas = ["/1", "/ok", "/3"].map(|path| server.at(path));
    let policy = Policy::zero().lanes(3);
    let answer = agent(policy).get(&replicas[0]).replicas(&replicas).call().unwrap();
    assert!(server.wait_until(|seen| seen.disconnects() == 2, LONG));
    assert_eq!(text(answer), long);
}
