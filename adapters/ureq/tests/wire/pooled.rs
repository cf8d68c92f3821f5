//! Connections from the pool that are dead, and do not look it (X1).

use std::io::{BufReader, Write};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use insist_ureq::insisting::ReportSlot;
use insist_ureq::{Agent, Insist};

use crate::server::{POLICY, Scripted, Tls, agent, hold, ok, reader, request, reset};

const IDLE: usize = 3;

/// Makes three idle connections.
fn fill_pool(agent: &Agent, url: &str) {
    thread::scope(|scope| {
        for _ in 0..IDLE {
            scope.spawn(|| agent.get(url).call().unwrap().into_body().read_to_vec().unwrap());
        }
    });
}

/// Starts a server whose first three connections are answered together, so that there are three, and then do this.
fn server(then: impl Fn(std::net::TcpStream) + Send + Sync + 'static) -> Scripted {
    let together = Arc::new(Barrier::new(IDLE));
    Scripted::start(move |number, socket| {
        let mut requests = reader(&socket);
        if number <= IDLE {
            request(&mut requests);
            together.wait();
            ok(&socket, "old");
            if request(&mut requests).is_some() {
                then(socket);
            }
            return;
        }
        while request(&mut requests).is_some() {
            ok(&socket, "new");
        }
    })
}

#[test]
fn one_attempt_is_spent_on_dead_connections_however_many_there_are() {
    let server = server(reset);
    let agent = agent();
    fill_pool(&agent, &server.url());
    let slot = ReportSlot::new();
    let mut answer = agent.get(server.url()).report_to(&slot).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "new");
    assert_eq!(slot.take().unwrap().attempts, 2);
    assert_eq!(server.connections(), IDLE + 1);
}

#[test]
fn the_other_dead_connections_are_let_go_as_well() {
    let server = server(reset);
    let agent = agent();
    fill_pool(&agent, &server.url());
    agent.get(server.url()).call().unwrap().into_body().read_to_vec().unwrap();
    for _ in 0..3 {
        let slot = ReportSlot::new();
        agent.get(server.url()).report_to(&slot).call().unwrap().into_body().read_to_vec().unwrap();
        assert_eq!(slot.take().unwrap().attempts, 1);
    }
}

#[test]
fn a_connection_that_keeps_silent_is_not_used_again_nor_are_those_beside_it() {
    let server = server(|socket| hold(&socket));
    let agent = agent().policy(POLICY.attempt_timeout(Duration::from_millis(100)));
    fill_pool(&agent, &server.url());
    let slot = ReportSlot::new();
    let mut answer = agent.get(server.url()).report_to(&slot).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "new");
    assert_eq!(slot.take().unwrap().attempts, 2);
}

#[test]
fn a_failure_of_a_new_connection_lets_no_other_go() {
    let server = Scripted::start(|number, socket| {
        let mut requests = reader(&socket);
        while let Some(request) = request(&mut requests) {
            if number == 2 && !request.line.contains("warm") {
                return reset(socket);
            }
            ok(&socket, &number.to_string());
        }
    });
    let agent = agent();
    // The first connection is in use while the second is opened, and idle when the second fails.
    let busy = agent.get(format!("{}warm", server.url())).call().unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| agent.get(server.url()).call().unwrap().into_body().read_to_string().unwrap());
        thread::sleep(Duration::from_millis(1));
        drop(busy.into_body().read_to_string());
        second.join().unwrap();
    });
    assert!(server.connections() <= 3);
}

/// The server sends close_notify with each answer, and keeps the TCP connection open.
#[test]
fn a_tls_stream_that_has_ended_is_not_open() {
    let tls = Tls::new();
    let accept = tls.acceptor();
    let server = Scripted::start(move |number, socket| {
        let held = socket.try_clone().unwrap();
        let mut stream = BufReader::new(accept(socket));
        request(&mut stream);
        let stream = stream.get_mut();
        let body = number.to_string();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        hold(&held);
    });
    let agent = tls.agent();
    let url = format!("https://{}/", server.address);
    for number in 1..=3 {
        // A POST is sent once: a dead connection would be its end.
        let mut answer = agent.post(&url).send("x").unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), number.to_string());
    }
}

#[test]
fn a_tls_connection_that_is_alive_is_used_again() {
    let tls = Tls::new();
    let accept = tls.acceptor();
    let server = Scripted::start(move |_, socket| {
        let mut stream = BufReader::new(accept(socket));
        while request(&mut stream).is_some() {
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        }
    });
    let agent = tls.agent();
    for _ in 0..5 {
        let mut answer = agent.get(format!("https://{}/", server.address)).call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "hi");
    }
    assert_eq!(server.connections(), 1);
}
