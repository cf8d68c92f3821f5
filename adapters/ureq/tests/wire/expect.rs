//! Interim answers: `Expect: 100-continue` and what comes of it (X2, X24).

use std::time::Duration;

use insist_ureq::{Error, Insist};

use crate::server::{POLICY, Scripted, agent, head, hold, ok, reader, request, write};

/// Long enough that a call that hangs is seen, and no call is cut that does not.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_final_answer_instead_of_100_continue_is_the_answer() {
    let server = Scripted::start(|_, socket| {
        head(&mut reader(&socket));
        write(&socket, "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n");
        hold(&socket);
    });
    let agent = agent().policy(POLICY.attempts(1).attempt_timeout(LONG));
    let result = agent.put(server.url()).header("Expect", "100-continue").send("x");
    assert!(matches!(result, Err(Error::StatusCode(403))), "{result:?}");
}

#[test]
fn a_100_with_fields_is_a_100() {
    let server = Scripted::start(|_, socket| {
        let mut requests = reader(&socket);
        head(&mut requests);
        write(&socket, "HTTP/1.1 100 Continue\r\nDate: now\r\nServer: x\r\n\r\n");
        let mut body = [0];
        std::io::Read::read_exact(&mut requests, &mut body).unwrap();
        ok(&socket, &String::from_utf8_lossy(&body));
    });
    let agent = agent().policy(POLICY.attempts(1).attempt_timeout(LONG));
    let mut answer = agent.put(server.url()).header("Expect", "100-continue").send("x").unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "x");
}

#[test]
fn interim_answers_that_nobody_asked_for_are_passed_over() {
    let server = Scripted::start(|_, socket| {
        let mut requests = reader(&socket);
        while request(&mut requests).is_some() {
            write(&socket, "HTTP/1.1 100 Continue\r\nDate: now\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
            ok(&socket, "hello");
        }
    });
    let agent = agent().policy(POLICY.attempts(1).attempt_timeout(LONG));
    for _ in 0..3 {
        let mut answer = agent.get(server.url()).call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "hello");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn without_any_answer_the_body_is_sent_after_a_second() {
    let server = Scripted::start(|_, socket| {
        let body = request(&mut reader(&socket)).unwrap().body;
        ok(&socket, &String::from_utf8_lossy(&body));
    });
    let mut answer = agent().put(server.url()).header("Expect", "100-continue").send("late").unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "late");
}
