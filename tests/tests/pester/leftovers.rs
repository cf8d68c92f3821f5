//! Many calls leave nothing behind: no thread, no connection.

use std::sync::mpsc::channel;

use insist_blocking::race;
use insist_flaky::{Answer, Script, Server};
use insist_ureq::Insist;
use insist_ureq::insisting::Policy;

use crate::alone::{Held, alone};
use crate::{LONG, NOBODY, agent, ms, text};

// #15, and the headline: ten thousand raced calls.
#[test]
fn ten_thousand_raced_calls_leave_threads_and_descriptors_as_they_were() {
    alone("leftovers::ten_thousand_raced_calls_leave_threads_and_descriptors_as_they_were", || {
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

// #15, and the headline: a thousand over sockets, with a loser each that its server never answers.
#[test]
fn a_thousand_raced_requests_leave_threads_and_descriptors_as_they_were() {
    alone("leftovers::a_thousand_raced_requests_leave_threads_and_descriptors_as_they_were", || {
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

// #5: "too many open files", because the response before each retry stayed open.
#[test]
fn many_failing_calls_leave_no_descriptor_open() {
    alone("leftovers::many_failing_calls_leave_no_descriptor_open", || {
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
