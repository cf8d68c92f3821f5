//! Pester (github.com/sethgrid/pester): 3 attempts in a lane, 1 s apart. The preset and its own tests are here, its
//! faults beside.
//!
//! P1 … P17 were seen in pester's behaviour, #5 … #45 are from its issue tracker; `docs/faults.md` lists them all with
//! what each was. What the construction of insist rules out is said there and has no test. Left out of its tests:
//! cookies and bodies, which are ureq's and in `adapters/ureq/tests`.

mod calls;
#[cfg(target_os = "linux")]
mod connections;
mod races;
mod repeats;

use std::sync::Barrier;
use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{
    Action, Call, CancelReason, Decision, Event, Instant, Jitter, Policy, Reason, Script, Shape, Timeline, Verdict,
    play,
};
use insist_flaky::{Answer, Server};
use insist_http::Rules;
use insist_tests::by_hand::cancel;
use insist_tests::words::{
    NOBODY, RETRY, always, at, cancels, drawn, end, fails_every_time, gave_up, ms, secs, sends, waits,
};
use insist_ureq::http::Response;
use insist_ureq::insisting::{Report, ReportSlot};
use insist_ureq::{Agent, Body, Error, Insist};

use crate::hand::answered;

fn agent(policy: Policy) -> Agent {
    Agent::new_with_defaults().policy(policy)
}

/// An agent that hands over responses whatever their status, as Go's client does.
fn lenient(policy: Policy) -> Agent {
    Agent::config_builder().http_status_as_error(false).policy(policy).build().into()
}

fn text(mut answer: Response<Body>) -> String {
    answer.body_mut().read_to_string().unwrap()
}

/// Answers the first requests when that many are there, so that all lanes of a race have been sent.
fn together(requests: usize, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> insist_flaky::Script {
    let barrier = Barrier::new(requests);
    insist_flaky::Script::each(move |request, number| {
        if number <= requests {
            barrier.wait();
        }
        answer(&request.path)
    })
}

#[test]
fn its_numbers() {
    let pester = Policy::pester();
    assert_eq!(*pester.get_backoff(), Shape::Constant { base: ms(1000) });
    assert_eq!(pester.get_jitter(), Jitter::None);
    assert_eq!(pester.get_cap(), None);
    assert_eq!(pester.get_deadline(), None);
    assert_eq!(pester.get_attempts(), None);
    assert_eq!(pester.get_lane_attempts(), Some(3));
    assert_eq!(pester.get_lanes(), 1);
}

#[test]
fn p9_waits_are_a_second_each() {
    assert_eq!(waits(&Policy::pester(), 9), [ms(1000); 2]);
    let failed = fails_every_time(&Policy::pester(), 7);
    assert_eq!(sends(&failed), [0, 1000, 2000].map(at));
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(gave_up(&failed).at, at(2000));
}

#[test]
fn p1_three_at_a_time_fail_nine_times_in_all() {
    let failed = fails_every_time(&Policy::pester().lanes(3), 7);
    let expected = [0, 0, 0, 1000, 1000, 1000, 2000, 2000, 2000].map(at);
    assert_eq!(sends(&failed), expected);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
}

#[test]
fn p5_an_answer_that_is_not_retried_ends_all_three() {
    let script = Script::new().outcome(1, ms(5), Verdict::Accept);
    let timeline = play(&Policy::pester().lanes(3), 7, &script);
    assert_eq!(sends(&timeline).len(), 3);
    assert_eq!(timeline.steps.last().map(|step| (step.at, step.action)), Some((at(5), Action::Return(1))));
}

#[test]
fn p11_a_cancel_during_a_wait_ends_it_at_once() {
    let policy = Policy::pester();
    let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    assert!(matches!(call.poll(at(0)), Action::Send(_)));
    call.handle(at(0), 1, Verdict::retry());
    assert!(matches!(call.poll(at(0)), Action::Wait { until: Some(until), .. } if until == at(1000)));
    call.cancel(at(300));
    assert!(matches!(call.poll(at(300)), Action::GiveUp(stop) if stop.reason() == Reason::Cancelled));
}

#[test]
fn a_hint_is_honoured_where_pester_does_not_look() {
    let hint = Duration::from_secs(60);
    let script = Script::new().outcome(1, ms(0), Verdict::retry().after(hint)).outcome(2, ms(0), Verdict::Accept);
    assert_eq!(sends(&play(&Policy::pester(), 7, &script)), [0, 61_000].map(at));
}

/// Three lanes, five attempts each.
const FIVE_EACH: Policy = Policy::pester().lanes(3).lane_attempts(5);

fn answering(policy: &Policy, rules: &Rules, status: u16) -> Timeline {
    play(policy, 7, &always(answered(rules, status)))
}

/// TestMaxRetriesConcurrentRequestsWith429: 3 × 5. There a flag asks for it; here 429 is retried by default.
#[test]
fn three_lanes_of_five_attempts_fail_fifteen_times_with_429() {
    let timeline = answering(&FIVE_EACH, &Rules::new(), 429);
    let expected: Vec<_> = (0..15).map(|number| at(number / 3 * 1_000)).collect();
    assert_eq!(sends(&timeline), expected);
    assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
}

/// TestConcurrentRequestsWith429DefaultClient and TestMaxRetriesConcurrentRequestsWith429DefaultClient: no failure is
/// counted where 429 is the result.
#[test]
fn a_429_that_is_not_retried_is_the_result_of_the_race() {
    for policy in [Policy::pester().lanes(3), FIVE_EACH] {
        let timeline = answering(&policy, &Rules::new().no_retry_status(429), 429);
        assert_eq!(sends(&timeline), [at(0); 3]);
        assert_eq!(cancels(&timeline), [2, 3]);
        assert_eq!(end(&timeline), (at(0), Action::Return(1)));
    }
}

/// TestMaxRetriesConcurrentRequestsWith400.
#[test]
fn a_400_is_the_result_of_the_race() {
    let timeline = answering(&FIVE_EACH, &Rules::new(), 400);
    assert_eq!(sends(&timeline), [at(0); 3]);
    assert_eq!(end(&timeline).1, Action::Return(1));
}

/// TestConcurrent2Retry0: no retries in two lanes are two failures.
#[test]
fn two_lanes_without_retries_fail_twice() {
    let timeline = play(&Policy::pester().lanes(2).lane_attempts(1), 7, &always(RETRY));
    assert_eq!(sends(&timeline), [at(0); 2]);
    assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
    assert_eq!(gave_up(&timeline).last, Some(2));
}

/// TestExponentialBackoff: 2, 4 and 8 seconds between four attempts.
#[test]
fn exponential_seconds_start_with_two() {
    let policy = Policy::exponential(secs(2)).jitter(Jitter::None).attempts(4);
    assert_eq!(sends(&play(&policy, 7, &always(RETRY))), [0, 2_000, 6_000, 14_000].map(at));
}

/// TestLinearJitterBackoff: a second more each time, ± a third.
#[test]
fn linear_seconds_are_spread_by_a_third() {
    const SEEDS: u64 = 4_000;
    let policy = Policy::linear(secs(1)).jitter(Jitter::fraction(1.0 / 3.0)).attempts(4);
    for number in 1..=3 {
        let drawn = drawn(&policy, number, SEEDS);
        let delay = secs(number as u64);
        let (least, most) = (drawn[0], drawn[drawn.len() - 1]);
        assert!(delay * 2 / 3 <= least && least < delay * 2 / 3 + delay / 100, "{least:?}");
        assert!(delay * 4 / 3 >= most && most > delay * 4 / 3 - delay / 100, "{most:?}");
    }
}

/// TestRetriesNotAttemptedIfContextIsCancelled: the one attempt was in flight.
#[test]
fn a_call_that_is_cancelled_while_its_attempt_is_in_flight_makes_no_other() {
    let policy = Policy::pester().lane_attempts(10);
    let mut call = Call::new(&policy, &(), at(0), 7);
    assert!(matches!(call.poll(at(0)), Action::Send(attempt) if attempt.id == 1));
    assert!(matches!(call.poll(at(0)), Action::Wait { until: None, .. }));
    call.cancel(at(1));
    assert_eq!(call.poll(at(1)), cancel(1, CancelReason::Cancelled));
    assert!(matches!(call.poll(at(1)), Action::GiveUp(stop) if stop.reason() == Reason::Cancelled));
    assert_eq!(call.state().attempts(), 1);
    assert!(call.is_over());
}

/// TestCustomLogHook and TestDefaultLogHook: five attempts are five failures for a hook, and nothing is printed without
/// one.
#[test]
fn a_hook_sees_each_failure_once() {
    let policy = Policy::constant(Duration::from_micros(10)).jitter(Jitter::None).attempts(5);
    let (clock, mut failures) = (VirtualClock::new(), Vec::new());
    let hook = |event: &Event<'_, (), &str>| match &event.decision {
        Decision::Judged(judged) if judged.error().is_some() => failures.push(judged.attempt),
        _ => {}
    };
    let result = retry(&policy, |_| Err::<(), _>("connection refused")).clock(&clock).notify(hook).try_call();
    assert_eq!(result.unwrap_err().last, Some(Err("connection refused")));
    assert_eq!(failures, [1, 2, 3, 4, 5]);
    assert_eq!(clock.elapsed(), Duration::from_micros(40));
}

/// TestEmbeddedClientTimeout: what takes longer than the attempt timeout is a failure like any other.
#[test]
fn an_attempt_that_takes_too_long_is_cancelled_and_sent_again() {
    let policy = Policy::pester().attempt_timeout(ms(10));
    let timeline = play(&policy, 7, &insist_core::Script::new());
    assert_eq!(sends(&timeline), [0, 1_010, 2_020].map(at));
    assert_eq!(cancels(&timeline), [1, 2, 3]);
    // A timeout has no result to hand back.
    assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
    assert_eq!(gave_up(&timeline).last, None);
}

/// Pester's concurrency of 3 with 3 attempts each: insist says both, and the sum.
const THREE_BY_THREE: Policy = Policy::zero().lanes(3).lane_attempts(3).attempts(9);

/// The report of a call that gave up.
fn report_of(policy: Policy, url: &str, rules: Rules) -> (Error, Report) {
    let slot = ReportSlot::new();
    let error = agent(policy).get(url).rules(rules).report_to(&slot).call().unwrap_err();
    (error, slot.take().unwrap())
}

/// Returns how many attempts failed and might have been retried: what pester's log held.
fn failures(report: &Report) -> usize {
    report.log.entries().iter().filter(|entry| entry.end.unwrap().as_str() == "retry").count()
}

/// Row P1: TestConcurrentRequests.
#[test]
fn three_lanes_of_three_attempts_fail_nine_times_where_nobody_listens() {
    let (_, report) = report_of(THREE_BY_THREE, NOBODY, Rules::new());
    assert_eq!(failures(&report), 9);
    assert_eq!(report.attempts, 9);
    assert_eq!(report.retries, 6);
    assert_eq!(report.hedges, 2);
}

/// Row P3: TestConcurrentRequestsWith429. There a flag asks for it; insist retries 429 by default.
#[test]
fn three_lanes_of_three_attempts_fail_nine_times_with_429() {
    let server = Server::start(Answer::status(429)).unwrap();
    let (error, report) = report_of(THREE_BY_THREE, &server.url(), Rules::new());
    assert!(matches!(error, Error::StatusCode(429)), "{error:?}");
    assert_eq!(failures(&report), 9);
    assert_eq!(server.request_count(), 9);
}

/// Row P5: TestConcurrentRequestsWith400.
#[test]
fn a_400_ends_a_race_without_a_failure() {
    let server = Server::start(Answer::status(400)).unwrap();
    let (error, report) = report_of(THREE_BY_THREE, &server.url(), Rules::new());
    assert!(matches!(error, Error::StatusCode(400)), "{error:?}");
    assert_eq!(failures(&report), 0);
    assert_eq!(report.retries, 0);
    assert_eq!(report.reason, None);
}

/// Row P7: TestConcurrent2Retry0for429. There no retry at all is written as 0 and sends once a lane; here it is 1 send.
#[test]
fn two_lanes_without_retries_fail_twice_with_429_if_it_is_a_failure() {
    let server = Server::start(Answer::status(429)).unwrap();
    let policy = Policy::zero().lanes(2).lane_attempts(1);
    let (_, report) = report_of(policy, &server.url(), Rules::new().no_retry_status(429));
    assert_eq!(failures(&report), 0);
    let (_, report) = report_of(policy, &server.url(), Rules::new());
    assert_eq!(failures(&report), 2);
    assert_eq!(report.attempts, 2);
}

/// Row P9: TestDefaultBackoff. insist's own default grows and is jittered: clients that failed together spread out.
#[test]
fn a_constant_backoff_waits_a_second_each_time() {
    let policy = Policy::constant(Duration::from_secs(1)).jitter(Jitter::None);
    assert!(policy.delays(7).eq([Duration::from_secs(1); 2]), "pester's had a microsecond more");
    assert!(Policy::default().delays(7).all(|delay| delay <= Duration::from_millis(200)));
}
