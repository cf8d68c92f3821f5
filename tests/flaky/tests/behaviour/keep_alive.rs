//! When a connection serves again, and when it does not.

use crate::client::{Client, sees};
use insist_flaky::{Answer, Ending, Server};
use std::io::{ErrorKind, Write};
use std::thread;

#[test]
fn one_connection_serves_many_requests() {
    let server = Server::start([Answer::status(503).body("busy"), Answer::ok("a").chunked(), Answer::ok("b")]).unwrap();
    let mut client = Client::of(&server);
    let bodies: Vec<_> = (0..50).map(|_| client.get("/").unwrap().body).collect();
    assert_eq!(bodies[..3], [b"busy".to_vec(), b"a".to_vec(), b"b".to_vec()]);
    assert_eq!(server.request_count(), 50);
    assert_eq!(server.connections(), 1);
    assert_eq!(server.open_connections(), 1);
    assert_eq!(server.requests()[49].number_on_connection, 50);
    assert_eq!(server.disconnects(), 0);
}

#[test]
fn requests_that_are_sent_together_are_answered_one_by_one() {
    let server = Server::start([Answer::ok("a"), Answer::ok("b"), Answer::ok("c")]).unwrap();
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\n\r\n".repeat(2) + "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
    let bodies: Vec<_> = (0..3).map(|_| client.reply().unwrap().body).collect();
    assert_eq!(bodies, [b"a", b"b", b"c"]);
    assert_eq!(server.requests()[2].body, b"hi");
}

#[test]
fn large_requests_that_are_sent_together_are_answered_one_by_one() {
    let server = Server::start(Answer::ok("taken")).unwrap();
    let mut client = Client::of(&server);
    let mut sender = client.stream.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..4 {
                write!(sender, "PUT / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 10 << 20).unwrap();
                sender.write_all(&vec![0; 10 << 20]).unwrap();
            }
        });
        for _ in 0..4 {
            assert_eq!(client.reply().unwrap().body, b"taken");
        }
    });
}

#[test]
fn a_client_that_wants_to_close_is_told_so_and_closed() {
    for request in ["GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        let server = Server::start(Answer::ok("bye")).unwrap();
        let mut client = Client::of(&server);
        client.send(request);
        let reply = client.reply().unwrap();
        assert_eq!(reply.body.as_slice(), b"bye".as_slice());
        assert_eq!(reply.header("connection"), Some("close"));
        assert_eq!(client.rest().unwrap(), b"");
    }
}

#[test]
fn an_old_client_may_keep_its_connection() {
    let server = Server::start(Answer::ok("again")).unwrap();
    let mut client = Client::of(&server);
    for _ in 0..2 {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(client.reply().unwrap().body, b"again");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_closing_answer_does_not_say_that_it_closes() {
    let server = Server::start(Answer::ok("hello").closing()).unwrap();
    let mut client = Client::of(&server);
    let reply = client.get("/").unwrap();
    assert_eq!(reply.header("connection"), None);
    assert_eq!(client.rest().unwrap(), b"");
    assert_eq!(server.requests()[0].ending, Ending::Answered);
}

#[test]
fn a_connection_that_resets_on_reuse_is_open_until_then() {
    let server = Server::start([Answer::ok("one").resetting_on_reuse(), Answer::ok("two")]).unwrap();
    let mut client = Client::of(&server);
    assert_eq!(client.get("/").unwrap().body, b"one");
    client.stream.set_nonblocking(true).unwrap();
    assert_eq!(client.stream.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    client.stream.set_nonblocking(false).unwrap();
    assert_eq!(client.get("/").unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(server.request_count(), 1);
    assert_eq!(Client::of(&server).get("/").unwrap().body, b"two");
}

#[test]
fn a_client_that_leaves_between_requests_is_no_disconnect() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let mut client = Client::of(&server);
    client.get("/").unwrap();
    drop(client);
    let mut client = Client::of(&server);
    client.stream.write_all(b"GET / HT").unwrap();
    drop(client);
    sees(&server, |seen| seen.connections() == 2 && seen.open_connections() == 0);
    assert_eq!(server.request_count(), 1);
    assert_eq!(server.disconnects(), 0);
}
