//! Stopping ends everything at once, and what was seen stays.

use crate::client::{Client, sees};
use insist_flaky::{Answer, Ending, Server};
use std::io::ErrorKind;
use std::net::TcpStream;

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
