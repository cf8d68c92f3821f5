//! A client that leaves is seen at once, whatever its request waits for.

use crate::client::{Client, LONG, sees};
use insist_flaky::{Answer, Ending, Script, Server};
use std::net::Shutdown;
use std::sync::{Arc, Barrier};
use std::time::Duration;

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
