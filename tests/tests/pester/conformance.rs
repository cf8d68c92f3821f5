//! Pester's own tests as they are for insist. What insist does otherwise is asserted, and says why.

use std::time::Duration;

use insist_core::{Jitter, Policy};
use insist_flaky::{Answer, Server};
use insist_ureq::insisting::{Report, ReportSlot, Rules};
use insist_ureq::{Error, Insist};

use crate::{NOBODY, agent};

/// Pester's concurrency of 3 with 3 attempts each: insist says both, and the sum.
const THREE_BY_THREE: Policy = Policy::zero().lanes(3).lane_attempts(3).attempts(9);

/// The report of a call that gave up.
fn gave_up(policy: Policy, url: &str, rules: Rules) -> (Error, Report) {
    let slot = ReportSlot::new();
    let error = agent(policy).get(url).rules(rules).report_to(&slot).call().unwrap_err();
    (error, slot.take().unwrap())
}

/// How many attempts failed and might have been retried: what pester's log held.
fn failures(report: &Report) -> usize {
    report.log.entries().iter().filter(|entry| entry.end.unwrap().as_str() == "retry").count()
}

// Row P1: TestConcurrentRequests.
#[test]
fn three_lanes_of_three_attempts_fail_nine_times_where_nobody_listens() {
    let (_, report) = gave_up(THREE_BY_THREE, NOBODY, Rules::new());
    assert_eq!((failures(&report), report.attempts, report.retries, report.hedges), (9, 9, 6, 2));
}

// Row P3: TestConcurrentRequestsWith429. There a flag asks for it; insist retries 429 by default.
#[test]
fn three_lanes_of_three_attempts_fail_nine_times_with_429() {
    let server = Server::start(Answer::status(429)).unwrap();
    let (error, report) = gave_up(THREE_BY_THREE, &server.url(), Rules::new());
    assert!(matches!(error, Error::StatusCode(429)), "{error:?}");
    assert_eq!((failures(&report), server.request_count()), (9, 9));
}

// Row P5: TestConcurrentRequestsWith400.
#[test]
fn a_400_ends_a_race_without_a_failure() {
    let server = Server::start(Answer::status(400)).unwrap();
    let (error, report) = gave_up(THREE_BY_THREE, &server.url(), Rules::new());
    assert!(matches!(error, Error::StatusCode(400)), "{error:?}");
    assert_eq!((failures(&report), report.retries, report.reason), (0, 0, None));
}

// Row P7: TestConcurrent2Retry0for429. There no retry at all is written as 0 and sends once a lane; here it is 1 send.
#[test]
fn two_lanes_without_retries_fail_twice_with_429_if_it_is_a_failure() {
    let server = Server::start(Answer::status(429)).unwrap();
    let policy = Policy::zero().lanes(2).lane_attempts(1);
    let (_, report) = gave_up(policy, &server.url(), Rules::new().no_retry_status(429));
    assert_eq!(failures(&report), 0);
    let (_, report) = gave_up(policy, &server.url(), Rules::new());
    assert_eq!((failures(&report), report.attempts), (2, 2));
}

// Row P9: TestDefaultBackoff. insist's own default grows and is jittered: clients that failed together spread out.
#[test]
fn a_constant_backoff_waits_a_second_each_time() {
    let policy = Policy::constant(Duration::from_secs(1)).jitter(Jitter::None);
    assert!(policy.delays(7).eq([Duration::from_secs(1); 2]), "pester's had a microsecond more");
    assert!(Policy::default().delays(7).all(|delay| delay <= Duration::from_millis(200)));
}

// Row P11, TestRetriesContextCancelledDuringWait, is in `cancel`; row P13, TestFormatError and the hooks, in `log`.
