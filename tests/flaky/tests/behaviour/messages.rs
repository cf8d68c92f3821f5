//! What is read and written: how answers end, and requests that are no requests.

use std::io::Write;

use insist_flaky::{Answer, Script, Server};

use crate::client::Client;

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

fn server() -> Server {
    Server::start(Answer::ok("fine")).unwrap()
}

/// Sends bytes of which the server may stop reading, and gives the status that it refuses them with.
#[track_caller]
fn refused(bytes: impl AsRef<[u8]>) -> u16 {
    let server = server();
    let mut client = Client::of(&server);
    client.stream.write_all(bytes.as_ref()).unwrap();
    let reply = client.reply().unwrap();
    assert!(!reply.body.is_empty(), "a refusal says why");
    assert_eq!(client.rest().unwrap(), b"", "a refusal closes the connection");
    assert_eq!(server.request_count(), 0);
    assert_eq!(Client::of(&server).get("/").unwrap().body, b"fine");
    reply.status
}

#[test]
fn what_is_not_http_is_refused_at_once() {
    assert_eq!(refused(b"\x16\x03\x01\x02\x00\x01\x00"), 400);
    assert_eq!(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400);
    assert_eq!(refused("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400);
}

#[test]
fn a_head_of_more_than_64_kib_is_refused() {
    let value = |size: usize| format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(size));
    assert_eq!(refused(value(64 << 10)), 431);
    assert_eq!(refused(value(4 << 20)), 431);
    assert_eq!(refused("GET / HTTP/1.1\r\n".to_owned() + &"X: y\r\n".repeat(129) + "\r\n"), 431);
    let server = server();
    let mut client = Client::of(&server);
    client.send(value((64 << 10) - 30));
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn a_body_of_more_than_16_mib_is_refused() {
    for length in [(16 << 20) + 1, u64::MAX] {
        assert_eq!(refused(format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n")), 413);
    }
    assert_eq!(refused("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"), 413);
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(refused(format!("{chunked}1000001\r\n")), 413);
    assert_eq!(refused(format!("{chunked}FFFFFFFFFFFFFFFF\r\n")), 413);
}

#[test]
fn an_unclear_length_is_refused() {
    for (lines, status) in [
        ("Content-Length: +5", 400),
        ("Content-Length: -1", 400),
        ("Content-Length: ", 400),
        ("Content-Length: 5\r\nContent-Length: 6", 400),
        ("Content-Length: 5, 6", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: gzip, chunked", 501),
    ] {
        assert_eq!(refused(format!("POST / HTTP/1.1\r\n{lines}\r\n\r\n")), status, "{lines}");
    }
}

#[test]
fn bad_chunks_are_refused() {
    for body in ["x\r\n", "\r\n", "-1\r\n", "10000000000000000\r\n", "2\r\nabc\r\n", "2\r\nabXY"] {
        let sent = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}\r\n");
        assert_eq!(refused(sent), 400, "{body:?}");
    }
    let endless = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;{}", "x".repeat(8 << 10));
    assert_eq!(refused(endless), 400);
    let trailers = "X: y\r\n".repeat(20_000);
    let endless = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{trailers}");
    assert_eq!(refused(endless), 431);
}

#[test]
fn a_request_byte_by_byte_is_read() {
    let server = server();
    let mut client = Client::of(&server);
    for byte in b"\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" {
        client.send([*byte]);
    }
    assert_eq!(client.reply().unwrap().body, b"fine");
    assert_eq!(server.requests()[0].body, b"abc");
}

#[test]
fn random_bytes_after_a_good_start_never_stop_the_server() {
    let server = server();
    let starts: [&[u8]; 5] = [
        b"",
        b"GET ",
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: ",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];
    let alphabet = b"0123456789abcdefXG /:;,\r\n\r\n\0\xff";
    let mut state = 1_u64;
    for round in 0..500 {
        let mut bytes = starts[round % starts.len()].to_vec();
        for _ in 0..round % 40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.push(alphabet[(state >> 33) as usize % alphabet.len()]);
        }
        // The server may have closed already; only that it goes on serving others counts.
        let _ = Client::of(&server).stream.write_all(&bytes);
    }
    assert_eq!(Client::of(&server).get("/").unwrap().body, b"fine");
    assert!(server.requests().iter().all(|seen| seen.ending != insist_flaky::Ending::Dropped));
}
