//! Dean and Barroso, "The Tail at Scale" (CACM 2013): rare slowness becomes common with fan-out, and a hedge after the 95th
//! percentile costs five in a hundred.

use std::time::Duration;

use insist_core::{Instant, Policy, Verdict};
use insist_sim::{Arrivals, Backend, Candidate, Clients, Draw, Outcome, Request, Servers, Step, Times, World, theory};

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// A root that asks so many leaves and answers when the last has.
struct Root {
    leaves: u32,
    leaf: Times,
}

impl Backend for Root {
    fn step(&mut self, _: Instant, _: &mut Request, draw: &mut Draw) -> Step {
        let last = (0..self.leaves).map(|_| self.leaf.draw(draw)).max();
        Step::Answer(last.unwrap_or_default(), Verdict::Accept)
    }
}

fn fan_out(leaves: u32, leaf: Times, calls: u32) -> Outcome {
    let clients = Clients::open(Arrivals::even(100.0));
    let world = World::new(clients, Servers::new(Times::Constant(MS))).lasting(S * (calls / 100));
    world
        .run_with(&Candidate::new("", Policy::zero().attempts(1).attempt_timeout(S)), 7, &mut Root { leaves, leaf })
        .unwrap()
}

/// 1 in 100 leaves takes longer than a second: of requests that ask 100, 63 % do. And 1 in 10,000 of 2,000: 18 %, "almost one
/// in five".
#[test]
fn a_rare_slow_leaf_makes_most_requests_slow() {
    for (leaves, slow, published) in [(100, 0.01, 0.63), (2000, 0.0001, 0.181)] {
        let leaf = Times::Mix(vec![(1.0 - slow, Times::Constant(10 * MS)), (slow, Times::Constant(2 * S))]);
        let outcome = fan_out(leaves, leaf, if leaves > 100 { 10_000 } else { 40_000 });
        let (found, theory) = (1.0 - outcome.success(), theory::any_slow(slow, leaves));
        println!("{leaves} leaves, {slow} slow: {found:.3} of the requests, published {published}, theory {theory:.3}");
        assert!((found - published).abs() < 0.012 && (found - theory).abs() < 0.01, "{found} {theory}");
    }
}

/// The median of the slowest of 100 is the leaf's quantile 0.5^(1/100) = 0.9931.
#[test]
fn the_slowest_of_a_hundred_is_as_slow_as_the_rarest_of_one() {
    let leaf =
        Times::quantiles(&[(0.5, MS), (0.95, 5 * MS), (0.99, 10 * MS), (0.9931, 12 * MS), (1.0, 200 * MS)]).unwrap();
    let median = fan_out(100, leaf, 20_000).success_times.quantile(0.5).unwrap().as_secs_f64() * 1000.0;
    assert!((median - 12.0).abs() < 0.5, "{median}");
}

/// 1.05 sends a call, and a 99th percentile that is cut.
#[test]
fn a_hedge_after_the_95th_percentile_costs_five_in_a_hundred() {
    let leaf = Times::quantiles(&[(0.5, MS), (0.95, 5 * MS), (0.99, 10 * MS), (1.0, 100 * MS)]).unwrap();
    let world =
        World::new(Clients::open(Arrivals::poisson(1000.0)), Servers::new(leaf).workers(1_000_000)).lasting(300 * S);
    let run = |policy| world.run(&Candidate::new("", policy), 7).unwrap();
    let plain = run(Policy::stop().attempts(1));
    let hedged = run(Policy::stop().attempts(2).lanes(2).hedge_after(5 * MS));
    println!("{:.4} sends a call", hedged.sends_per_call());
    assert!((hedged.sends_per_call() - 1.05).abs() < 0.002, "{}", hedged.sends_per_call());
    let p99 = |outcome: &Outcome| outcome.success_times.quantile(0.99).unwrap();
    let p999 = |outcome: &Outcome| outcome.success_times.quantile(0.999).unwrap();
    assert!(p99(&hedged) < p99(&plain).mul_f64(0.8) && p999(&hedged) < p999(&plain).mul_f64(0.3));
}
