//! Each fault is what it says, on the wire and in the record.

use crate::client::Client;
use insist_flaky::{Answer, Ending, Server};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(5);

#[track_caller]
fn failed(server: &Server) {
    assert_eq!(server.requests()[0].ending, Ending::Failed);
    assert_eq!(server.disconnects(), 0);
}

#[test]
fn a_reset_is_a_connection_reset_and_not_an_end() {
    let server = Server::start(Answer::reset()).unwrap();
    assert_eq!(Client::of(&server).get("/").unwrap_err().kind(), ErrorKind::ConnectionReset);
    failed(&server);
}

#[test]
fn a_close_is_an_end_and_not_a_reset() {
    let server = Server::start(Answer::close()).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    assert_eq!(client.rest().unwrap(), b"");
    failed(&server);
}

#[test]
fn a_close_stays_an_end_when_the_client_sends_more() {
    let server = Server::start(Answer::close()).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    assert_eq!(client.rest().unwrap(), b"");
    for _ in 0..3 {
        client.ask("/");
        assert_eq!(client.rest().unwrap(), b"");
    }
    assert_eq!(server.request_count(), 1);
    failed(&server);
}

#[test]
fn a_reset_after_the_head_follows_the_whole_head() {
    let server = Server::start(Answer::ok("hello").reset_after_head()).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    let head = client.head().unwrap();
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), Some("5"));
    assert_eq!(client.exactly(1).unwrap_err().kind(), ErrorKind::ConnectionReset);
    failed(&server);
}

#[test]
fn a_reset_in_the_body_follows_the_bytes_before_it() {
    let server = Server::start(Answer::ok("hello").reset_at(2)).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    client.head().unwrap();
    assert_eq!(client.exactly(2).unwrap(), b"he");
    assert_eq!(client.exactly(1).unwrap_err().kind(), ErrorKind::ConnectionReset);
    failed(&server);
}

#[test]
fn a_body_cut_short_has_fewer_bytes_than_its_length() {
    let server = Server::start(Answer::ok("hello").cut_at(2)).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    assert_eq!(client.head().unwrap().header("content-length"), Some("5"));
    assert_eq!(client.rest().unwrap(), b"he");
    failed(&server);
}

#[test]
fn a_cut_behind_the_body_promises_one_byte_more() {
    let server = Server::start(Answer::ok("hello").cut_at(100)).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    assert_eq!(client.head().unwrap().header("content-length"), Some("6"));
    assert_eq!(client.rest().unwrap(), b"hello");
}

#[test]
fn a_chunked_body_cut_short_lacks_its_last_chunk() {
    for at in [2, 100] {
        let server = Server::start(Answer::ok("hello").chunked().cut_at(at)).unwrap();
        let mut client = Client::of(&server);
        client.ask("/");
        assert_eq!(client.head().unwrap().header("transfer-encoding"), Some("chunked"));
        let expected: &[u8] = if at == 2 { b"2\r\nhe\r\n" } else { b"5\r\nhello\r\n" };
        assert_eq!(client.rest().unwrap(), expected);
        failed(&server);
    }
}

#[test]
fn garbage_is_no_head() {
    let server = Server::start(Answer::garbage()).unwrap();
    assert_eq!(Client::of(&server).get("/").unwrap_err().kind(), ErrorKind::InvalidData);
    failed(&server);
}

#[test]
fn raw_bytes_go_out_as_they_are_and_end_the_connection() {
    let server = Server::start(Answer::raw("HTTP/1.1 200 OK\r\nContent-Le")).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    assert_eq!(client.rest().unwrap(), b"HTTP/1.1 200 OK\r\nContent-Le");
}

#[test]
fn a_trickle_comes_in_pieces_with_pauses() {
    let server = Server::start(Answer::ok("abcde").trickle(2, PAUSE)).unwrap();
    let begin = Instant::now();
    let reply = Client::of(&server).get("/").unwrap();
    assert_eq!(reply.body, b"abcde");
    assert!(begin.elapsed() >= 2 * PAUSE);
    assert_eq!(server.requests()[0].ending, Ending::Answered);
}

#[test]
fn a_chunked_trickle_is_one_chunk_a_piece() {
    let server = Server::start(Answer::ok("abcde").chunked().trickle(2, PAUSE).closing()).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    client.head().unwrap();
    assert_eq!(client.rest().unwrap(), b"2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n");
}

#[test]
fn a_trickle_can_be_cut() {
    let server = Server::start(Answer::ok("abcde").trickle(1, PAUSE).cut_at(3)).unwrap();
    let error = Client::of(&server).get("/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    failed(&server);
}

#[test]
fn a_stall_sends_what_it_may_and_then_nothing() {
    let server = Server::start(Answer::ok("hello").stall_at(3)).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    client.head().unwrap();
    assert_eq!(client.exactly(3).unwrap(), b"hel");
    client.stream.set_read_timeout(Some(10 * PAUSE)).unwrap();
    let error = client.exactly(1).unwrap_err().kind();
    assert!(matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    assert_eq!(server.requests()[0].ending, Ending::Open);
}

#[test]
fn every_kind_of_answer_waits_for_its_delay() {
    let delay = 5 * PAUSE;
    for answer in
        [Answer::ok("late"), Answer::reset(), Answer::close(), Answer::garbage(), Answer::ok("late").cut_at(1)]
    {
        let server = Server::start(answer.clone().after(delay)).unwrap();
        let mut client = Client::of(&server);
        let begin = Instant::now();
        let _ = client.get("/");
        assert!(begin.elapsed() >= delay, "{answer:?} came too early");
    }
}
