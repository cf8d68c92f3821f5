//! What the server asks for: Retry-After.

use std::time::{Duration, Instant};

use insist_blocking::{VirtualClock, retry};
use insist_flaky::{Answer, Server};
use insist_ureq::http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use insist_ureq::insisting::{Policy, Reason, ReportSlot, Rules};
use insist_ureq::{Error, Insist};

use crate::{agent, text};

const POLICY: Policy = Policy::zero();
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

// P10
#[test]
fn a_retry_after_of_a_minute_is_waited_out() {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, "60".parse().unwrap());
    let judge = |outcome: &Result<u16, &str>| {
        let status = StatusCode::from_u16((*outcome).unwrap()).unwrap();
        Rules::new().judge_by_system_clock(status, &headers)
    };
    let clock = VirtualClock::new();
    let status =
        retry(&POLICY, |attempt| Ok(if attempt.id == 1 { 503 } else { 200 })).judge(judge).clock(&clock).call();
    assert_eq!((status, clock.elapsed()), (Ok(200), MINUTE));
}

// P10
#[test]
fn a_retry_after_is_waited_out_on_the_wire() {
    let server = Server::start([Answer::status(429).header("Retry-After", "1"), Answer::ok("hello")]).unwrap();
    let started = Instant::now();
    assert_eq!(text(agent(POLICY).get(server.url()).call().unwrap()), "hello");
    assert!(started.elapsed() >= SECOND);
    assert_eq!(server.request_count(), 2);
}

// P10
#[test]
fn a_retry_after_beyond_the_limit_is_handed_back_at_once() {
    let server = Server::start(Answer::status(503).header("Retry-After", "60")).unwrap();
    let slot = ReportSlot::new();
    let result = agent(POLICY.hint_limit(MINUTE - SECOND)).get(server.url()).report_to(&slot).call();
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    let report = slot.take().unwrap();
    assert_eq!((report.reason, report.hint), (Some(Reason::RetryAfter), Some(MINUTE)));
    assert_eq!(server.request_count(), 1);

    // Nor is one begun that the deadline would cut short.
    let policy = POLICY.deadline(MINUTE);
    agent(policy).get(server.url()).report_to(&slot).call().unwrap_err();
    assert_eq!(slot.take().unwrap().hint, Some(MINUTE));
    assert_eq!(server.request_count(), 2);
}
