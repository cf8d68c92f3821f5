//! Queueing theory: the mean wait of M/M/1 and M/M/c, Little's law, and what backoff does not do to an open load.

use std::time::Duration;

use insist_core::Policy;
use insist_sim::{Arrivals, Candidate, Clients, Incident, Outcome, Servers, Times, World, theory};

const S: Duration = Duration::from_secs(1);
const ONCE: Policy = Policy::zero().attempts(1);

pub(crate) fn queue(arrivals: f64, workers: u32) -> (World, Outcome) {
    let clients = Clients::open(Arrivals::poisson(arrivals));
    let world = World::new(clients, Servers::new(Times::Exponential(S / 100)).workers(workers)).warm_up(30 * S);
    let world = world.lasting(S * (1_000_000.0 / arrivals) as u32);
    let outcome = world.run(&Candidate::new("", ONCE), 7).unwrap();
    (world, outcome)
}

/// ρ / (μ - λ), and Erlang's C for several workers; within 3 %.
#[test]
fn a_queue_waits_as_long_as_theory_says() {
    for (arrivals, workers) in [(30.0, 1), (50.0, 1), (80.0, 1), (90.0, 1), (150.0, 2), (350.0, 4), (720.0, 8)] {
        let (world, outcome) = queue(arrivals, workers);
        let found = outcome.success_times.mean().unwrap().as_secs_f64() - 0.01;
        let expected = theory::mmc_wait(arrivals, 100.0, workers).unwrap();
        println!("{arrivals}/s, {workers} workers: waits {:.2} ms, theory {:.2} ms", found * 1e3, expected * 1e3);
        assert!((found / expected - 1.0).abs() < 0.03, "{arrivals}/s, {workers}: {found} of {expected}");
        assert!((world.expected_time().unwrap() - expected - 0.01).abs() < 1e-9);
    }
}

/// The time in an M/M/1 is exponential with the rate μ - λ.
#[test]
fn the_times_in_a_queue_are_exponential() {
    let (_, outcome) = queue(50.0, 1);
    for share in [0.5, 0.9, 0.99] {
        let found = outcome.success_times.quantile(share).unwrap().as_secs_f64();
        let expected = -f64::ln(1.0 - share) / 50.0;
        assert!((found / expected - 1.0).abs() < 0.03, "{share}: {found} of {expected}");
    }
}

/// Brooker, "What is backoff for?" (2022): where callers come from outside, backoff puts work off and makes it no less.
#[test]
fn backoff_does_not_lower_an_open_load() {
    let servers = Servers::new(Times::Constant(S / 1000)).workers(1_000_000);
    let world = World::new(Clients::open(Arrivals::poisson(200.0)), servers)
        .incident(Incident::fail(503, Duration::ZERO, 3600 * S).share(0.5))
        .lasting(200 * S);
    for base in [S / 1000, S / 10, 2 * S] {
        let outcome = world.run(&Candidate::new("", Policy::exponential(base).attempts(4)), 7).unwrap();
        let expected = theory::sends(0.5, 4);
        assert!((outcome.sends_per_call() - expected).abs() < 0.03, "{base:?}: {}", outcome.sends_per_call());
    }
}

/// In a closed loop it does: a client that waits does not call.
#[test]
fn backoff_lowers_a_closed_load() {
    let servers = Servers::new(Times::Constant(S / 1000)).workers(1_000_000);
    let world = World::new(Clients::closed(20, Times::Constant(S / 100)), servers)
        .incident(Incident::fail(503, Duration::ZERO, 3600 * S).share(0.5))
        .lasting(20 * S);
    let sends = |base| world.run(&Candidate::new("", Policy::constant(base).attempts(4)), 7).unwrap().sends;
    assert!(sends(S / 1000) > 5 * sends(S));
}
