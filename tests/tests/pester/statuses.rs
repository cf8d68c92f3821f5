//! Which statuses are retried, and how.

use std::time::Duration;

use insist_blocking::{Verdict, VirtualClock, retry};
use insist_flaky::{Answer, Server};
use insist_ureq::insisting::{Policy, Rules};
use insist_ureq::{Error, Insist};

use crate::{agent, ms, text};

const POLICY: Policy = Policy::zero();

// #9: the example that pester was announced with. Its default of "only 5xx" broke it, and nothing could be said.
#[test]
fn a_404_can_be_retried_until_the_replicas_have_caught_up() {
    let server = Server::start([Answer::status(404), Answer::status(404), Answer::ok("doc")]).unwrap();
    let answer = agent(POLICY).get(server.url()).rules(Rules::new().retry_status(404)).call().unwrap();
    assert_eq!(text(answer), "doc");
    assert!(matches!(agent(POLICY.attempts(1)).get(server.url()).call(), Ok(answer) if answer.status() == 200));
}

// #31, #32
#[test]
fn a_429_is_retried_unless_the_rules_leave_it_out() {
    let server = Server::start([Answer::status(429), Answer::ok("hello"), Answer::status(429)]).unwrap();
    assert_eq!(text(agent(POLICY).get(server.url()).call().unwrap()), "hello");
    let result = agent(POLICY).get(server.url()).rules(Rules::new().no_retry_status(429)).call();
    assert!(matches!(result, Err(Error::StatusCode(429))), "{result:?}");
    assert_eq!(server.request_count(), 3);
}

// #34, #35: a backoff for each status.
#[test]
fn each_status_can_have_a_wait_of_its_own() {
    let clock = VirtualClock::new();
    let mut at = Vec::new();
    let statuses = [429, 503, 429, 200];
    let status = retry(&POLICY.attempts(4), |attempt| {
        at.push(clock.elapsed());
        Ok::<_, &str>(statuses[attempt.id as usize - 1])
    })
    .judge(|outcome| match outcome {
        Ok(429) => Verdict::retry().exactly_after(Duration::from_secs(30)),
        Ok(503) => Verdict::retry().exactly_after(ms(50)),
        _ => Verdict::Accept,
    })
    .clock(&clock)
    .call();
    assert_eq!(status, Ok(200));
    assert_eq!(at, [0, 30_000, 30_050, 60_050].map(ms));
}
