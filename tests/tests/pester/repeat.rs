//! What may be sent twice, and what may be raced.

use insist_flaky::{Answer, Server};
use insist_ureq::http::Request;
use insist_ureq::insisting::{Policy, Reason, ReportSlot, Settings};
use insist_ureq::{Error, Insist, RequestExt};

use crate::{LONG, NOBODY, agent, text};

const POLICY: Policy = Policy::zero();

// P9
#[test]
fn a_post_that_the_server_failed_is_not_repeated() {
    let server = Server::start([Answer::status(500), Answer::reset()]).unwrap();
    let slot = ReportSlot::new();
    let result = agent(POLICY).post(server.url()).report_to(&slot).send("order");
    assert!(matches!(result, Err(Error::StatusCode(500))), "{result:?}");
    assert_eq!(slot.take().unwrap().reason, Some(Reason::NotRepeatable));
    let result = agent(POLICY).post(server.url()).send("order");
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(server.request_count(), 2);
}

// P9
#[test]
fn a_post_with_an_idempotency_key_is_repeated() {
    let server = Server::start([Answer::status(500), Answer::reset(), Answer::ok("ordered")]).unwrap();
    let answer = agent(POLICY).post(server.url()).header("Idempotency-Key", "7").send("order").unwrap();
    assert_eq!(text(answer), "ordered");
    let requests = server.requests();
    assert!(requests.len() == 3 && requests.iter().all(|request| request.header("idempotency-key") == Some("7")));
}

// P9
#[test]
fn a_post_whose_connection_was_refused_is_repeated() {
    let slot = ReportSlot::new();
    let result = agent(POLICY).post(NOBODY).report_to(&slot).send("order");
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason), (3, Some(Reason::Attempts)));
}

// P9: pester raced what is spelled "GET", and nothing else.
#[test]
fn head_and_options_and_a_post_with_a_key_may_be_raced() {
    for (method, key) in [("HEAD", None), ("OPTIONS", None), ("DELETE", None), ("POST", Some("7"))] {
        // Only the second attempt is answered, and nothing ends the first one before that.
        let server = Server::start([Answer::never(), Answer::ok("")]).unwrap();
        let mut request = Request::builder().method(method).uri(server.url());
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let policy = POLICY.lanes(2).attempts(2).deadline(LONG);
        let result = request.body(()).unwrap().insist(&Settings::new().policy(policy)).with_default_agent().run();
        assert!(result.is_ok(), "{method}: {result:?}");
        assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG), "{method}");
    }
}

// P9
#[test]
fn a_post_is_not_raced() {
    let server = Server::start(Answer::ok("ordered")).unwrap();
    let slot = ReportSlot::new();
    agent(POLICY.lanes(3)).post(server.url()).report_to(&slot).send("order").unwrap();
    let report = slot.take().unwrap();
    assert_eq!((server.request_count(), report.attempts, report.hedges), (1, 1, 0));
}
