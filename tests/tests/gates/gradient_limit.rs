//! The limit that follows the latency: the vectors of Envoy's `gradient_controller_test.cc`, and a server with workers.

use std::collections::BTreeSet;
use std::time::Duration;

use insist_core::{
    Action, Admission, AttemptEnd, Call, Cause, Gate, GradientLimit, Instant, Policy, Refusal, Settled, Verdict,
    WaitReason,
};
use insist_tests::expected::first_word;
use insist_tests::words::{at, ms, secs};

/// Of `CancelLatencySample` and its like: 5 answers every 30 s.
const fn five() -> GradientLimit {
    GradientLimit::new(3, 1000).measuring(secs(30), 5)
}

fn admits(limit: &GradientLimit, now: u64) -> bool {
    limit.admit(at(now), &Cause::FIRST) == Admission::Yes
}

fn ends(limit: &GradientLimit, now: u64, took: u64, end: AttemptEnd) {
    limit.settle(at(now), &Cause::FIRST, &Settled::Ended(end, at(now - took)));
}

/// So many attempts one after the other, each of which ends at this instant after so many milliseconds.
fn answers(limit: &GradientLimit, now: u64, count: u32, took: u64) {
    for _ in 0..count {
        assert!(admits(limit, now));
        ends(limit, now, took, AttemptEnd::Accept);
    }
}

/// The limit once what is due has been done.
fn limit_at(limit: &GradientLimit, now: u64) -> u32 {
    if admits(limit, now) {
        limit.settle(at(now), &Cause::FIRST, &Settled::Unsent(at(now)));
    }
    limit.state().limit
}

/// `MinRTTLogicTest`: 7 at once until 50 have come.
#[test]
fn it_measures_at_the_least_limit_until_so_many_answers_have_come() {
    let limit = GradientLimit::new(7, 1000).measuring(secs(30), 50);
    assert_eq!((0..9).filter(|_| admits(&limit, 1000)).count(), 7);
    assert!(limit.state().is_measuring);
    (0..7).for_each(|_| ends(&limit, 1013, 13, AttemptEnd::Accept));
    for _ in 0..42 {
        answers(&limit, 1026, 1, 13);
        assert_eq!(limit.state().to_string(), "0 in flight, limit 7, measuring");
    }
    answers(&limit, 1026, 1, 13);
    assert_eq!(limit.state().to_string(), "0 in flight, limit 7, least latency 13ms");
}

/// `CancelLatencySample`: of 1 to 5 ms the median is 3.
#[test]
fn the_least_latency_is_a_percentile() {
    for (percentile, expected) in [(50.0, 3), (1.0, 1), (80.0, 4), (81.0, 5), (100.0, 5)] {
        let limit = five().percentile(percentile);
        assert!(admits(&limit, 100));
        limit.settle(at(100), &Cause::FIRST, &Settled::Unsent(at(100)));
        for took in 1..=5 {
            answers(&limit, 110, 1, took);
        }
        assert_eq!(limit.state().least_latency, Some(ms(expected)), "p{percentile}");
    }
}

/// `SamplePercentileProcessTest`.
#[test]
fn what_was_cancelled_makes_room_and_says_nothing() {
    let limit = five();
    assert_eq!((0..4).filter(|_| admits(&limit, 0)).count(), 3);
    ends(&limit, 0, 0, AttemptEnd::Cancelled);
    assert_eq!((0..2).filter(|_| admits(&limit, 0)).count(), 1);
}

/// Past the first measuring, as `advancePastMinRTTStage`: one answer more than it takes.
fn measured(limit: &GradientLimit, now: u64, count: u32, took: u64) {
    limit_at(limit, now - took);
    answers(limit, now, count + 1, took);
    assert!(!limit.state().is_measuring);
    assert_eq!(limit.state().least_latency, Some(ms(took)));
}

/// `MinRTTBufferTest`: a buffer of half, 5 ms at the least and 6 ms later.
#[test]
fn latencies_within_the_buffer_let_it_grow() {
    let limit = five().buffer(0.5);
    measured(&limit, 1000, 5, 5);
    let mut last = limit.state().limit;
    for round in 1..=10 {
        answers(&limit, 1000 + round * 101 - 50, 5, 6);
        let next = limit_at(&limit, 1000 + round * 101);
        assert!(next > last, "{next} after {last}");
        last = next;
    }
}

/// `ConcurrencyLimitBehaviorTestBasic`: least 5 ms and a tenth on top; 4 ms let it grow by at most a factor of two and the
/// square root, 6 ms let it shrink.
#[test]
fn it_grows_while_answers_are_fast_and_shrinks_while_they_are_slow() {
    let limit = GradientLimit::new(7, 1000).measuring(secs(30), 5).buffer(0.1);
    measured(&limit, 1000, 5, 5);
    let mut last = limit_at(&limit, 1101);
    assert!((7..=14).contains(&last), "{last}");
    for round in 2..=11 {
        answers(&limit, 1000 + round * 101 - 50, 5, 4);
        let next = limit_at(&limit, 1000 + round * 101);
        assert!(next >= last && next <= last * 2, "{next} after {last}");
        last = next;
    }
    assert!(last > 200, "{last}");
    for round in 12..=21 {
        answers(&limit, 1000 + round * 101 - 50, 5, 6);
        let next = limit_at(&limit, 1000 + round * 101);
        assert!(next < last && next >= 7, "{next} after {last}");
        last = next;
    }
}

/// `MinRTTReturnToPreviousLimit` and `MinRTTRescheduleTest`; the interval is up to 15 % longer here.
#[test]
fn it_measures_anew_after_the_interval_and_then_goes_back_to_its_limit() {
    let limit = five();
    measured(&limit, 1000, 5, 5);
    limit_at(&limit, 2000);
    for round in 1..=5 {
        answers(&limit, 2000 + round * 101 - 50, 5, 4);
        limit_at(&limit, 2000 + round * 101);
    }
    let grown = limit.state().limit;
    assert!(grown > 50, "{grown}");
    assert_eq!(limit_at(&limit, 30_999), grown, "not before the interval is over");
    assert_eq!(limit_at(&limit, 35_501), 3);
    assert!(limit.state().is_measuring);
    assert_eq!(limit_at(&limit, 36_000), 3, "no window ends meanwhile");
    for _ in 0..5 {
        assert_eq!(limit.state().limit, 3);
        answers(&limit, 36_500, 1, 13);
    }
    assert_eq!(limit.state().limit, grown);
    assert_eq!(limit.state().least_latency, Some(ms(13)));
}

/// Clients that began at different instants measure at different ones, all within 15 % of the interval.
#[test]
fn the_interval_is_up_to_15_percent_longer() {
    let again: Vec<u64> = (0..200)
        .map(|start| {
            let limit = five();
            measured(&limit, 1000 + start, 5, 5);
            let measures = |after: &u64| {
                limit_at(&limit, 1000 + start + after);
                limit.state().is_measuring
            };
            (29_999..=34_500).find(measures).expect("it measures")
        })
        .collect();
    let (first, last) = (again.iter().min().unwrap(), again.iter().max().unwrap());
    assert!((30_000..30_300).contains(first), "{first}");
    assert!((34_200..=34_500).contains(last), "{last}");
}

/// `MinRTTEpoch`: what was sent before it began to measure is disregarded.
#[test]
fn what_was_sent_before_it_measures_says_nothing() {
    let limit = five().measuring(ms(200), 5);
    measured(&limit, 1000, 5, 5);
    assert!(admits(&limit, 1050) && admits(&limit, 1050) && admits(&limit, 1050));
    assert_eq!(limit_at(&limit, 1400), 3);
    (0..3).for_each(|_| ends(&limit, 1401, 351, AttemptEnd::Accept));
    for _ in 0..4 {
        assert!(limit.state().is_measuring);
        answers(&limit, 1410, 1, 9);
    }
    answers(&limit, 1410, 1, 9);
    assert_eq!(limit.state().least_latency, Some(ms(9)));
}

/// `NoSamplesTest`.
#[test]
fn without_answers_it_stays() {
    let limit = five();
    measured(&limit, 1000, 5, 5);
    answers(&limit, 1050, 5, 4);
    let grown = limit_at(&limit, 1101);
    assert!(grown > 3);
    for round in 2..=6 {
        assert_eq!(limit_at(&limit, 1000 + round * 101), grown);
    }
}

/// `ConsecutiveMinConcurrencyReset`: 5 ms at the least, then 10 ms; it measures anew before the hour is over.
#[test]
fn five_windows_at_the_least_limit_measure_anew() {
    let limit = GradientLimit::new(7, 1000).measuring(secs(3600), 5).buffer(0.0);
    measured(&limit, 1000, 5, 5);
    let mut rounds = 0;
    while !limit.state().is_measuring {
        rounds += 1;
        answers(&limit, 1000 + rounds * 101 - 50, 5, 10);
        limit_at(&limit, 1000 + rounds * 101);
    }
    assert_eq!(rounds, 5);
    measured(&limit, 2000, 5, 10);
    let before = limit_at(&limit, 2101);
    answers(&limit, 2150, 5, 10);
    assert!(limit_at(&limit, 2300) > before);
}

/// A server that is down answers nothing: its timeouts are not taken for the least latency, but they bring the limit down.
#[test]
fn timeouts_count_in_windows_and_not_while_it_measures() {
    let limit = five();
    for _ in 0..100 {
        assert!(admits(&limit, 5000));
        ends(&limit, 5000, 0, AttemptEnd::Timeout);
        assert!(admits(&limit, 5000));
        ends(&limit, 5000, 0, AttemptEnd::Lost);
    }
    assert!(limit.state().is_measuring);
    measured(&limit, 6000, 5, 5);
    answers(&limit, 6050, 5, 4);
    let grown = limit_at(&limit, 6101);
    for _ in 0..5 {
        assert!(admits(&limit, 7000));
        ends(&limit, 7000, 900, AttemptEnd::Timeout);
    }
    assert!(limit_at(&limit, 7200) < grown);
    // Hedges, and failures that a retry may mend, say nothing: fast ones do not look like a fast server.
    let before = limit.state().limit;
    for _ in 0..5 {
        assert!(admits(&limit, 7250) && admits(&limit, 7250));
        ends(&limit, 7250, 1, Verdict::retry().into());
        limit.settle(at(7250), &Cause::HEDGE, &Settled::Ended(AttemptEnd::Accept, at(7249)));
    }
    assert_eq!(limit_at(&limit, 7400), before);
}

/// 20 workers, 8 to 12 ms of work each, and as many requests as are let through. With a quarter on top of the least latency
/// the limit swings around 25 + √25 = 30, where a request takes 15 ms, however many want to.
#[test]
fn it_finds_how_many_a_server_can_work_on() {
    const MS: u64 = 1_000_000;
    let limit = GradientLimit::new(3, 1000);
    let mut workers = [0_u64; 20];
    let mut in_flight: BTreeSet<(u64, u32, u64)> = BTreeSet::new();
    let (mut seen, mut sent_in_all) = (Vec::new(), 0);
    for step in 0..400_000_u64 {
        let now = step * MS / 10;
        while let Some((_, _, sent)) = in_flight.first().copied().filter(|(ends, ..)| *ends <= now) {
            in_flight.pop_first();
            let ended = Settled::Ended(AttemptEnd::Accept, Instant::from_nanos(sent));
            limit.settle(Instant::from_nanos(now), &Cause::FIRST, &ended);
        }
        while limit.admit(Instant::from_nanos(now), &Cause::FIRST) == Admission::Yes {
            let worker = workers.iter_mut().min().expect("there are some");
            *worker = (*worker).max(now) + 8 * MS + first_word(7, 0, sent_in_all) % (4 * MS);
            in_flight.insert((*worker, sent_in_all, now));
            sent_in_all += 1;
        }
        if step > 50_000 {
            seen.push(limit.state().limit);
        }
    }
    let least = limit.state().least_latency.expect("it is known").as_secs_f64() * 1e3;
    assert!((least - 10.0).abs() < 0.5, "{least} ms");
    let mean = seen.iter().map(|limit| f64::from(*limit)).sum::<f64>() / seen.len() as f64;
    assert!((mean - 30.0).abs() < 2.0, "{mean}");
    let (least, most) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
    assert!(*least >= 20 && *most <= 45, "from {least} to {most}");
}

#[test]
fn a_call_waits_for_room() {
    let (limit, policy) = (GradientLimit::new(1, 5).waiting(ms(10)), Policy::zero());
    let mut calls = [(); 2].map(|()| Call::new(&policy, &limit, at(0), 7));
    assert!(matches!(calls[0].poll(at(0)), Action::Send(_)));
    assert_eq!(calls[1].poll(at(0)), Action::Wait { until: Some(at(10)), reason: WaitReason::Gate });
    drop(calls);
    assert_eq!(limit.state().in_flight, 0);
    let refusal = Refusal::new(&"concurrency limit is reached");
    let strict = GradientLimit::new(1, 5);
    assert!(admits(&strict, 0));
    assert_eq!(strict.admit(at(0), &Cause::FIRST), Admission::No(refusal));
}

#[test]
fn what_makes_no_sense_is_said_and_refuses_everything() {
    let one = || GradientLimit::new(1, 5);
    for (limit, says) in [
        (GradientLimit::new(0, 5), "the least concurrency limit is 0; nothing would be sent, so it needs at least 1"),
        (GradientLimit::new(6, 5), "the concurrency limit goes from 6 to 5; the most is not below the least"),
        (one().percentile(0.9), "the percentile of the concurrency limit is not a number from 1 to 100"),
        (one().percentile(f64::NAN), "the percentile of the concurrency limit is not a number from 1 to 100"),
        (one().percentile(100.1), "the percentile of the concurrency limit is not a number from 1 to 100"),
        (one().buffer(-0.1), "the buffer of the concurrency limit is not a number from 0 to 10"),
        (one().buffer(10.1), "the buffer of the concurrency limit is not a number from 0 to 10"),
        (one().window(Duration::ZERO), "the window of the concurrency limit is 0ns; it needs at least 1ms"),
        (
            one().measuring(Duration::ZERO, 5),
            "the least latency is measured every 0ns; it needs an interval of at least 1ms",
        ),
        (one().measuring(secs(1), 0), "the least latency is measured from 0 answers; it takes from 1 to 128"),
        (one().measuring(secs(1), 129), "the least latency is measured from 129 answers; it takes from 1 to 128"),
    ] {
        assert_eq!(limit.validate().expect_err("it makes no sense").to_string(), says);
        let refusal = Refusal::new(&"concurrency limit is invalid");
        assert_eq!(limit.admit(at(0), &Cause::FIRST), Admission::No(refusal), "{says}");
    }
    assert_eq!(GradientLimit::default().validate(), Ok(()));
}
