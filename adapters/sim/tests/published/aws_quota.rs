//! The AWS SDKs' retry quota with three attempts: the failure rate at which it drains, by its closed form
//! (1 - p) - c p² (1 - p) - 2 c p³ = 0: 0.2149 where a retry costs 14, 0.3207 where it costs 5.

use std::time::Duration;

use insist_core::{Policy, RetryQuota};
use insist_sim::{Arrivals, Candidate, Clients, Incident, Servers, Times, World};

const S: Duration = Duration::from_secs(1);

/// With 5,000 tokens, so that chance does not empty it.
const fn quota() -> RetryQuota {
    RetryQuota::new(5_000).cost(14).timeout_cost(14).throttled_cost(5)
}

/// Returns whether the quota is used up by 300,000 calls.
fn drains(failure: f64, status: u16) -> bool {
    let servers = Servers::new(Times::Constant(S / 1000)).workers(1_000_000);
    let world = World::new(Clients::open(Arrivals::even(1000.0)), servers)
        .incident(Incident::fail(status, Duration::ZERO, 3600 * S).share(failure))
        .lasting(300 * S);
    let candidate = Candidate::new("", Policy::zero()).gate(quota);
    world.run(&candidate, 7).unwrap().refused() > 0
}

/// The failure rate from which on it drains, to a thousandth.
fn knee(status: u16) -> f64 {
    let (mut below, mut above) = (0.1, 0.5);
    while above - below > 0.001 {
        let middle = (below + above) / 2.0;
        if drains(middle, status) { above = middle } else { below = middle }
    }
    (below + above) / 2.0
}

#[test]
fn failures_drain_it_from_21_in_a_hundred_and_throttling_from_32() {
    for (status, expected) in [(503, 0.2149), (429, 0.3207)] {
        let found = knee(status);
        println!("status {status}: drains from {found:.4}, by the closed form {expected}");
        assert!((found - expected).abs() < 0.006, "{status}: {found} of {expected}");
    }
}
