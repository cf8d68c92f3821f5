//! `attempts` counts sends.

use insist_flaky::{Answer, Server};
use insist_ureq::Error;
use insist_ureq::insisting::Policy;

use crate::agent;

// P14
#[test]
fn attempts_counts_sends_with_the_first_included() {
    for attempts in 1..=5 {
        let server = Server::start(Answer::status(503)).unwrap();
        agent(Policy::zero().attempts(attempts)).get(server.url()).call().unwrap_err();
        assert_eq!(server.request_count(), attempts as usize);
    }
}

// P14: pester made 1 of 0 and of −1.
#[test]
fn no_attempts_at_all_are_refused_before_anything_is_sent() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let Err(Error::Other(error)) = agent(Policy::zero().attempts(0)).get(server.url()).call() else { panic!() };
    assert_eq!(error.to_string(), "nothing was sent: attempts is 0; a call needs at least 1");
    assert_eq!(server.request_count(), 0);
}
