//! What hedges and races do to a tail, against the distribution of the least of several: 99 in 100 answers are log-normal
//! around 10 ms, 1 in 100 around 500 ms, both with a sigma of 0.5.

use std::time::Duration;

use insist_core::{Latencies, Policy};
use insist_sim::{Arrivals, Candidate, Clients, Outcome, Servers, Times, World};

const S: Duration = Duration::from_secs(1);
const US: Duration = Duration::from_micros(1);

/// exp(0.5 × 2.3263): the 99th percentile in medians.
const P99: f64 = 3.2;

fn service() -> Times {
    let log_normal = |median: u32| Times::LogNormal(US * median, (US * median).mul_f64(P99));
    Times::Mix(vec![(0.99, log_normal(10_000)), (0.01, log_normal(500_000))])
}

pub(crate) fn run(policy: Policy) -> Outcome {
    run_as(Candidate::new("", policy))
}

fn run_as(candidate: Candidate<'_>) -> Outcome {
    let clients = Clients::open(Arrivals::poisson(1000.0));
    let world = World::new(clients, Servers::new(service()).workers(1_000_000)).lasting(500 * S);
    world.run(&candidate, 7).unwrap()
}

#[track_caller]
fn assert_quantile(outcome: &Outcome, share: f64, theory: f64, tolerance: f64) {
    let found = outcome.success_times.quantile(share).unwrap().as_secs_f64() * 1000.0;
    println!("quantile {share}: {found:.2} ms, theory {theory} ms");
    assert!((found / theory - 1.0).abs() < tolerance, "{share}: {found} of {theory}");
}

const ONE: Policy = Policy::stop().attempts(1);
/// The 95th and 98.5th percentile of the service.
pub(crate) const P95: Duration = Duration::from_micros(23_940);
const P98_5: Duration = Duration::from_micros(36_190);

#[test]
fn without_a_hedge_the_tail_is_that_of_the_service() {
    let outcome = run(ONE);
    assert_quantile(&outcome, 0.95, 23.94, 0.01);
    assert_quantile(&outcome, 0.999, 949.0, 0.05);
}

/// Load 1.05 and 1.015; p99 33.31 and 42.32 ms, p99.9 44.3 ms.
#[test]
fn a_hedge_costs_what_it_comes_after_and_cuts_the_tail() {
    let hedged = |after| run(Policy::stop().attempts(2).lanes(2).hedge_after(after));
    let at_p95 = hedged(P95);
    assert!((at_p95.sends_per_call() - 1.05).abs() < 0.001, "{}", at_p95.sends_per_call());
    assert_quantile(&at_p95, 0.99, 33.31, 0.01);
    assert_quantile(&at_p95, 0.999, 44.3, 0.02);
    let later = hedged(P98_5);
    assert!((later.sends_per_call() - 1.015).abs() < 0.001, "{}", later.sends_per_call());
    assert_quantile(&later, 0.99, 42.32, 0.01);
}

/// The same where the delay is a percentile of what the client has seen. The 487th of 512 lies below 26 in 513, not 5 %, so
/// it costs a little more; for the 505th it is 8 in 513. The higher the percentile, the more its estimate swings.
#[test]
fn a_hedge_at_a_percentile_costs_and_gains_as_one_at_the_delay_that_is_right() {
    let hedged = |percentile| {
        let policy = Policy::stop().attempts(2).lanes(2).hedge_at(percentile);
        run_as(Candidate::new("", policy).gate(Latencies::new))
    };
    for (percentile, above, p99, within) in [(95.0, 26.0, 33.31, 0.01), (98.5, 8.0, 42.32, 0.04)] {
        let outcome = hedged(percentile);
        let (sends, expected) = (outcome.sends_per_call(), 1.0 + above / 513.0);
        println!("p{percentile}: {sends:.4} sends a call, by arithmetic {expected:.4}");
        assert!((sends - expected).abs() < 0.001, "{sends} of {expected}");
        assert_quantile(&outcome, 0.99, p99, within);
    }
    assert_quantile(&hedged(95.0), 0.999, 44.3, 0.03);
}

/// p99 19.50 of two, 15.03 of three.
#[test]
fn a_race_is_as_fast_as_its_fastest() {
    let race = |lanes: u8| run(Policy::stop().attempts(lanes.into()).lanes(lanes));
    assert_quantile(&race(2), 0.99, 19.50, 0.01);
    assert_quantile(&race(3), 0.99, 15.03, 0.01);
}
