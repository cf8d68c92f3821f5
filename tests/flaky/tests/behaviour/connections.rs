//! How long connections are kept: for many requests, until a client leaves, until the server stops.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use insist_flaky::{Answer, Ending, Script, Server};

use crate::client::{Client, LONG, sees};

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

/// Far longer than the test's own limit: only a server that sees the client leave passes.
const FOR_AGES: Duration = Duration::from_secs(3600);

#[test]
fn a_client_that_leaves_is_a_disconnect() {
    let answers = [
        Answer::ok("late").after(FOR_AGES),
        Answer::ok("late").after(Duration::MAX),
        Answer::never(),
        Answer::reset().after(FOR_AGES),
        Answer::ok("hello").stall_at(2),
        Answer::ok("hello").trickle(1, FOR_AGES),
        Answer::ok(vec![0; 64 << 20]),
    ];
    for answer in answers {
        let name = format!("{answer:.120?}");
        let server = Server::start(answer).unwrap();
        let mut client = Client::of(&server);
        client.ask("/");
        sees(&server, |seen| seen.request_count() == 1);
        assert_eq!(server.disconnects(), 0);
        drop(client);
        let left = server.wait_until(|seen| seen.disconnects() == 1 && seen.open_connections() == 0, LONG);
        assert!(left, "the server did not see the client leave");
        assert_eq!(server.requests()[0].ending, Ending::Left, "{name}");
    }
}

#[test]
fn the_losers_of_a_race_are_counted() {
    let server = Server::start([Answer::never(), Answer::never(), Answer::ok("won")]).unwrap();
    let mut clients: Vec<_> = (0..3).map(|_| Client::of(&server)).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.ask("/");
        sees(&server, |seen| seen.request_count() == index + 1);
    }
    assert_eq!(clients[2].reply().unwrap().body, b"won");
    clients.truncate(0);
    sees(&server, |seen| seen.disconnects() == 2 && seen.open_connections() == 0);
    let endings: Vec<_> = server.requests().iter().map(|seen| seen.ending).collect();
    assert_eq!(endings, [Ending::Left, Ending::Left, Ending::Answered]);
}

#[test]
fn a_client_that_leaves_behind_more_requests_is_seen_too() {
    let server = Server::start(Answer::never()).unwrap();
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\n\r\n".repeat(1000));
    sees(&server, |seen| seen.request_count() == 1);
    drop(client);
    sees(&server, |seen| seen.disconnects() == 1);
    assert_eq!(server.request_count(), 1);
}

#[test]
fn a_client_that_sends_the_next_request_early_gets_both_answers() {
    let server = Server::start([Answer::ok("a").after(Duration::from_millis(30)), Answer::ok("b")]).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    sees(&server, |seen| seen.request_count() == 1);
    client.ask("/");
    assert_eq!(client.reply().unwrap().body, b"a");
    assert_eq!(client.reply().unwrap().body, b"b");
}

#[test]
fn a_client_that_left_while_the_script_thought_is_a_disconnect() {
    let barrier = Arc::new(Barrier::new(2));
    let script = {
        let barrier = Arc::clone(&barrier);
        Script::each(move |_, _| {
            barrier.wait();
            Answer::ok("too late")
        })
    };
    let server = Server::start(script).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    sees(&server, |seen| seen.request_count() == 1);
    drop(client);
    barrier.wait();
    sees(&server, |seen| seen.disconnects() == 1);
}

#[test]
fn a_client_that_closes_its_sending_half_has_left() {
    let server = Server::start(Answer::never()).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    client.stream.shutdown(Shutdown::Write).unwrap();
    sees(&server, |seen| seen.disconnects() == 1);
}

#[test]
fn waiting_for_what_does_not_come_ends_with_false() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    assert!(!server.wait_until(|seen| seen.request_count() == 1, Duration::from_millis(5)));
    assert!(!server.wait_until(|_| false, Duration::ZERO));
    assert!(server.wait_until(|_| true, Duration::ZERO));
}

#[test]
fn a_condition_may_ask_the_server_itself() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    Client::of(&server).get("/").unwrap();
    assert!(server.wait_until(|_| server.request_count() == 1, LONG));
}

#[test]
fn stopping_ends_what_waits_and_keeps_the_record() {
    let server = Server::start(Answer::never()).unwrap();
    let mut client = Client::of(&server);
    client.ask("/");
    sees(&server, |seen| seen.request_count() == 1);
    server.stop();
    assert_eq!(client.rest().unwrap(), b"");
    assert_eq!(server.requests()[0].ending, Ending::Dropped);
    assert_eq!(server.open_connections(), 0);
    assert_eq!(server.disconnects(), 0);
    server.stop();
}

#[test]
fn a_stopped_server_refuses_connections() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    server.stop();
    assert_eq!(TcpStream::connect(server.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_server_that_nobody_used_stops() {
    drop(Server::start(Answer::ok("hello")).unwrap());
}

#[test]
fn urls_name_the_address() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let port = server.address().port();
    assert_eq!(server.url(), format!("http://127.0.0.1:{port}"));
    assert_eq!(server.at("/a?b"), format!("http://127.0.0.1:{port}/a?b"));
}
