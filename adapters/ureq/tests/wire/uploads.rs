//! Answers that come before the request is whole (X6).

use std::io::{BufReader, Write};
use std::time::Duration;

use insist_ureq::insisting::ReportSlot;
use insist_ureq::{Error, Insist};

use crate::server::{POLICY, Scripted, Tls, agent, head, reader, write};

const LONG: usize = 8 << 20;

fn early(status: &'static str) -> Scripted {
    Scripted::start(move |_, socket| {
        head(&mut reader(&socket));
        write(&socket, format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy"));
        std::thread::sleep(Duration::from_millis(150));
    })
}

#[test]
fn an_answer_that_came_before_the_upload_was_refused_is_the_answer() {
    let server = early("413 Too Large");
    for _ in 0..5 {
        let slot = ReportSlot::new();
        let result = agent().put(server.url()).report_to(&slot).send(vec![b'x'; LONG]);
        assert!(matches!(result, Err(Error::StatusCode(413))), "{result:?}");
        assert_eq!(slot.take().unwrap().attempts, 1);
    }
}

#[test]
fn its_hint_is_read() {
    let server = early("503 Busy\r\nRetry-After: 100");
    let slot = ReportSlot::new();
    let agent = agent().policy(POLICY.hint_limit(Duration::from_secs(1)));
    let result = agent.put(server.url()).report_to(&slot).send(vec![b'x'; LONG]);
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    assert_eq!(slot.take().unwrap().hint, Some(Duration::from_secs(100)));
}

#[test]
fn its_connection_is_not_used_again() {
    let server = early("413 Too Large");
    let agent = agent();
    for number in 1..=3 {
        let _ = agent.put(server.url()).send(vec![b'x'; LONG]);
        assert_eq!(server.connections(), number);
    }
}

#[test]
fn with_tls_too() {
    let tls = Tls::new();
    let accept = tls.acceptor();
    let server = Scripted::start(move |_, socket| {
        let mut stream = BufReader::new(accept(socket));
        head(&mut stream);
        let stream = stream.get_mut();
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
        stream.flush().unwrap();
        std::thread::sleep(Duration::from_millis(150));
    });
    let agent = tls.agent();
    for _ in 0..5 {
        let result = agent.put(format!("https://{}/", server.address)).send(vec![b'x'; LONG]);
        assert!(matches!(result, Err(Error::StatusCode(413))), "{result:?}");
    }
}
