//! The body of a request that is sent more than once, connections between attempts, and what many calls leave behind:
//! nothing.

use std::sync::mpsc::channel;

use insist_blocking::race;
use insist_flaky::{Answer, Script, Server};
use insist_tests::words::{Held, LONG, NOBODY, alone, ms};
use insist_ureq::insisting::{Policy, Report};
use insist_ureq::{Insist, SendBody};

use super::{agent, lenient, text, together};

fn flaky() -> Server {
    Server::start([Answer::status(500), Answer::reset(), Answer::ok("ordered")]).unwrap()
}

fn bodies(server: &Server) -> Vec<Vec<u8>> {
    server.requests().iter().map(|request| request.body.clone()).collect()
}

/// Fault sethgrid/pester #45: the second request had none, and its server waited for it.
#[test]
fn the_body_of_a_post_is_sent_whole_each_time() {
    let order = "order ".repeat(5_000);
    let post = |server: &Server| agent(Policy::zero()).post(server.url()).header("Idempotency-Key", "7");

    let server = flaky();
    assert_eq!(text(post(&server).send(&order).unwrap()), "ordered");
    assert_eq!(bodies(&server), vec![order.as_bytes(); 3]);

    let server = flaky();
    assert_eq!(text(post(&server).send(SendBody::from_reader(&mut order.as_bytes())).unwrap()), "ordered");
    assert_eq!(bodies(&server), vec![order.as_bytes(); 3]);

    let server = flaky();
    assert_eq!(text(post(&server).send_form([("item", "a b")]).unwrap()), "ordered");
    assert_eq!(bodies(&server), vec![b"item=a+b"; 3]);
}

/// Fault sethgrid/pester #45.
#[test]
fn a_body_that_cannot_be_sent_again_is_sent_once_and_whole() {
    let long = vec![b'x'; 1 << 20];
    let server = flaky();
    let request = agent(Policy::zero()).put(server.url());
    request.send(SendBody::from_reader(&mut long.as_slice())).unwrap_err();
    assert_eq!(bodies(&server), [long]);
}

/// Fault P15.
#[test]
fn the_next_attempt_uses_the_connection_of_the_one_before() {
    let busy = Answer::status(503).body("x".repeat(10_000));
    let server = Server::start([busy.clone(), busy.chunked(), Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent(Policy::zero()).get(server.url()).call().unwrap()), "hello");
    assert_eq!(server.request_count(), 3);
    assert_eq!(server.connections(), 1);
}

/// Fault P15: on purpose, a body beyond 64 KiB is not read only to keep its connection.
#[test]
fn an_unwanted_body_that_is_very_long_costs_its_connection() {
    let busy = Answer::status(503).body("x".repeat(1 << 20));
    let server = Server::start([busy, Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent(Policy::zero()).get(server.url()).call().unwrap()), "hello");
    assert_eq!(server.connections(), 2);
    assert!(server.wait_until(|seen| seen.open_connections() <= 1, LONG));
}

/// Fault sethgrid/pester #10, sethgrid/pester #11.
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

/// Fault sethgrid/pester #10, sethgrid/pester #11.
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

/// Fault sethgrid/pester #15: ten thousand raced calls.
#[test]
fn ten_thousand_raced_calls_leave_threads_and_descriptors_as_they_were() {
    alone(|| {
        let before = Held::now();
        let policy = Policy::zero().lanes(3);
        for call in 0..10_000_u32 {
            let winner = race(&policy, move |attempt| {
                if u32::from(attempt.lane) == call % 3 {
                    return Ok(attempt.lane);
                }
                let (wakes, sleeps) = channel();
                attempt.on_cancel(move || wakes.send(()).unwrap());
                sleeps.recv_timeout(LONG).map_err(|_| "was not told")?;
                Err("lost")
            });
            assert_eq!(winner.try_call().map(u32::from).ok(), Some(call % 3));
        }
        before.wait_for();
    });
}

/// Fault sethgrid/pester #15: a thousand over sockets, with a loser each that its server never
/// answers.
#[test]
fn a_thousand_raced_requests_leave_threads_and_descriptors_as_they_were() {
    alone(|| {
        let answers = Script::paths().path("/ok", Answer::ok("won")).otherwise(Answer::never());
        let server = Server::start(answers).unwrap();
        let before = Held::now();
        let replicas = ["/1", "/ok", "/3"].map(|path| server.at(path));
        let agent = agent(Policy::zero().lanes(3));
        for _ in 0..1_000 {
            assert_eq!(text(agent.get(&replicas[0]).replicas(&replicas).call().unwrap()), "won");
        }
        drop(agent);
        before.wait_for();
        assert_eq!(server.hits("/ok"), 1_000);
    });
}

/// Fault sethgrid/pester #5: "too many open files", because the response before each retry stayed open.
#[test]
fn many_failing_calls_leave_no_descriptor_open() {
    alone(|| {
        let answers = Script::paths()
            .path("/busy", Answer::status(503).body("busy"))
            .path("/long", Answer::status(503).body("x".repeat(1 << 18)))
            .path("/torn", Answer::status(503).body("a whole text").cut_at(3))
            .path("/reset", Answer::reset())
            .path("/never", Answer::never());
        let server = Server::start(answers).unwrap();
        let before = Held::now();
        let paths = ["/busy", "/long", "/torn", "/reset"];
        let agent = agent(Policy::zero());
        let mut most = 0;
        for call in 0..200 {
            agent.get(server.at(paths[call % paths.len()])).call().unwrap_err();
            if call % 20 == 0 {
                let impatient = Policy::zero().attempt_timeout(ms(20));
                agent.get(server.at("/never")).policy(impatient).call().unwrap_err();
            }
            agent.get(NOBODY).call().unwrap_err();
            most = most.max(Held::now().descriptors);
        }
        // Both ends of a connection count here: those in the pool, and those that the server is about to close.
        assert!(most < before.descriptors + 50, "{most} open at once, {before:?}");
        drop(agent);
        before.wait_for();
        assert!(server.request_count() >= 600);
    });
}
