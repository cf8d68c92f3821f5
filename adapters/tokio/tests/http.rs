//! The example over hyper, against a server that fails: what is given up is closed.

#[allow(dead_code)] // Its main.
#[path = "../examples/http.rs"]
mod http;

use std::io;
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_tokio::{Policy, Reason};
use tokio::task::spawn_blocking;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Long enough for a noisy machine; no test that passes waits for it.
const LONG: Duration = Duration::from_secs(60);

/// All clients have left.
async fn all_closed(server: Server) -> Server {
    let wait = move || {
        assert!(server.wait_until(|_| server.open_connections() == 0, LONG), "{:?}", server.requests());
        server
    };
    spawn_blocking(wait).await.unwrap()
}

#[tokio::test]
async fn a_loser_is_closed_when_the_winner_answers() {
    let server = Server::start([Answer::never(), Answer::ok("hello")]).unwrap();
    let policy = Policy::zero().lanes(2).hedge_after(ms(30)).attempts(2);
    let answer = http::get(server.address(), "/", &policy).await.0.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"hello"[..]));
    let server = all_closed(server).await;
    assert_eq!((server.request_count(), server.disconnects()), (2, 1));
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_closed_and_repeated() {
    let server = Server::start([Answer::never(), Answer::never(), Answer::ok("hello")]).unwrap();
    let policy = Policy::zero().attempt_timeout(ms(200)).attempts(1000);
    let answer = http::get(server.address(), "/", &policy).await.0.unwrap();
    assert_eq!(&answer.body()[..], b"hello");
    let server = all_closed(server).await;
    assert!(server.request_count() >= 3 && server.disconnects() >= 2);
}

#[tokio::test]
async fn resets_and_bodies_cut_short_are_repeated_and_the_last_answer_is_given_back() {
    let server = Server::start(
        Script::paths()
            .path("/well", [Answer::reset(), Answer::ok("hello").cut_at(2), Answer::status(503), Answer::ok("hello")])
            .path("/busy", Answer::status(503).body("busy")),
    )
    .unwrap();
    let policy = Policy::zero().attempts(4);
    let answer = http::get(server.address(), "/well", &policy).await.0.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"hello"[..]));
    let (answer, report) = http::get(server.address(), "/busy", &policy).await;
    let answer = answer.expect("there was an answer");
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (503, &b"busy"[..]));
    assert_eq!(report.reason, Some(Reason::Attempts));
    assert_eq!((server.hits("/well"), server.hits("/busy")), (4, 4));
}

#[tokio::test]
async fn where_nobody_listens_the_last_error_says_so() {
    let server = Server::start(Answer::ok("")).unwrap();
    let address = server.address();
    drop(server);
    let (answer, report) = http::get(address, "/", &Policy::zero().attempts(2)).await;
    assert_eq!(answer.expect_err("nobody answers").kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(report.attempts, 2);
}
