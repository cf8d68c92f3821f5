//! What reqwest makes easy to get wrong, each a test: what was sent, what is repeated, and what comes back.

mod bodies;
mod connections;
mod errors;
mod gates;
mod http2;
mod judged;
mod proxies;
mod races;
mod streams;

use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_reqwest::insisting::Policy;
use insist_reqwest::{Client, ClientBuilder, Insist};

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Long enough for a noisy machine; no test that passes waits for it.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A builder whose calls wait as little as can be, and that asks no proxy of the environment.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder().no_proxy().policy(Policy::zero())
}

pub(crate) fn client() -> Client {
    builder().build().unwrap()
}

pub(crate) fn serve(script: impl Into<Script>) -> Server {
    Server::start(script).unwrap()
}

pub(crate) fn busy() -> Answer {
    Answer::status(503).body("busy")
}
