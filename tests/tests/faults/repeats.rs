//! What may be sent again, over the wire.

use insist_flaky::{Answer, Server};
use insist_ureq::insisting::{Policy, Rules};
use insist_ureq::{Agent, Error, Insist};

fn agent() -> Agent {
    Agent::new_with_defaults().policy(Policy::zero().attempts(4))
}

/// R26: reqwest-retry 0.9 sends again after every status of the server's, 501 and 505 too.
#[test]
fn what_a_server_cannot_do_is_not_asked_of_it_again() {
    for status in [501, 505, 506, 507, 508, 510, 511] {
        let server = Server::start(Answer::status(status)).unwrap();
        let result = agent().get(server.url()).call();
        assert!(matches!(result, Err(Error::StatusCode(code)) if code == status), "{result:?}");
        assert_eq!(server.request_count(), 1);
    }
}

/// R26: reqwest-retry 0.9 has no look at the method: 4 POSTs. R28: reqwest 0.13 looks from the second retry on only.
#[test]
fn a_post_that_may_have_arrived_is_sent_once_whatever_came_of_it() {
    for answer in [Answer::status(500), Answer::status(503), Answer::status(429), Answer::reset(), Answer::close()] {
        let server = Server::start(answer).unwrap();
        agent().post(server.url()).send("order").unwrap_err();
        agent().patch(server.url()).rules(Rules::new().retry_status(404)).send("order").unwrap_err();
        assert_eq!(server.request_count(), 2);
    }
}
