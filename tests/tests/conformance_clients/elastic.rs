//! Elastic (github.com/olivere/elastic, v7).
//!
//! E1, E3 and E5 are in `tests/presets/elastic.rs`. E7 goes over the wire, through `insist-ureq`. Left out: health
//! checks of nodes and sniffing; replicas that rest after a failure are tested in `insist-ureq`.

use std::time::Duration;

use insist_blocking::retry;
use insist_core::{Action, Instant, Jitter, Policy, Reason, Repeat, Verdict, play, play_with};
use insist_http::Rules;
use insist_tests::by_hand::ms;
use insist_ureq::insisting::ReportSlot;
use insist_ureq::{Agent, Insist};

use super::{ACCEPT, NOBODY, RETRY, always, answered, end, gave_up, script, sends};

/// TestExponentialBackoff(8 ms, 256 ms): five waits between these, and then no more. Its delay of t up to 2 t is
/// 1.5 t ± 1/3.
#[test]
fn five_waits_lie_below_the_cap_that_stops_and_the_sixth_never_does() {
    let policy = Policy::exponential(ms(12)).jitter(Jitter::fraction(1.0 / 3.0)).cap_that_stops(ms(256));
    let policy = policy.unlimited_attempts();
    for seed in 0..2_000 {
        let drawn: Vec<Duration> = policy.delays(seed).collect();
        assert_eq!(drawn.len(), 5, "seed {seed}");
        assert!(drawn.iter().all(|wait| (ms(8)..ms(256)).contains(wait)), "seed {seed}: {drawn:?}");
    }
}

/// TestStopRetrier.
#[test]
fn a_backoff_that_stops_sends_once() {
    let timeline = play(&Policy::stop(), 7, &always(RETRY));
    assert_eq!((sends(&timeline), gave_up(&timeline)), (vec![0], (Reason::Backoff, Some(1))));
}

/// TestRetrierWithError: what the user's own judge makes of the first failure ends the call, and is what comes back.
#[test]
fn a_judge_of_ones_own_ends_the_call_with_its_own_error() {
    let mut judged = 0;
    let mut sent = 0;
    let result = retry(&Policy::constant(ms(100)).attempts(6), |_| {
        sent += 1;
        Err::<(), _>("request failed").map_err(|_| "kaboom")
    })
    .judge(|_: &Result<(), &str>| {
        judged += 1;
        Verdict::Stop
    })
    .call();
    assert_eq!((result, sent, judged), (Err("kaboom"), 1, 1));
}

/// E7, TestRetrierOnPerformRequest: the request's own counts, and the client's is not asked.
#[test]
fn what_a_request_is_told_stands_before_what_its_agent_was_told() {
    let slot = ReportSlot::new();
    let agent = Agent::new_with_defaults().policy(Policy::zero().attempts(9)).report_to(&slot);
    for (policy, expected) in [(None, (9, Reason::Attempts)), (Some(Policy::stop()), (1, Reason::Backoff))] {
        let request = agent.get(NOBODY);
        let request = if let Some(policy) = policy { request.policy(policy) } else { request };
        request.call().unwrap_err();
        let report = slot.take().unwrap();
        assert_eq!((report.attempts, report.reason), (expected.0, Some(expected.1)));
    }
}

/// TestPerformRequestRetryOnHttpError: elastic's number of retries is a number of attempts.
#[test]
fn a_request_that_fails_is_sent_five_times() {
    let timeline = play(&Policy::constant(ms(100)).jitter(Jitter::None).attempts(5), 7, &always(RETRY));
    assert_eq!(sends(&timeline), [0, 100, 200, 300, 400]);
    assert_eq!(gave_up(&timeline), (Reason::Attempts, Some(5)));
}

/// E9, TestPerformRequestNoRetryOnValidButUnsuccessfulHttpStatus. There no status is retried unless it is listed; here
/// 500 is, unless it is taken off the list (a 500 passes more often than not).
#[test]
fn a_500_is_the_result_only_where_the_rules_say_so() {
    for (rules, sent) in [(Rules::new().no_retry_status(500), 1), (Rules::new(), 5)] {
        let policy = Policy::elastic().attempts(5);
        let timeline = play_with(&policy, &(), Repeat::Always, Instant::ZERO, 7, &always(answered(&rules, 500)));
        assert_eq!(sends(&timeline).len(), sent);
        assert_eq!(end(&timeline).1 == Action::Return(1), sent == 1);
    }
}

/// TestPerformRequestOnSpecifiedHttpStatusCodes: 429 is listed, and comes back when the attempts are used up.
#[test]
fn a_429_that_is_listed_is_sent_for_five_times_and_comes_back() {
    let rules = Rules::new().retry_status(429).retry_status(504);
    let timeline = play(&Policy::zero().attempts(5), 7, &always(answered(&rules, 429)));
    assert_eq!((sends(&timeline).len(), gave_up(&timeline)), (5, (Reason::Attempts, Some(5))));
    let recovered = script(&[(0, answered(&rules, 504)), (0, answered(&rules, 200))]);
    assert_eq!(answered(&rules, 200), ACCEPT);
    assert_eq!(end(&play(&Policy::zero(), 7, &recovered)).1, Action::Return(2));
}
