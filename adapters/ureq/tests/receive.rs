//! What reads answers as a part of their attempts.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_ureq::http::Response;
use insist_ureq::http::request::Parts;
use insist_ureq::insisting::{Policy, Receive, ReceiveExt};
use insist_ureq::{Agent, Body, Error, Insist};

#[derive(Default)]
struct Kept {
    bytes: Mutex<Vec<u8>>,
    prepared: Mutex<u32>,
    is_timed: bool,
}

impl Receive for Kept {
    fn prepare(&self, request: &mut Parts) {
        let mut prepared = self.prepared.lock().unwrap();
        *prepared += 1;
        request.headers.insert("x-attempt", prepared.to_string().parse().unwrap());
    }

    fn receive(&self, answer: Response<Body>) -> Result<Response<Body>, Error> {
        let mut bytes = self.bytes.lock().unwrap();
        bytes.clear();
        let (head, body) = answer.into_parts();
        body.into_reader().read_to_end(&mut bytes)?;
        Ok(Response::from_parts(head, Body::builder().data([])))
    }

    fn is_timed(&self) -> bool {
        self.is_timed
    }
}

fn get(server: &Server, kept: &Arc<Kept>, policy: Policy) -> Result<Response<Body>, Error> {
    Agent::new_with_defaults().get(server.url()).policy(policy).receive(Arc::clone(kept) as Arc<dyn Receive>).call()
}

const QUICK: Policy = Policy::constant(Duration::from_millis(1));

#[test]
fn a_body_that_breaks_off_is_retried_with_a_request_prepared_anew() {
    let server = Server::start([Answer::ok("hello").cut_at(2), Answer::status(503), Answer::ok("hello")]).unwrap();
    let kept = Arc::new(Kept::default());
    assert_eq!(get(&server, &kept, QUICK).unwrap().status(), 200);
    assert_eq!(*kept.bytes.lock().unwrap(), b"hello");
    let told: Vec<_> =
        server.requests().iter().map(|request| request.header("x-attempt").unwrap().to_owned()).collect();
    assert_eq!(told, ["1", "2", "3"]);
}

#[test]
fn the_attempt_timeout_ends_with_the_head_unless_asked_otherwise() {
    let slow = || Answer::ok("hello").trickle(1, Duration::from_millis(60));
    let policy = QUICK.attempts(1).attempt_timeout(Duration::from_millis(150));
    let server = Server::start(slow()).unwrap();
    assert!(get(&server, &Arc::new(Kept::default()), policy).is_ok());
    let timed = Arc::new(Kept { is_timed: true, ..Kept::default() });
    assert!(matches!(get(&server, &timed, policy), Err(Error::Timeout(_))));
}

#[test]
fn the_deadline_bounds_the_reading() {
    let server = Server::start(Answer::ok("hello").stall_at(2)).unwrap();
    let result = get(&server, &Arc::new(Kept::default()), QUICK.deadline(Duration::from_millis(150)));
    assert!(matches!(result, Err(Error::Timeout(_))), "{result:?}");
}

#[test]
fn it_is_called_in_one_lane() {
    let server = Server::start([Answer::ok("hello").after(Duration::from_millis(50)), Answer::ok("hello")]).unwrap();
    assert!(get(&server, &Arc::new(Kept::default()), QUICK.lanes(3)).is_ok());
    assert_eq!(server.request_count(), 1);
}
