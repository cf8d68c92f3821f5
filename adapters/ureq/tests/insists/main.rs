//! Calls that fail, and what becomes of them.

mod agents;
mod retried;
mod times;
mod told;

use std::net::TcpListener;
use std::time::Duration;

use insist_flaky::Answer;
use insist_ureq::http::Response;
use insist_ureq::insisting::Policy;
use insist_ureq::{Agent, Body, Insist};

const SOON: Duration = Duration::from_millis(1);
const POLICY: Policy = Policy::constant(SOON).attempts(3);

fn agent() -> Agent {
    Agent::new_with_defaults().policy(POLICY)
}

fn busy() -> Answer {
    Answer::status(503).header("Retry-After", "0").body("x".repeat(10_000))
}

fn text(mut answer: Response<Body>) -> String {
    answer.body_mut().read_to_string().unwrap()
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}
