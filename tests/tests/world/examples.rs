//! The example that fetches over hyper 1 on async-io, without an executor, against the flaky server. Another fetches
//! over hyper on tokio, which `wire` calls.

#[path = "../../../adapters/smol/examples/connect.rs"]
#[expect(dead_code, reason = "its `main` is called by who runs the example")]
mod connect;

#[path = "../../../adapters/smol/examples/fetch.rs"]
#[expect(dead_code, reason = "its `main` is called by who runs the example")]
pub(crate) mod fetch;

use std::time::{Duration, Instant};

use insist_flaky::{Answer, Ending, Script, Server};
use insist_smol::{Jitter, Policy};
use insist_tests::words::{LONG, ms};

const QUICK: Policy = Policy::constant(ms(1)).jitter(Jitter::None);

/// The status and the body of the answer, which is the last one if the call gave up.
fn get(server: &Server, policy: &Policy) -> (u16, Vec<u8>) {
    let uri = server.url().parse().expect("an address");
    let answer = async_io::block_on(fetch::get(&uri, policy)).expect("an answer");
    (answer.status().as_u16(), answer.body().to_vec())
}

#[test]
fn a_503_is_retried_after_its_retry_after() {
    let busy = Answer::status(503).header("Retry-After", "1").body("busy");
    let server = Server::start(Script::list([busy, Answer::ok("welcome")])).expect("a server");
    let start = Instant::now();
    assert_eq!(get(&server, &QUICK), (200, b"welcome".to_vec()));
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.request_count(), 2);
    assert_eq!(server.connections(), 2);
}

#[test]
fn what_is_no_failure_is_the_answer() {
    let server = Server::start(Script::list([Answer::status(404).body("no")])).expect("a server");
    assert_eq!(get(&server, &QUICK), (404, b"no".to_vec()));
    assert_eq!(server.request_count(), 1);
}

#[test]
fn the_last_answer_is_handed_back_when_attempts_are_used_up() {
    let server =
        Server::start(Script::list([Answer::status(500), Answer::status(502).body("bad gateway")])).expect("a server");
    assert_eq!(get(&server, &QUICK.attempts(2)), (502, b"bad gateway".to_vec()));
}

#[test]
fn a_connection_that_is_reset_or_cut_short_is_retried() {
    let server =
        Server::start(Script::list([Answer::reset(), Answer::garbage(), Answer::ok("well")])).expect("a server");
    assert_eq!(get(&server, &QUICK), (200, b"well".to_vec()));
    assert_eq!(server.request_count(), 3);
}

#[test]
fn the_connections_of_losers_are_closed_when_a_hedge_wins() {
    let answer =
        |_: &insist_flaky::Request, number: usize| if number < 3 { Answer::never() } else { Answer::ok("third") };
    let server = Server::start(Script::each(answer)).expect("a server");
    let policy = QUICK.lanes(3).hedge_after(ms(20));
    assert_eq!(get(&server, &policy), (200, b"third".to_vec()));
    assert!(server.wait_until(|seen| seen.disconnects() == 2, LONG));
    assert!(server.wait_until(|seen| seen.open_connections() == 0, LONG));
    let endings: Vec<_> = server.requests().iter().map(|seen| seen.ending).collect();
    assert_eq!(endings, [Ending::Left, Ending::Left, Ending::Answered]);
}

#[test]
fn an_attempt_that_takes_too_long_is_closed_and_retried() {
    let server = Server::start(Script::list([Answer::never(), Answer::ok("second")])).expect("a server");
    let policy = QUICK.attempt_timeout(ms(200));
    assert_eq!(get(&server, &policy), (200, b"second".to_vec()));
    assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG));
    assert!(server.wait_until(|seen| seen.open_connections() == 0, LONG));
}

#[test]
fn a_fetch_that_is_dropped_closes_its_connections() {
    let server = Server::start(Script::each(|_, _| Answer::never())).expect("a server");
    let uri = server.url().parse().expect("an address");
    let policy = QUICK.lanes(2);
    async_io::block_on(futures_lite::future::or(
        async {
            let _ = fetch::get(&uri, &policy).await;
        },
        async {
            while server.request_count() < 2 {
                async_io::Timer::after(ms(1)).await;
            }
        },
    ));
    assert!(server.wait_until(|seen| seen.disconnects() == 2, LONG));
    assert!(server.wait_until(|seen| seen.open_connections() == 0, LONG));
}

#[test]
fn a_connection_is_made_once_someone_listens() {
    let address =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let listens = std::thread::spawn(move || {
        std::thread::sleep(ms(20));
        std::net::TcpListener::bind(address).and_then(|listener| listener.accept()).map(|(_, from)| from)
    });
    let stream = async_io::block_on(connect::connect(address)).expect("someone listens");
    let from = listens.join().expect("it does not panic").expect("someone connects");
    assert_eq!(stream.local_addr().ok(), Some(from));
}
