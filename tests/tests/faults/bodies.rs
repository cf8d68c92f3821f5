//! What an attempt leaves behind for the next: nothing but its connection.

use std::sync::{Arc, Mutex};

use insist_flaky::{Answer, Server};
use insist_ureq::http::Request;
use insist_ureq::insisting::Policy;
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Insist, SendBody};

/// R27: what middleware put on a request for one attempt of reqwest-retry 0.9 was there in the next.
#[test]
fn what_is_added_to_one_attempt_is_not_in_the_next() {
    #[derive(Clone)]
    struct Mark;
    let server = Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello")]).unwrap();
    let (seen, is_marked) = (Arc::new(Mutex::new(Vec::new())), |request: &Request<SendBody<'_>>| {
        request.extensions().get::<Mark>().is_some() || request.headers().contains_key("x-mark")
    });
    let sees = Arc::clone(&seen);
    let marks = move |mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>| {
        sees.lock().unwrap().push(is_marked(&request));
        request.extensions_mut().insert(Mark);
        request.headers_mut().append("x-mark", "yes".parse().unwrap());
        next.handle(request)
    };
    let agent: Agent = Agent::config_builder().middleware(marks).policy(Policy::zero()).build().into();
    agent.get(server.url()).call().unwrap();
    assert_eq!(*seen.lock().unwrap(), [false; 3]);
    for request in server.requests() {
        let marks = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-mark")).count();
        assert_eq!(marks, 1);
    }
}

/// E4: of 3 answers before the last, elastic closed one and left the others open.
#[test]
fn no_answer_before_the_last_is_left_open() {
    let busy = || Answer::status(429).body("wait");
    let server = Server::start([busy(), busy(), busy(), Answer::ok("hello")]).unwrap();
    let agent: Agent = Agent::config_builder().policy(Policy::zero().attempts(4)).build().into();
    assert_eq!(agent.get(server.url()).call().unwrap().body_mut().read_to_string().unwrap(), "hello");
    assert_eq!((server.request_count(), server.connections()), (4, 1), "each had its connection back");
}
