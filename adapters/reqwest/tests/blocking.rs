//! The blocking client: calls insist, and its answers outlive it.

use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Server};
use insist_reqwest::Insist;
use insist_reqwest::blocking::{Body, Client, multipart};
use insist_reqwest::insisting::Policy;

fn client() -> Client {
    Client::builder().no_proxy().policy(Policy::zero()).build().unwrap()
}

fn busy() -> Answer {
    Answer::status(503).body("busy")
}

#[test]
fn a_call_insists_and_its_answer_outlives_the_client() {
    let server = Server::start([busy(), Answer::reset(), Answer::ok("hello")]).unwrap();
    let answer = client().get(server.at("/x")).send().unwrap();
    assert_eq!(answer.url().path(), "/x");
    assert_eq!(answer.text().unwrap(), "hello");
    assert_eq!(server.request_count(), 3);
}

#[test]
fn an_answer_can_be_read_in_pieces() {
    let server = Server::start(Answer::ok("hello".repeat(20_000)).chunked()).unwrap();
    let mut text = String::new();
    client().get(server.url()).send().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello".repeat(20_000));
}

#[test]
fn json_forms_and_readers_are_sent_again() {
    let server = Server::start([busy(), Answer::ok(""), busy(), Answer::ok(""), busy(), Answer::ok("")]).unwrap();
    let client = client();
    client.put(server.url()).json(&[1, 2]).send().unwrap();
    client.put(server.url()).body(Body::new(Cursor::new("from a reader"))).send().unwrap();
    client.put(server.url()).body(Body::sized(Cursor::new("from a reader"), 4)).send().unwrap();
    let bodies: Vec<_> = server.requests().iter().map(|seen| String::from_utf8(seen.body.clone()).unwrap()).collect();
    assert_eq!(bodies, ["[1,2]", "[1,2]", "from a reader", "from a reader", "from", "from"]);
    assert_eq!(server.requests()[5].header("content-length"), Some("4"));
}

#[test]
fn a_multipart_form_is_sent_again() {
    let server = Server::start([busy(), Answer::ok("")]).unwrap();
    let form = multipart::Form::new().text("name", "value");
    assert_eq!(client().put(server.url()).multipart(form).send().unwrap().status(), 200);
    let seen = server.requests();
    assert_eq!(seen[0].body, seen[1].body);
    assert!(String::from_utf8_lossy(&seen[0].body).contains("value"));
}

#[test]
fn a_timeout_is_the_whole_calls_and_its_error_is_reqwests() {
    let server = Server::start(Answer::never()).unwrap();
    let started = Instant::now();
    let client = Client::builder().no_proxy().timeout(Duration::from_millis(200)).build().unwrap();
    let error = client.get(server.url()).send().unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn a_hedge_answers_for_a_request_that_hangs() {
    let server = Server::start([Answer::never(), Answer::ok("hello")]).unwrap();
    let policy = Policy::zero().lanes(2).hedge_after(Duration::from_millis(30));
    assert_eq!(client().get(server.url()).policy(policy).send().unwrap().text().unwrap(), "hello");
    let left = server.wait_until(|record| record.disconnects() == 1, Duration::from_secs(60));
    assert!(left, "the loser's connection is closed");
}

#[test]
fn one_get_needs_no_client() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    assert_eq!(insist_reqwest::blocking::get(server.url()).unwrap().text().unwrap(), "hello");
}
