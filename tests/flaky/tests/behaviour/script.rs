//! Which answer a request gets.

use crate::client::{Client, sees};
use insist_flaky::{Answer, Ending, Script, Server};
use std::io::ErrorKind;
use std::thread;

fn statuses(server: &Server, paths: &[&str]) -> Vec<u16> {
    let mut client = Client::of(server);
    paths.iter().map(|path| client.get(path).unwrap().status).collect()
}

#[test]
fn the_last_of_a_list_repeats() {
    let server = Server::start(vec![Answer::status(503), Answer::status(429), Answer::ok("")]).unwrap();
    assert_eq!(statuses(&server, &["/a", "/b", "/c", "/d", "/e"]), [503, 429, 200, 200, 200]);
}

#[test]
fn a_closure_sees_the_request_and_its_number() {
    let server = Server::start(Script::each(|request, number| {
        Answer::status(200 + number as u16).body(format!("{} {}", request.method, request.path))
    }))
    .unwrap();
    let mut client = Client::of(&server);
    let first = client.get("/x?y").unwrap();
    assert_eq!(first.status, 201);
    assert_eq!(first.body.as_slice(), b"GET /x?y".as_slice());
    assert_eq!(client.get("/").unwrap().status, 202);
}

#[test]
fn each_path_has_its_own_list_and_count() {
    let server = Server::start(
        Script::paths()
            .path("/a?x=1", Answer::status(418))
            .path("/a", [Answer::status(503), Answer::ok("")])
            .path("/n", Script::each(|_, number| Answer::status(200 + number as u16))),
    )
    .unwrap();
    let paths = ["/a", "/n", "/a?y", "/n", "/a?x=1", "/a/b", "/"];
    assert_eq!(statuses(&server, &paths), [503, 201, 200, 202, 418, 404, 404]);
    assert_eq!(server.hits("/a"), 3);
    assert_eq!(server.hits("/a?y"), 1);
    assert_eq!(server.hits("/n"), 2);
    assert_eq!(server.hits("/z"), 0);
}

#[test]
fn a_path_without_a_script_is_named_in_the_404() {
    let server = Server::start(Script::paths().path("/a", Answer::ok(""))).unwrap();
    let reply = Client::of(&server).get("/b").unwrap();
    assert_eq!(String::from_utf8(reply.body).unwrap(), "the script has no answer for /b\n");
}

#[test]
fn what_no_path_covers_goes_otherwise() {
    let script = Script::paths().otherwise(Answer::status(502)).path("/a", Answer::ok(""));
    assert_eq!(statuses(&Server::start(script).unwrap(), &["/a", "/b"]), [200, 502]);
    let script = Script::list([Answer::status(500), Answer::status(501)]).path("/a", Answer::ok(""));
    assert_eq!(statuses(&Server::start(script).unwrap(), &["/b", "/a", "/b"]), [500, 200, 501]);
}

#[test]
fn a_list_without_an_answer_does_not_start() {
    for script in [Script::list([]), Script::paths().path("/a", vec![]), Script::paths().otherwise([])] {
        let error = Server::start(script).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("at least 1"), "{error}");
    }
}

#[test]
fn concurrent_requests_use_up_each_answer_once() {
    let answers = (0..40).map(|index| Answer::status(200 + index)).chain([Answer::status(599)]);
    let server = Server::start(Script::list(answers)).unwrap();
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::of(&server);
                    (0..10)
                        .map(|_| {
                            client.ask("/");
                            let head = client.head().unwrap();
                            head.status
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, (200..240).collect::<Vec<_>>());
    // The answer of a list is that of the request's number, so that the record tells who got what.
    let numbers: Vec<_> = server.requests().iter().map(|seen| seen.number).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

#[test]
fn a_script_that_panics_drops_the_connection_and_nothing_else() {
    let server = Server::start(Script::each(|request, _| {
        assert_ne!(request.path, "/panic", "this panic is part of the test");
        Answer::ok("fine")
    }))
    .unwrap();
    let mut client = Client::of(&server);
    assert_eq!(client.get("/panic").unwrap_err().kind(), ErrorKind::UnexpectedEof);
    sees(&server, |seen| seen.open_connections() == 0);
    assert_eq!(server.requests()[0].ending, Ending::Dropped);
    assert_eq!(Client::of(&server).get("/").unwrap().body, b"fine");
}
