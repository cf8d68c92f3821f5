//! The body of a request that is sent more than once.

use insist_flaky::{Answer, Server};
use insist_ureq::SendBody;
use insist_ureq::insisting::Policy;

use crate::{agent, text};

fn flaky() -> Server {
    Server::start([Answer::status(500), Answer::reset(), Answer::ok("ordered")]).unwrap()
}

fn bodies(server: &Server) -> Vec<Vec<u8>> {
    server.requests().iter().map(|request| request.body.clone()).collect()
}

// #45: the second request had none, and its server waited for it.
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

// #45
#[test]
fn a_body_that_cannot_be_sent_again_is_sent_once_and_whole() {
    let long = vec![b'x'; 1 << 20];
    let server = flaky();
    let request = agent(Policy::zero()).put(server.url());
    request.send(SendBody::from_reader(&mut long.as_slice())).unwrap_err();
    assert_eq!(bodies(&server), [long]);
}
