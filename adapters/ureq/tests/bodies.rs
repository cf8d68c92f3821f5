//! Bodies of requests: what is sent again, and what cannot be.

use std::io::{Cursor, Read, Write};
use std::time::Duration;

use insist_flaky::{Answer, Request, Script, Server};
use insist_ureq::insisting::{Policy, ReportSlot};
use insist_ureq::{Agent, Error, Insist, SendBody};

const POLICY: Policy = Policy::constant(Duration::from_millis(1)).attempts(3);

fn agent() -> Agent {
    Agent::new_with_defaults().policy(POLICY)
}

fn flaky() -> Server {
    Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello")]).unwrap()
}

#[test]
fn bytes_are_sent_again_however_many_they_are() {
    for length in [0, 5, 64 << 10, 300_000] {
        let server = flaky();
        let bytes = vec![b'x'; length];
        agent().put(server.url()).send(&bytes[..]).unwrap();
        let requests = server.requests();
        assert_eq!(requests.len(), 3);
        for request in requests {
            assert_eq!(request.body, bytes);
            assert_eq!(request.header("content-length"), Some(&*length.to_string()));
        }
    }
}

#[test]
fn a_get_with_a_body_sends_it_again_whatever_its_settings() {
    let every_other = |_: &Request, number: usize| if number % 2 == 1 { Answer::status(503) } else { Answer::ok("") };
    let server = Server::start(Script::each(every_other)).unwrap();
    let get = || agent().get(server.url());
    for request in [get(), get().config().max_redirects(5).build(), get().extension("the user's own")] {
        request.force_send_body().send("body").unwrap();
    }
    let bodies: Vec<_> = server.requests().iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies, [b"body"; 6]);
}

#[test]
fn a_get_with_settings_of_its_own_and_no_body_is_sent_again_without_one() {
    let server = flaky();
    agent().get(server.url()).config().max_redirects(5).build().call().unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert!(request.body.is_empty());
        assert_eq!(request.header("content-length"), None);
        assert_eq!(request.header("transfer-encoding"), None);
    }
}

#[test]
fn a_short_reader_is_kept_and_sent_again_as_it_was() {
    let server = flaky();
    let reader = Cursor::new("hello");
    agent().put(server.url()).send(SendBody::from_owned_reader(reader)).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!(request.body, b"hello");
        assert_eq!(request.header("transfer-encoding"), Some("chunked"));
    }
}

#[test]
fn a_long_reader_is_sent_once_and_whole() {
    let server = flaky();
    let long = || SendBody::from_owned_reader(std::io::repeat(b'x').take(100_000));
    let result = agent().put(server.url()).send(long());
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    assert_eq!(server.request_count(), 1);
    assert_eq!(server.requests()[0].body.len(), 100_000);

    // With room for it, it is kept.
    agent().put(server.url()).replay_limit(100_000).send(long()).unwrap();
    assert_eq!(server.request_count(), 3);
}

#[test]
fn a_long_reader_is_sent_again_if_nothing_was_sent() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let slot = ReportSlot::new();
    let long = SendBody::from_owned_reader(std::io::repeat(b'x').take(100_000));
    let result = agent().put(format!("http://{address}/")).report_to(&slot).send(long);
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(slot.take().unwrap().attempts, 3);
}

#[test]
fn a_long_file_keeps_its_length_and_is_sent_once() {
    let server = flaky();
    let path = std::env::temp_dir().join(format!("insist-ureq-{}", std::process::id()));
    std::fs::File::create(&path).unwrap().write_all(&vec![b'x'; 200_000]).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let result = agent().put(server.url()).send(file);
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].body.len(), 200_000);
    assert_eq!(requests[0].header("content-length"), Some("200000"));
}

#[test]
fn a_reader_that_fails_fails_the_call() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is on fire"))
        }
    }
    let server = flaky();
    let result = agent().put(server.url()).send(SendBody::from_owned_reader(Failing));
    assert_eq!(result.unwrap_err().to_string(), "io: the disk is on fire");
    assert_eq!(server.request_count(), 0);
}

#[test]
fn a_request_without_a_body_has_none_each_time() {
    let server = flaky();
    agent().get(server.url()).header("X-A", "b").extension("mine").call().unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!((request.body.len(), request.header("content-length")), (0, None));
        assert_eq!((request.header("transfer-encoding"), request.header("x-a")), (None, Some("b")));
    }
}
