//! The bodies of answers: cut, unwanted, silent, and those that are none (X5, X8, X17, X22, X23).

use std::io::{BufReader, Write};
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_ureq::insisting::{Reason, ReportSlot};
use insist_ureq::{Error, Insist};

use crate::server::{POLICY, Scripted, Tls, agent, ok, reader, request, reset, write};

/// The head and a part of a body that ends with the connection.
const PART: &str = "HTTP/1.1 200 OK\r\n\r\npart";

#[test]
fn a_body_that_ends_with_a_reset_is_not_whole() {
    let server = Scripted::start(|_, socket| {
        request(&mut reader(&socket));
        write(&socket, PART);
        std::thread::sleep(Duration::from_millis(20));
        reset(socket);
    });
    let mut answer = agent().get(server.url()).call().unwrap();
    let result = answer.body_mut().read_to_string();
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
}

#[test]
fn a_whole_body_that_ends_with_a_reset_is_asked_for_again() {
    let server = Scripted::start(|number, socket| {
        request(&mut reader(&socket));
        if number == 1 {
            write(&socket, PART);
            std::thread::sleep(Duration::from_millis(20));
            return reset(socket);
        }
        ok(&socket, "whole");
    });
    let mut answer = agent().get(server.url()).whole_body(1000).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "whole");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_body_that_ends_with_the_connection_is_whole() {
    let server = Scripted::start(|_, socket| {
        request(&mut reader(&socket));
        write(&socket, PART);
    });
    let mut answer = agent().get(server.url()).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "part");
}

/// Whoever is between can end a connection, but not a TLS stream.
#[test]
fn a_body_that_ends_without_the_end_of_its_tls_stream_is_not_whole() {
    let tls = Tls::new();
    let accept = tls.acceptor();
    let server = Scripted::start(move |number, socket| {
        let mut stream = BufReader::new(accept(socket));
        request(&mut stream);
        let stream = stream.get_mut();
        stream.write_all(PART.as_bytes()).unwrap();
        if number == 2 {
            stream.write_all(b" and rest").unwrap();
            stream.conn.send_close_notify();
        }
        stream.flush().unwrap();
    });
    let url = format!("https://{}/", server.address);
    let mut answer = tls.agent().get(&url).whole_body(1000).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "part and rest");
    assert_eq!(server.connections(), 2);
    let result = tls.agent().get(&url).call().unwrap().body_mut().read_to_string();
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
}

#[test]
fn a_range_is_asked_for_as_it_is() {
    let server = Server::start(Answer::ok("x")).unwrap();
    let agent = agent();
    agent.get(server.url()).header("Range", "bytes=1000-").call().unwrap();
    agent.get(server.url()).header("Range", "bytes=1-").header("Accept-Encoding", "br").call().unwrap();
    agent.get(server.url()).call().unwrap();
    let encodings: Vec<_> =
        server.requests().iter().map(|seen| seen.header("accept-encoding").unwrap_or_default().to_owned()).collect();
    assert_eq!(encodings, ["identity", "br", "gzip"]);
}

#[test]
fn an_answer_that_has_no_body_is_not_decoded() {
    let gzip = || Answer::status(204).header("Content-Encoding", "gzip");
    let script = Script::paths().path("/204", gzip()).path("/head", Answer::ok("").header("Content-Encoding", "gzip"));
    let server = Server::start(script.path("/304", Answer::status(304).header("Content-Encoding", "gzip"))).unwrap();
    for agent in [agent(), agent().whole_body(1000)] {
        for (method, path) in [("GET", "/204"), ("GET", "/304"), ("HEAD", "/head")] {
            let request = insist_ureq::http::Request::builder().method(method).uri(server.at(path)).body(()).unwrap();
            let slot = ReportSlot::new();
            let mut answer = agent.run(request.report_to(&slot)).unwrap();
            assert_eq!(answer.body_mut().read_to_string().unwrap(), "", "{method} {path}");
            assert_eq!(slot.take().unwrap().attempts, 1, "{method} {path}");
        }
    }
}

#[test]
fn a_plain_head_is_not_decoded_either() {
    let server = Server::start(Answer::ok("").header("Content-Encoding", "gzip")).unwrap();
    let mut answer = agent().head(server.url()).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "");
}

#[test]
fn an_accepted_404_does_not_cost_its_connection() {
    let server = Server::start(Answer::status(404).body("x".repeat(10_000))).unwrap();
    let plain = agent();
    let own = agent().policy(POLICY.deadline(Duration::from_secs(60)));
    for agent in [plain, own] {
        let before = server.connections();
        for _ in 0..12 {
            assert!(matches!(agent.get(server.url()).call(), Err(Error::StatusCode(404))));
        }
        assert_eq!(server.connections() - before, 1);
    }
}

#[test]
fn silence_in_a_body_has_a_limit_of_its_own() {
    let server = Scripted::start(|number, mut socket| {
        request(&mut reader(&socket));
        if number > 1 {
            // Slow, but never silent for long.
            write(&socket, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
            for _ in 0..20 {
                std::thread::sleep(Duration::from_millis(20));
                socket.write_all(b"x").unwrap();
            }
            return;
        }
        write(&socket, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nx");
        crate::server::hold(&socket);
    });
    let request = agent().get(server.url()).whole_body(100);
    let mut answer = request.config().timeout_per_read(Some(Duration::from_millis(300))).build().call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "x".repeat(20));
    assert_eq!(server.connections(), 2);
}

#[test]
fn the_deadline_holds_for_a_body_that_is_read_later() {
    let server = Scripted::start(|_, socket| {
        request(&mut reader(&socket));
        write(&socket, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nx");
        crate::server::hold(&socket);
    });
    let slot = ReportSlot::new();
    let agent = agent().policy(POLICY.deadline(Duration::from_millis(200)));
    let mut answer = agent.get(server.url()).report_to(&slot).call().unwrap();
    assert_eq!(slot.take().unwrap().reason, None::<Reason>);
    let result = std::thread::spawn(move || answer.body_mut().read_to_string()).join().unwrap();
    assert!(matches!(result, Err(Error::Timeout(insist_ureq::Timeout::Global))), "{result:?}");
}
