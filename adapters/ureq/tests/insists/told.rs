//! Reports and hooks: what is told of a call.

use std::sync::{Arc, Mutex};

use insist_flaky::{Answer, Server};
use insist_ureq::insisting::{Decision, Event, Reason, Report, ReportSlot, Verdict};
use insist_ureq::{Error, Insist};

use crate::agent;

#[test]
fn the_report_is_there_whatever_came_of_the_call() {
    let server =
        Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello"), Answer::status(500)]).unwrap();
    let agent = agent();

    let answer = agent.get(server.at("/x")).with_report().call().unwrap();
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!((report.attempts, report.reason, report.winner.unwrap().attempt), (3, None, 3));
    let details: Vec<_> = report.log.entries().iter().map(|entry| entry.detail.clone().unwrap()).collect();
    assert_eq!(details.iter().map(|detail| detail.status).collect::<Vec<_>>(), [Some(503), None, Some(200)]);
    assert!(details[1].error.as_ref().unwrap().starts_with("io: "), "{details:?}");
    assert!(details.iter().all(|detail| detail.target == server.at("/x")));

    let slot = ReportSlot::new();
    let failing = || agent.get(server.url()).report_to(&slot).call()?.body_mut().read_to_string();
    assert!(failing().is_err());
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason), (3, Some(Reason::Attempts)));
    assert!(slot.take().is_none());

    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let agent = agent.on_report(move |report| noted.lock().unwrap().push(report.attempts));
    agent.get(server.url()).call().unwrap_err();
    agent.get("no address").call().unwrap_err();
    assert_eq!(*seen.lock().unwrap(), [3], "a call that ureq refuses is none");
}

#[test]
fn a_hook_sees_every_decision() {
    let server = Server::start([Answer::status(503), Answer::ok("hello")]).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let hook = move |event: &Event<'_>| {
        // `5ms: send attempt 1`, in which the time differs from run to run.
        let line = event.to_string();
        noted.lock().unwrap().push(line.split_once(": ").unwrap().1.to_owned());
    };
    agent().get(server.url()).notify(hook).call().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.first().unwrap(), "send attempt 1 (first in lane 0)");
    assert_eq!(seen.last().unwrap(), "return attempt 2");
}

#[test]
fn a_hook_sees_the_answer_or_the_error_that_a_verdict_was_made_from() {
    let server = Server::start([Answer::status(429), Answer::reset(), Answer::ok("hello")]).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let agent = agent().notify(move |event| {
        if let Decision::Judged(judged) = &event.decision {
            let what = match judged.outcome {
                Some(Ok(answer)) => answer.status().to_string(),
                Some(Err(Error::Io(error))) => error.kind().to_string(),
                other => format!("{other:?}"),
            };
            noted.lock().unwrap().push((what, judged.verdict));
        }
    });
    agent.get(server.url()).call().unwrap();
    let seen = seen.lock().unwrap();
    let [busy, reset, hello] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(busy, &("429 Too Many Requests".to_owned(), Verdict::retry().throttled()));
    assert_eq!(reset.1, Verdict::retry(), "{}", reset.0);
    assert_eq!(hello, &("200 OK".to_owned(), Verdict::Accept));
}

#[test]
fn a_report_is_a_sentence_and_a_line_an_attempt_whose_times_count_from_the_start() {
    let server = Server::start([Answer::status(503), Answer::ok("hello")]).unwrap();
    let slot = ReportSlot::new();
    agent().get(server.at("/x")).report_to(&slot).call().unwrap();
    let text = slot.take().unwrap().to_string();
    let target = server.at("/x");
    let lines: Vec<&str> = text.lines().collect();
    let [sentence, first, second] = lines[..] else { panic!("{text}") };
    assert!(sentence.starts_with("attempt 2 succeeded; 2 attempts in "), "{sentence}");
    assert!(first.starts_with("attempt 1 (first in lane 0): sent at "), "{first}");
    assert!(first.ends_with(&format!(": retry ({target}, status 503)")), "{first}");
    assert!(second.ends_with(&format!(": accept ({target}, status 200)")), "{second}");
}
