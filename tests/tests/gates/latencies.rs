//! Hedges at a percentile of recent latencies: what they cost and gain when the server's latency moves, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use insist_core::{
    Action, AttemptEnd, Call, Cause, Gate, HedgeAfter, Instant, Latencies, LatenciesError, Percentile, Policy, Settled,
    Verdict,
};
use insist_tests::expected::first_word;
use insist_tests::words::{at, ms};

const HEDGED: Policy = Policy::zero().attempts(2).lanes(2).hedge_at(95.0);

/// Draws that are the same in every run.
struct Draws(u32);

impl Draws {
    /// From 0 to 1, and neither.
    fn unit(&mut self) -> f64 {
        self.0 += 1;
        ((first_word(11, 0, self.0) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A median and a spread, in milliseconds.
    fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * normal).exp()
    }
}

/// Returns how long a call took, and how many requests it made.
fn call(policy: &Policy, gate: impl Gate, start: u64, mut latency: impl FnMut() -> f64) -> (u64, u32) {
    let mut now = Instant::from_nanos(start);
    let mut call = Call::with_lanes::<2>(policy, gate, now, 1);
    let mut answers = BTreeMap::new();
    loop {
        match call.poll(now) {
            Action::Send(attempt) => {
                answers.insert((now.as_nanos() + (latency() * 1e6) as u64, attempt.id), ());
            }
            Action::Cancel { attempt, .. } => answers.retain(|(_, id), ()| *id != attempt),
            Action::Wait { until, .. } => {
                let ((answered, id), ()) = answers.first_key_value().expect("something is in flight");
                let (answered, id) = (Instant::from_nanos(*answered), *id);
                match until.filter(|until| *until < answered) {
                    Some(until) => now = until,
                    None => {
                        now = answered;
                        answers.pop_first();
                        let _ = call.handle(now, id, Verdict::Accept);
                    }
                }
            }
            Action::Return(_) => return (now.as_nanos() - start, call.state().attempts()),
            Action::GiveUp(give_up) => panic!("{give_up:?}"),
        }
    }
}

struct Outcome {
    p50: f64,
    p99: f64,
    requests: f64,
}

/// So many calls, a millisecond apart.
fn run(calls: u32, policy: &Policy, gate: impl Gate, start: u64, mut latency: impl FnMut() -> f64) -> Outcome {
    let mut took = Vec::new();
    let mut requests = 0;
    for number in 0..u64::from(calls) {
        let (nanos, sends) = call(policy, &gate, start + number * 1_000_000, &mut latency);
        took.push(nanos);
        requests += sends;
    }
    took.sort_unstable();
    let quantile = |share: usize| took[took.len() * share / 100] as f64 / 1e6;
    Outcome { p50: quantile(50), p99: quantile(99), requests: f64::from(requests) / f64::from(calls) }
}

/// 95 % of answers come after about the median, and 5 % take 98 ms more. When the median moves from 2 ms to 20, a fixed
/// delay of 5 ms doubles the load; a percentile does not.
#[test]
fn a_percentile_follows_a_server_whose_latency_moves_and_a_fixed_delay_doubles_its_load() {
    const CALLS: u32 = 20_000;
    let latencies = Latencies::new();
    for (phase, median, p99) in [(0, 2.0, 0.12), (1, 20.0, 0.9), (2, 2.0, 0.12)] {
        let answers = |mut draws: Draws| {
            move || {
                let slow = draws.unit() < 0.05;
                if slow { median + 98.0 } else { draws.lognormal(median, 0.15) }
            }
        };
        let start = phase * u64::from(CALLS) * 1_000_000;
        let plain = run(CALLS, &Policy::zero().attempts(1), (), start, answers(Draws(0)));
        let fixed = run(CALLS, &HEDGED.hedge_after(ms(5)), (), start, answers(Draws(0)));
        let hedged = run(CALLS, &HEDGED, &latencies, start, answers(Draws(0)));
        assert!(hedged.requests <= 1.08, "{} requests a call at {median} ms", hedged.requests);
        assert!(hedged.p50 <= 1.1 * plain.p50, "p50 {} over {}", hedged.p50, plain.p50);
        assert!(hedged.p99 <= p99 * plain.p99, "p99 {} over {}", hedged.p99, plain.p99);
        assert_eq!(fixed.requests > 1.9, median > 5.0, "{} requests a call at {median} ms", fixed.requests);
    }
}

/// 99 % lognormal(10 ms, 0.5) and 1 % lognormal(500 ms, 0.5): the share of calls that hedge is what lies above the
/// percentile, and the tail is that of two such latencies of which one starts later.
#[test]
fn hedges_cost_and_gain_what_order_statistics_say() {
    for (percentile, load, p99) in [(95.0, 1.05, 33.31), (98.5, 1.015, 42.32)] {
        let mut draws = Draws(0);
        let latency = move || {
            let median = if draws.unit() < 0.01 { 500.0 } else { 10.0 };
            draws.lognormal(median, 0.5)
        };
        let hedged = run(60_000, &HEDGED.hedge_at(percentile), Latencies::new(), 0, latency);
        assert!((hedged.requests - load).abs() < 0.003, "{} and not {load}", hedged.requests);
        assert!((hedged.p99 - p99).abs() < 0.04 * p99, "{} ms and not {p99}", hedged.p99);
    }
}

/// failsafe-go's quantile estimator, `TestQuantile*`: the first sample is itself, a constant is itself, and a uniform
/// distribution has its quantiles.
#[test]
fn percentiles_are_those_that_failsafe_go_expects() {
    let ends = |latencies: &Latencies, millis: f64| {
        let took = Instant::from_nanos((millis * 1e6) as u64);
        latencies.settle(took, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, Instant::ZERO));
    };
    let quantiles = |latencies: &Latencies| {
        [50.0, 95.0, 99.0]
            .map(|percentile| latencies.percentile(at(0), percentile).map(|span| span.as_secs_f64() * 1e3))
    };
    let latencies = Latencies::new();
    assert_eq!(quantiles(&latencies), [None; 3]);
    for _ in 0..1000 {
        ends(&latencies, 42.0);
        assert_eq!(quantiles(&latencies), [Some(42.0); 3]);
    }
    let latencies = Latencies::new();
    let mut draws = Draws(0);
    (0..10_000).for_each(|_| ends(&latencies, draws.unit() * 1000.0));
    for (found, (expected, within)) in
        quantiles(&latencies).into_iter().zip([(500.0, 50.0), (950.0, 100.0), (990.0, 250.0)])
    {
        let found = found.expect("there are samples");
        assert!((found - expected).abs() <= within, "{found} and not {expected}");
    }
}

#[test]
fn a_hedge_waits_for_the_warm_up_and_then_for_the_percentile_within_floor_and_ceiling() {
    let latencies = Latencies::new().warm_up(10).floor(ms(4)).ceiling(ms(50)).forget_after(ms(5000));
    let hedge_after = |now| latencies.hedge_after(at(now), Some(Percentile::P90));
    let answer = |now: u64, millis: u64| {
        latencies.settle(at(now + millis), &Cause::FIRST, &Settled::Ended(AttemptEnd::Stop, at(now)));
    };
    (0..9).for_each(|_| answer(0, 20));
    assert_eq!(hedge_after(20), HedgeAfter::Never);
    answer(0, 20);
    assert_eq!(hedge_after(20), HedgeAfter::Delay(ms(20)));
    (0..10).for_each(|_| answer(20, 900));
    assert_eq!(hedge_after(920), HedgeAfter::Delay(ms(50)), "the ceiling");
    assert_eq!(hedge_after(5920), HedgeAfter::Delay(ms(50)));
    assert_eq!(hedge_after(5921), HedgeAfter::Never, "all are forgotten");
    (0..10).for_each(|_| answer(6000, 1));
    assert_eq!(hedge_after(6001), HedgeAfter::Delay(ms(4)), "the floor");
}

/// A fixed delay is not replaced, and a percentile that nobody can tell opens nothing.
#[test]
fn a_policy_with_a_delay_keeps_it_and_one_with_a_percentile_needs_a_gate_that_knows() {
    let latencies = Latencies::new().warm_up(1);
    latencies.settle(at(7), &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, at(0)));
    assert_eq!(latencies.hedge_after(at(7), None), HedgeAfter::Policy);
    let hedges_at = |policy: &Policy, gate: &dyn Gate| {
        let mut call = Call::with_lanes::<2>(policy, gate, at(10), 1);
        assert!(matches!(call.poll(at(10)), Action::Send(_)));
        call.due()
    };
    assert_eq!(hedges_at(&HEDGED.hedge_after(ms(5)), &latencies), Some(at(15)));
    assert_eq!(hedges_at(&HEDGED, &latencies), Some(at(17)));
    assert_eq!(hedges_at(&HEDGED, &(&latencies, Latencies::new())), None, "one of two does not know");
    assert_eq!(hedges_at(&HEDGED, &()), None);
}

/// Whatever says nothing about how long an answer takes is left out: a hedge, a failure, a cancel.
#[test]
fn only_answers_of_first_sends_and_retries_count_and_what_a_hedge_has_beaten() {
    let latencies = Latencies::new();
    let retry = Cause::retry(AttemptEnd::Timeout);
    for (cause, end, count) in [
        (Cause::FIRST, AttemptEnd::Accept, 1),
        (retry, AttemptEnd::Stop, 2),
        (Cause::HEDGE, AttemptEnd::Accept, 2),
        (Cause::HEDGE, AttemptEnd::Lost, 2),
        (Cause::FIRST, Verdict::retry().into(), 2),
        (Cause::FIRST, AttemptEnd::Deadline, 2),
        (Cause::FIRST, AttemptEnd::Cancelled, 2),
        (Cause::FIRST, AttemptEnd::Lost, 3),
        (retry, AttemptEnd::Timeout, 4),
    ] {
        latencies.settle(at(5), &cause, &Settled::Ended(end, at(0)));
        assert_eq!(latencies.state(at(5)).latencies, count, "{cause:?} {end:?}");
    }
    latencies.settle(at(5), &Cause::FIRST, &Settled::Unsent(at(0)));
    assert_eq!(latencies.state(at(5)).latencies, 4);
}

#[test]
fn what_makes_no_sense_is_said_and_opens_no_hedge() {
    let second = Duration::from_secs(1);
    for (latencies, says) in [
        (Latencies::new().warm_up(0), "warm_up is 0; a percentile takes from 1 to 512 latencies"),
        (Latencies::new().warm_up(513), "warm_up is 513; a percentile takes from 1 to 512 latencies"),
        (Latencies::new().floor(second).ceiling(ms(9)), "the ceiling of the hedge delay is 9ms, below its floor of 1s"),
        (Latencies::new().forget_after(Duration::ZERO), "forget_after is 0ns; it needs at least 1ms"),
    ] {
        let error: LatenciesError = latencies.validate().expect_err("it makes no sense");
        assert_eq!(error.to_string(), says);
        (0..600).for_each(|_| latencies.settle(at(5), &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, at(0))));
        assert_eq!(latencies.hedge_after(at(5), Some(Percentile::P95)), HedgeAfter::Never, "{says}");
    }
    for percentile in [49.9, 99.95, 100.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Policy::zero().hedge_at(percentile).validate().expect_err("it makes no sense");
        assert_eq!(error.to_string(), "the percentile of hedges is not a number from 50 to 99.9");
    }
    assert_eq!(Latencies::new().warm_up(512).validate(), Ok(()));
}

/// Threads that meet lose no latency and make none up.
#[test]
fn threads_share_the_latencies() {
    let latencies = Latencies::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let latencies = &latencies;
            scope.spawn(move || {
                for number in 0..100 {
                    let took = at(1 + (thread * 100 + number) % 8);
                    latencies.settle(took, &Cause::FIRST, &Settled::Ended(AttemptEnd::Accept, at(0)));
                }
            });
        }
    });
    let state = latencies.state(at(8));
    assert_eq!(state.latencies, 400);
    assert_eq!(state.p50, ms(4));
    assert_eq!(state.p99, ms(8));
}
