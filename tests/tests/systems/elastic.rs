//! Elastic (github.com/olivere/elastic, v7): 10 ms × 2, each delay times a number drawn from 1 up to 2, until one
//! reaches 8 s.
//!
//! E7 goes over the wire, through `insist-ureq`. Left out: health checks of nodes and sniffing; replicas that rest
//! after a failure are tested in `insist-ureq`.

use std::collections::BTreeSet;
use std::time::Duration;

use insist_blocking::retry;
use insist_core::{
    Action, AtEnd, Instant, Jitter, List, Policy, Reason, Repeat, RetryContext, Verdict, play, play_with,
};
use insist_flaky::{Answer, Server};
use insist_http::Rules;
use insist_tests::words::{
    ACCEPT, NOBODY, RETRY, always, at, end, failing, fails_every_time, gave_up, ms, script, secs, sends, waits,
};
use insist_ureq::insisting::ReportSlot;
use insist_ureq::{Agent, Insist};

use crate::draws::{SEEDS, assert_ranges, draws, first, plain};
use crate::hand::answered;

#[test]
fn its_numbers() {
    let elastic = Policy::elastic();
    assert_eq!(elastic.get_cap(), Some(ms(8000)));
    assert!(elastic.get_cap_stops());
    assert_eq!(elastic.get_attempts(), None);
    assert_eq!(elastic.get_lane_attempts(), None);
    assert_eq!(elastic.get_deadline(), None);
}

#[test]
fn each_wait_is_drawn_from_a_delay_up_to_twice_that() {
    let ranges: Vec<_> = (0..9).map(|n| (ms(10 << n), ms(20 << n))).collect();
    assert_ranges(&Policy::elastic(), &ranges);
}

#[test]
fn it_ends_after_nine_or_ten_retries_as_the_draw_will() {
    let mut tens = 0;
    for seed in 0..SEEDS {
        let drawn: Vec<_> = Policy::elastic().delays(seed).collect();
        assert!(drawn.iter().all(|wait| *wait < ms(8000)));
        match drawn.len() {
            9 => {}
            10 => {
                tens += 1;
                assert!(drawn[9] >= ms(5120));
            }
            retries => panic!("seed {seed} has {retries} retries"),
        }
    }
    // The tenth is drawn from 5.12 s up to 10.24 s: 56.25 % of the draws lie below 8 s.
    let share = f64::from(tens) / SEEDS as f64;
    assert!((0.52..0.61).contains(&share), "{share}");
}

#[test]
fn a_call_sends_once_more_than_it_waits() {
    for seed in 0..20 {
        let failed = fails_every_time(&Policy::elastic(), seed);
        assert_eq!(sends(&failed).len(), Policy::elastic().delays(seed).count() + 1);
        assert_eq!(gave_up(&failed).reason, Reason::Backoff);
    }
}

#[test]
fn e1_a_list_has_each_of_its_waits_once() {
    let list = Policy::list(List::new(&[ms(1), ms(2), ms(7)]), AtEnd::Stop).jitter(Jitter::None).attempts(9);
    let mut waits = list.delays(0);
    assert_eq!([(); 5].map(|()| waits.next()), [Some(ms(1)), Some(ms(2)), Some(ms(7)), None, None]);
}

#[test]
fn e3_zero_goes_on_stop_stops_and_constant_stays() {
    assert_eq!(waits(&Policy::zero().attempts(50), 99), [Duration::ZERO; 49]);
    assert!(waits(&Policy::stop().attempts(50), 99).is_empty());
    assert_eq!(waits(&Policy::constant(ms(1000)).jitter(Jitter::None).attempts(50), 99), [ms(1000); 49]);
}

#[test]
fn e5_a_backoff_of_ones_own_that_stops_at_five_makes_five_sends() {
    let own = |retry: RetryContext| (retry.number < 5).then_some(ms(1));
    let policy = Policy::new(own).unlimited_attempts();
    let failed = play(&policy, 7, &always(RETRY));
    assert_eq!(sends(&failed).len(), 5);
    assert_eq!(gave_up(&failed).reason, Reason::Backoff);
}

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
    assert_eq!(sends(&timeline), [at(0)]);
    assert_eq!(gave_up(&timeline).reason, Reason::Backoff);
    assert_eq!(gave_up(&timeline).last, Some(1));
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
    assert_eq!(result, Err("kaboom"));
    assert_eq!(sent, 1);
    assert_eq!(judged, 1);
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
        assert_eq!(report.attempts, expected.0);
        assert_eq!(report.reason, Some(expected.1));
    }
}

/// TestPerformRequestRetryOnHttpError: elastic's number of retries is a number of attempts.
#[test]
fn a_request_that_fails_is_sent_five_times() {
    let timeline = play(&Policy::constant(ms(100)).jitter(Jitter::None).attempts(5), 7, &always(RETRY));
    assert_eq!(sends(&timeline), [0, 100, 200, 300, 400].map(at));
    assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
    assert_eq!(gave_up(&timeline).last, Some(5));
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
    assert_eq!(sends(&timeline).len(), 5);
    assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
    assert_eq!(gave_up(&timeline).last, Some(5));
    let recovered = script(&[(0, answered(&rules, 504)), (0, answered(&rules, 200))]);
    assert_eq!(answered(&rules, 200), ACCEPT);
    assert_eq!(end(&play(&Policy::zero(), 7, &recovered)).1, Action::Return(2));
}

/// Fault E6: elastic's cap ends the retries, and its jitter decides after how many.
#[test]
fn a_cap_that_bounds_ends_no_call() {
    let policy = Policy::exponential(ms(10)).jitter(Jitter::fraction(1.0 / 3.0)).cap(secs(8)).attempts(15);
    for seed in 0..300 {
        assert_eq!(policy.delays(seed).count(), 14);
    }
}

/// Fault E7: elastic stopped at once where the first delay was as long as the cap.
#[test]
fn a_base_as_long_as_its_cap_is_waited_for() {
    assert_eq!(first(&plain(Policy::exponential(ms(1)).cap(ms(1)))), [ms(1); 5]);
    assert_eq!(sends(&play(&Policy::exponential(ms(1)).cap(ms(1)).attempts(5), 1, &failing(5, ms(1)))).len(), 5);
}

fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// Fault E8: elastic's jitter on 7 ms lies from 3 to 9, on 1 ms it is 0.
#[test]
fn a_spread_of_a_few_nanoseconds_is_as_wide_below_as_above() {
    for base in [1, 2, 3, 7] {
        let drawn = draws(Policy::constant(nanos(base)).jitter(Jitter::fraction(0.5)), 1000);
        let (least, most) = (*drawn.iter().min().unwrap(), *drawn.iter().max().unwrap());
        assert_eq!(least + most, nanos(2 * base), "{least:?} {most:?}");
    }
    let halves: BTreeSet<_> = draws(Policy::constant(nanos(7)).jitter(Jitter::Equal), 1000).into_iter().collect();
    assert_eq!(halves, (3..=7).map(nanos).collect());
}

/// Fault E4: of 3 answers before the last, elastic closed one and left the others open.
#[test]
fn no_answer_before_the_last_is_left_open() {
    let busy = || Answer::status(429).body("wait");
    let server = Server::start([busy(), busy(), busy(), Answer::ok("hello")]).unwrap();
    let agent: Agent = Agent::config_builder().policy(Policy::zero().attempts(4)).build().into();
    assert_eq!(agent.get(server.url()).call().unwrap().body_mut().read_to_string().unwrap(), "hello");
    assert_eq!(server.request_count(), 4, "each had its connection back");
    assert_eq!(server.connections(), 1, "each had its connection back");
}
