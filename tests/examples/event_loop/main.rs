//! Many HTTP requests at once in an event loop of one's own: one thread, non-blocking sockets, a heap of timers, and no
//! runtime. The core says what to do next; the loop (`calls.rs`) does it with sockets.
//!
//! `cargo run -p insist-tests --example event_loop`

mod calls;

use std::io;
use std::time::Duration;

use calls::EventLoop;
use insist_core::Policy;
use insist_flaky::{Answer, Script, Server};

const POLICY: &Policy = &Policy::exponential(Duration::from_millis(10))
    .attempts(4)
    .attempt_timeout(Duration::from_millis(500))
    .deadline(Duration::from_secs(5))
    .lanes(2)
    .hedge_after(Duration::from_millis(30));

fn main() -> io::Result<()> {
    let server = Server::start(
        Script::paths()
            .path("/busy", [Answer::status(503), Answer::ok("at the second attempt")])
            .path(
                "/slow",
                [Answer::ok("too late").after(Duration::from_millis(400)), Answer::ok("the hedge was faster")],
            )
            .path("/gone", Answer::status(404))
            .path("/silent", Answer::never()),
    )?;
    let mut calls = EventLoop::new()?;
    let paths = ["/busy", "/slow", "/gone", "/silent"];
    for path in paths {
        calls.fetch(POLICY, (), server.address(), path)?;
    }
    calls.cancel(3)?; // nobody wants it any more
    while calls.turn()? > 0 {}
    for (path, fetch) in paths.iter().zip(calls.fetches()) {
        match fetch.end.as_ref().expect("every call has ended") {
            Ok(response) => println!("{path}: {}", String::from_utf8_lossy(response).lines().last().unwrap_or("")),
            Err(reason) => println!("{path}: gave up, {reason}"),
        }
    }
    Ok(())
}
