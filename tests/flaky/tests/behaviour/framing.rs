//! How answers are framed, and how request bodies are read.

use crate::client::Client;
use insist_flaky::{Answer, Script, Server};

fn echo() -> Server {
    Server::start(Script::each(|request, _| Answer::ok(request.body.clone()))).unwrap()
}

#[test]
fn an_answer_carries_status_headers_and_length() {
    let server = Server::start(Answer::status(503).header("Retry-After", "1").body("busy")).unwrap();
    let reply = Client::of(&server).get("/").unwrap();
    assert_eq!(reply.head, "HTTP/1.1 503 \r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\n");
    assert_eq!(reply.body, b"busy");
}

#[test]
fn a_body_until_close_has_no_length_and_ends_with_the_connection() {
    let server = Server::start(Answer::ok("hello").until_close()).unwrap();
    let reply = Client::of(&server).get("/").unwrap();
    assert_eq!(reply.header("content-length"), None);
    assert_eq!(reply.header("connection"), Some("close"));
    assert_eq!(reply.body, b"hello");
}

#[test]
fn a_head_request_gets_the_length_and_no_body() {
    let server = Server::start([Answer::ok("hello"), Answer::ok("next")]).unwrap();
    let mut client = Client::of(&server);
    client.send("HEAD / HTTP/1.1\r\n\r\n");
    assert_eq!(client.head().unwrap().header("content-length"), Some("5"));
    assert_eq!(client.get("/").unwrap().body, b"next");
}

#[test]
fn statuses_without_a_body_send_neither_body_nor_length() {
    let server = Server::start([Answer::status(204).body("not sent"), Answer::ok("next")]).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    assert_eq!(client.head().unwrap().head, "HTTP/1.1 204 \r\n\r\n");
    assert_eq!(client.get("/").unwrap().body, b"next");
}

#[test]
fn a_length_of_the_scripts_own_replaces_the_servers() {
    let server = Server::start(Answer::ok("hello").header("content-length", "3").closing()).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    assert_eq!(client.head().unwrap().head, "HTTP/1.1 200 \r\ncontent-length: 3\r\n\r\n");
}

#[test]
fn a_request_body_in_many_segments_is_one_request() {
    let server = echo();
    let mut client = Client::of(&server);
    for piece in ["POST / HT", "TP/1.1\r\nContent-Len", "gth: 5\r\n\r", "\n", "he", "llo"] {
        client.send(piece);
        // Not for order: only so that the pieces arrive as several reads, most of the time.
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_eq!(client.reply().unwrap().body, b"hello");
    assert_eq!(client.get("/").unwrap().body, b"");
    assert_eq!(server.request_count(), 2);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_chunked_request_body_is_joined_and_its_trailers_are_skipped() {
    let server = echo();
    let mut client = Client::of(&server);
    client.send("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n");
    client.send("3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert_eq!(client.reply().unwrap().body, b"hello");
    assert_eq!(client.get("/").unwrap().body, b"");
    assert_eq!(server.requests()[0].body, b"hello");
}

#[test]
fn a_body_of_the_largest_size_is_read() {
    let server = Server::start(Script::each(|request, _| Answer::ok(request.body.len().to_string()))).unwrap();
    let mut client = Client::of(&server);
    client.send(format!("PUT / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 16 << 20));
    client.send(vec![b'x'; 16 << 20]);
    assert_eq!(client.reply().unwrap().body, b"16777216");
}

#[test]
fn a_client_that_expects_100_is_told_to_continue_before_its_body() {
    for body in ["Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let server = echo();
        let mut client = Client::of(&server);
        client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\n".to_owned() + body);
        assert_eq!(client.head().unwrap().head, "HTTP/1.1 100 Continue\r\n\r\n");
        client.send(if body.starts_with('C') { "hello" } else { "5\r\nhello\r\n0\r\n\r\n" });
        assert_eq!(client.reply().unwrap().body, b"hello");
    }
}

#[test]
fn a_client_that_expects_100_and_sends_its_body_at_once_is_just_answered() {
    let server = echo();
    let mut client = Client::of(&server);
    client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn a_request_is_recorded_as_it_came() {
    let server = echo();
    let mut client = Client::of(&server);
    client.send(b"PATCH /a/b?c=d HTTP/1.1\r\nX-One: 1\r\nx-one: \xe9\r\nContent-Length: 3\r\n\r\n\0\r\n");
    client.reply().unwrap();
    let seen = &server.requests()[0];
    assert_eq!(seen.method.as_str(), "PATCH");
    assert_eq!(seen.path.as_str(), "/a/b?c=d");
    assert_eq!(seen.header("X-ONE"), Some("1"));
    assert_eq!(seen.headers.len(), 3);
    assert_eq!(seen.body, b"\0\r\n");
    assert_eq!(seen.number, 1);
    assert_eq!(seen.connection, 1);
    assert_eq!(seen.number_on_connection, 1);
}
