//! The faults of reqwest, reqwest-retry and retry-policies, and what uv found in them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_core::{Action, Budget, Call, Jitter, Policy, Reason, Verdict, play};
use insist_flaky::{Answer, Server};
use insist_tests::words::{LONGEST, SECOND, at, end, failing, gave_up, ms, secs, sends};
use insist_ureq::http::Request;
use insist_ureq::insisting::{Hosts, ReportSlot, Rules};
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Error, Insist, SendBody};

use crate::draws::{EVERY_JITTER, endless, every_shape};

/// Fault R22: retry-policies 0.5 looked at the time before its wait only: of 30 s, it sent in second 629. O6: tenacity
/// too.
#[test]
fn no_wait_leads_past_the_deadline() {
    let policy = Policy::exponential(SECOND).no_cap().jitter(Jitter::None).unlimited_attempts().deadline(secs(30));
    let timeline = play(&policy, 1, &failing(100, ms(100)));
    let last = *sends(&timeline).last().unwrap();
    let gave_up = gave_up(&timeline);
    assert_eq!(last, at(15_400));
    assert_eq!(gave_up.at, at(15_500));
    assert_eq!(gave_up.reason, Reason::Deadline);
}

/// Fault R23: retry-policies 0.5 goes by the time of day: set back, its limit never came.
#[test]
fn a_clock_that_is_set_back_lengthens_no_deadline() {
    let policy = Policy::constant(SECOND).jitter(Jitter::None).unlimited_attempts().deadline(secs(30));
    let mut call = Call::new(&policy, &(), at(1_000_000), 1);
    // Each attempt begins when its wait is over, and is found to have failed by a clock that stands at 0 again.
    let (mut now, mut sent) = (at(1_000_000), Vec::new());
    let stop = loop {
        match call.poll(now) {
            Action::Send(attempt) => {
                sent.push(now);
                call.handle(at(0), attempt.id, Verdict::retry());
            }
            Action::Wait { until, .. } => now = until.unwrap(),
            Action::GiveUp(stop) => break stop,
            other => panic!("{other}"),
        }
        assert!(sent.len() <= 30, "{sent:?}");
    };
    assert_eq!(stop.reason(), Reason::Deadline);
    assert_eq!(sent, (1000..1030).map(|second| at(second * 1000)).collect::<Vec<_>>());
}

/// Fault R24: retry-policies 0.5 counted its steps up to the longest delay when it was built, for ever from a base of
/// 0.
#[test]
fn a_base_of_zero_is_built_at_compile_time_and_ends() {
    const POLICIES: [Policy; 3] = [
        Policy::exponential(Duration::ZERO).cap(SECOND).attempts(50),
        Policy::fibonacci(Duration::ZERO).cap(Duration::ZERO).attempts(50),
        Policy::exponential(Duration::ZERO).unlimited_attempts().lane_attempts(50).deadline(SECOND),
    ];
    for policy in POLICIES {
        assert_eq!(policy.delays(1).count(), 49);
        assert_eq!(end(&play(&policy, 1, &failing(50, ms(1)))).0, at(50));
    }
}

/// Fault R25: retry-policies 0.5 multiplied a long delay by a `u32`, and panicked.
#[test]
fn the_longest_base_there_is_does_not_overflow() {
    for base in [Duration::MAX, LONGEST, LONGEST / 2, LONGEST - Duration::from_nanos(1)] {
        for policy in every_shape(base) {
            for policy in [policy.no_cap(), policy.cap(Duration::MAX), policy.cap(SECOND)] {
                assert_eq!(endless(policy).delays(1).take(200).count(), 200);
            }
        }
    }
}

fn agent() -> Agent {
    Agent::new_with_defaults().policy(Policy::zero().attempts(4))
}

/// Fault R26: reqwest-retry 0.9 sends again after every status of the server's, 501 and 505 too.
#[test]
fn what_a_server_cannot_do_is_not_asked_of_it_again() {
    for status in [501, 505, 506, 507, 508, 510, 511] {
        let server = Server::start(Answer::status(status)).unwrap();
        let result = agent().get(server.url()).call();
        assert!(matches!(result, Err(Error::StatusCode(code)) if code == status), "{result:?}");
        assert_eq!(server.request_count(), 1);
    }
}

/// Fault R26: reqwest-retry 0.9 has no look at the method: 4 POSTs. R28: reqwest 0.13 looks from the second retry on
/// only.
#[test]
fn a_post_that_may_have_arrived_is_sent_once_whatever_came_of_it() {
    for answer in [Answer::status(500), Answer::status(503), Answer::status(429), Answer::reset(), Answer::close()] {
        let server = Server::start(answer).unwrap();
        agent().post(server.url()).send("order").unwrap_err();
        agent().patch(server.url()).rules(Rules::new().retry_status(404)).send("order").unwrap_err();
        assert_eq!(server.request_count(), 2);
    }
}

/// Fault R27: what middleware put on a request for one attempt of reqwest-retry 0.9 was there in the next.
#[test]
fn what_is_added_to_one_attempt_is_not_in_the_next() {
    #[derive(Clone)]
    struct Mark;
    let server = Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello")]).unwrap();
    let (seen, is_marked) = (Arc::new(Mutex::new(Vec::new())), |request: &Request<SendBody<'_>>| {
        request.extensions().get::<Mark>().is_some() || request.headers().contains_key("x-mark")
    });
    let sees = Arc::clone(&seen);
    let marks = move |mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>| {
        sees.lock().unwrap().push(is_marked(&request));
        request.extensions_mut().insert(Mark);
        request.headers_mut().append("x-mark", "yes".parse().unwrap());
        next.handle(request)
    };
    let agent: Agent = Agent::config_builder().middleware(marks).policy(Policy::zero()).build().into();
    agent.get(server.url()).call().unwrap();
    assert_eq!(*seen.lock().unwrap(), [false; 3]);
    for request in server.requests() {
        let marks = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-mark")).count();
        assert_eq!(marks, 1);
    }
}

/// Fault R27: reqwest-retry 0.9 wrapped the error of a failed connection, so that it was none any more.
#[test]
fn the_error_of_the_last_attempt_comes_back_as_it_was() {
    // No system hands out this port by itself.
    let (agent, slot) = (Agent::new_with_defaults().policy(Policy::zero()), ReportSlot::new());
    let result = agent.get("http://127.0.0.1:1/").report_to(&slot).call();
    let Err(Error::Io(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    let report = slot.take().unwrap();
    let numbers: Vec<_> = report.log.entries().iter().map(|entry| entry.attempt).collect();
    assert_eq!(report.reason, Some(Reason::Attempts));
    assert_eq!(numbers, [1, 2, 3]);
}

/// Fault R28: in reqwest 0.13 the successes of other hosts paid for the retries of the one that has the budget.
#[test]
fn the_successes_of_one_host_pay_for_no_retry_of_another() {
    let [well, down] = [Answer::ok("hello"), Answer::status(503)].map(|answer| Server::start(answer).unwrap());
    let hosts = Hosts::new(|| Budget::new(1.0).with_reserve(0));
    let policy = Policy::zero().attempts(10);
    let agent: Agent = Agent::config_builder().policy(policy).gate_per_host(hosts).build().into();
    for _ in 0..20 {
        agent.get(well.url()).call().unwrap();
    }
    agent.get(down.url()).call().unwrap_err();
    assert_eq!(well.request_count(), 20, "its own first send paid for one");
    assert_eq!(down.request_count(), 2, "its own first send paid for one");
}

/// Fault R29: reqwest 0.13 retries at once, as often as it may.
#[test]
fn a_policy_that_says_nothing_waits_between_attempts() {
    let policy = Policy::default().attempts(6);
    for seed in 0..100 {
        let sent = sends(&play(&policy, seed, &failing(6, Duration::ZERO)));
        assert!(sent.windows(2).all(|two| two[0] < two[1]));
        assert!(sent[5] > at(200), "the five waits were drawn from up to 3.1 s");
    }
}

/// Fault astral-sh/uv #18201: with full jitter a first delay of next to nothing is drawn, and there was no floor to
/// set.
#[test]
fn a_floor_holds_under_any_jitter() {
    for jitter in EVERY_JITTER {
        for policy in every_shape(SECOND) {
            let policy = endless(policy.jitter(jitter).floor(ms(300)));
            assert!((0..100).flat_map(|seed| policy.delays(seed).take(10)).all(|delay| delay >= ms(300)));
        }
    }
}
