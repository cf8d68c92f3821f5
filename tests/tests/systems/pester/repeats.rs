//! When an attempt is sent again: how often, after which wait, after which status, and which requests.

use std::time::{Duration, Instant};

use insist_blocking::{VirtualClock, retry};
use insist_core::{Action, Jitter, Policy, Verdict, play};
use insist_flaky::{Answer, Server};
use insist_tests::words::{LONG, LONGEST, NOBODY, SECOND, failing, ms, sends};
use insist_ureq::http::header::RETRY_AFTER;
use insist_ureq::http::{HeaderMap, Request, StatusCode};
use insist_ureq::insisting::{Reason, ReportSlot, Rules, Settings};
use insist_ureq::{Error, Insist, RequestExt};

use super::{agent, text};

/// Fault P14.
#[test]
fn attempts_counts_sends_with_the_first_included() {
    for attempts in 1..=5 {
        let server = Server::start(Answer::status(503)).unwrap();
        agent(Policy::zero().attempts(attempts)).get(server.url()).call().unwrap_err();
        assert_eq!(server.request_count(), attempts as usize);
    }
}

/// Fault P14: pester made 1 of 0 and of −1.
#[test]
fn no_attempts_at_all_are_refused_before_anything_is_sent() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let Err(Error::Other(error)) = agent(Policy::zero().attempts(0)).get(server.url()).call() else { panic!() };
    assert_eq!(error.to_string(), "nothing was sent: attempts is 0; a call needs at least 1");
    assert_eq!(server.request_count(), 0);
}

fn every_jitter() -> [Jitter; 5] {
    [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::fraction(1.0 / 3.0), Jitter::fraction(1.0)]
}

fn endless(policy: Policy) -> Policy {
    policy.unlimited_attempts().deadline(SECOND)
}

/// Fault P1.
#[test]
fn an_exponential_delay_grows_to_the_longest_there_is_and_stays_there() {
    let policy = endless(Policy::exponential(SECOND).no_cap().jitter(Jitter::None));
    let delays: Vec<_> = policy.delays(7).take(10_000).collect();
    assert_eq!(delays[34], Duration::from_secs(1 << 34), "pester's was negative here");
    assert!(delays.windows(2).all(|two| two[0] <= two[1]));
    assert_eq!(delays[35..], vec![LONGEST; 9_965]);

    let capped = endless(Policy::exponential(SECOND).jitter(Jitter::None));
    assert!(capped.delays(7).skip(4).take(10_000).all(|delay| delay == Duration::from_secs(10)));
}

/// Fault P1.
#[test]
fn a_call_whose_delays_outgrow_time_gives_up_and_never_sends_without_a_wait() {
    let policy = Policy::exponential(SECOND).no_cap().jitter(Jitter::None).attempts(100);
    let timeline = play(&policy, 7, &failing(100, ms(1)));
    let sent = sends(&timeline);
    assert!(sent.len() > 30, "{timeline}");
    assert!(sent.windows(2).all(|two| two[1].saturating_since(two[0]) > SECOND), "{timeline}");
    assert!(matches!(timeline.steps.last().unwrap().action, Action::GiveUp(_)), "{timeline}");
}

/// Fault P2.
#[test]
fn jitter_on_the_longest_delay_is_a_draw_like_any_other() {
    for jitter in every_jitter() {
        for base in [SECOND, LONGEST, Duration::MAX] {
            let policy = endless(Policy::exponential(base).no_cap().jitter(jitter));
            for seed in 0..50 {
                let late: Vec<_> = policy.delays(seed).skip(100).take(100).collect();
                assert!(late.iter().any(|delay| *delay > Duration::from_secs(1 << 30)), "{jitter:?} {late:?}");
                let is_drawn = jitter != Jitter::None;
                assert_eq!(late.windows(2).any(|two| two[0] != two[1]), is_drawn, "{jitter:?} {late:?}");
            }
        }
    }
}

/// Fault P3.
#[test]
fn jitter_on_a_delay_of_zero_is_zero() {
    for jitter in every_jitter() {
        for policy in [
            Policy::zero(),
            Policy::constant(Duration::ZERO),
            Policy::linear(Duration::ZERO),
            Policy::exponential(Duration::ZERO),
            Policy::fibonacci(Duration::ZERO),
            Policy::decorrelated(Duration::ZERO),
        ] {
            let delays = endless(policy.jitter(jitter)).delays(7).take(100).collect::<Vec<_>>();
            assert_eq!(delays, [Duration::ZERO; 100], "{policy:?}");
        }
        // A third of these, in whole nanoseconds, is 0.
        for nanos in [1, 2] {
            let base = Duration::from_nanos(nanos);
            assert!(endless(Policy::constant(base).jitter(jitter)).delays(7).take(100).all(|delay| delay <= 2 * base));
        }
    }
}

/// Fault sethgrid/pester #9: the example that pester was announced with. Its default of "only 5xx" broke it, and
/// nothing could be said.
#[test]
fn a_404_can_be_retried_until_the_replicas_have_caught_up() {
    let server = Server::start([Answer::status(404), Answer::status(404), Answer::ok("doc")]).unwrap();
    let answer = agent(Policy::zero()).get(server.url()).rules(Rules::new().retry_status(404)).call().unwrap();
    assert_eq!(text(answer), "doc");
    assert!(matches!(agent(Policy::zero().attempts(1)).get(server.url()).call(), Ok(answer) if answer.status() == 200));
}

/// Fault sethgrid/pester #31, sethgrid/pester #32.
#[test]
fn a_429_is_retried_unless_the_rules_leave_it_out() {
    let server = Server::start([Answer::status(429), Answer::ok("hello"), Answer::status(429)]).unwrap();
    assert_eq!(text(agent(Policy::zero()).get(server.url()).call().unwrap()), "hello");
    let result = agent(Policy::zero()).get(server.url()).rules(Rules::new().no_retry_status(429)).call();
    assert!(matches!(result, Err(Error::StatusCode(429))), "{result:?}");
    assert_eq!(server.request_count(), 3);
}

/// Fault sethgrid/pester #34, sethgrid/pester #35: a backoff for each status.
#[test]
fn each_status_can_have_a_wait_of_its_own() {
    let clock = VirtualClock::new();
    let mut at = Vec::new();
    let statuses = [429, 503, 429, 200];
    let status = retry(&Policy::zero().attempts(4), |attempt| {
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

const MINUTE: Duration = Duration::from_secs(60);

/// Fault P10.
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
        retry(&Policy::zero(), |attempt| Ok(if attempt.id == 1 { 503 } else { 200 })).judge(judge).clock(&clock).call();
    assert_eq!(status, Ok(200));
    assert_eq!(clock.elapsed(), MINUTE);
}

/// Fault P10.
#[test]
fn a_retry_after_is_waited_out_on_the_wire() {
    let server = Server::start([Answer::status(429).header("Retry-After", "1"), Answer::ok("hello")]).unwrap();
    let started = Instant::now();
    assert_eq!(text(agent(Policy::zero()).get(server.url()).call().unwrap()), "hello");
    assert!(started.elapsed() >= SECOND);
    assert_eq!(server.request_count(), 2);
}

/// Fault P10.
#[test]
fn a_retry_after_beyond_the_limit_is_handed_back_at_once() {
    let server = Server::start(Answer::status(503).header("Retry-After", "60")).unwrap();
    let slot = ReportSlot::new();
    let result = agent(Policy::zero().hint_limit(MINUTE - SECOND)).get(server.url()).report_to(&slot).call();
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    let report = slot.take().unwrap();
    assert_eq!(report.reason, Some(Reason::RetryAfter));
    assert_eq!(report.hint, Some(MINUTE));
    assert_eq!(server.request_count(), 1);

    // Nor is one begun that the deadline would cut short.
    let policy = Policy::zero().deadline(MINUTE);
    agent(policy).get(server.url()).report_to(&slot).call().unwrap_err();
    assert_eq!(slot.take().unwrap().hint, Some(MINUTE));
    assert_eq!(server.request_count(), 2);
}

/// Fault P9.
#[test]
fn a_post_that_the_server_failed_is_not_repeated() {
    let server = Server::start([Answer::status(500), Answer::reset()]).unwrap();
    let slot = ReportSlot::new();
    let result = agent(Policy::zero()).post(server.url()).report_to(&slot).send("order");
    assert!(matches!(result, Err(Error::StatusCode(500))), "{result:?}");
    assert_eq!(slot.take().unwrap().reason, Some(Reason::NotRepeatable));
    let result = agent(Policy::zero()).post(server.url()).send("order");
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(server.request_count(), 2);
}

/// Fault P9.
#[test]
fn a_post_with_an_idempotency_key_is_repeated() {
    let server = Server::start([Answer::status(500), Answer::reset(), Answer::ok("ordered")]).unwrap();
    let answer = agent(Policy::zero()).post(server.url()).header("Idempotency-Key", "7").send("order").unwrap();
    assert_eq!(text(answer), "ordered");
    let requests = server.requests();
    assert!(requests.len() == 3 && requests.iter().all(|request| request.header("idempotency-key") == Some("7")));
}

/// Fault P9.
#[test]
fn a_post_whose_connection_was_refused_is_repeated() {
    let slot = ReportSlot::new();
    let result = agent(Policy::zero()).post(NOBODY).report_to(&slot).send("order");
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    let report = slot.take().unwrap();
    assert_eq!(report.attempts, 3);
    assert_eq!(report.reason, Some(Reason::Attempts));
}

/// Fault P9: pester raced what is spelled "GET", and nothing else.
#[test]
fn head_and_options_and_a_post_with_a_key_may_be_raced() {
    for (method, key) in [("HEAD", None), ("OPTIONS", None), ("DELETE", None), ("POST", Some("7"))] {
        // Only the second attempt is answered, and nothing ends the first one before that.
        let server = Server::start([Answer::never(), Answer::ok("")]).unwrap();
        let mut request = Request::builder().method(method).uri(server.url());
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let policy = Policy::zero().lanes(2).attempts(2).deadline(LONG);
        let result = request.body(()).unwrap().insist(&Settings::new().policy(policy)).with_default_agent().run();
        assert!(result.is_ok(), "{method}: {result:?}");
        assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG), "{method}");
    }
}

/// Fault P9.
#[test]
fn a_post_is_not_raced() {
    let server = Server::start(Answer::ok("ordered")).unwrap();
    let slot = ReportSlot::new();
    agent(Policy::zero().lanes(3)).post(server.url()).report_to(&slot).send("order").unwrap();
    let report = slot.take().unwrap();
    assert_eq!(server.request_count(), 1);
    assert_eq!(report.attempts, 1);
    assert_eq!(report.hedges, 0);
}
