//! Huang and others, "Metastable Failures in the Wild" (OSDI 2022): a failure has a trigger (more load, or less capacity) and
//! a loop that sustains it (work that grows, or capacity that shrinks). All four pairs, each with what breaks its loop.

use std::time::Duration;

use insist_core::{Budget, Policy};
use insist_sim::{Arrivals, Candidate, Clients, Incident, Outcome, Servers, Surge, Times, World};

const S: Duration = Duration::from_secs(1);
const ONCE: Policy = Policy::zero().attempts(1).attempt_timeout(S);
const RETRIED: Policy = Policy::exponential(S.checked_div(10).unwrap()).attempts(3).attempt_timeout(S);

fn clients() -> Clients {
    Clients::open(Arrivals::poisson(200.0))
}

/// More load for ten seconds.
pub(crate) fn surge(servers: Servers) -> World {
    World::new(clients().surge(Surge::new(20 * S, 30 * S, 2.5)), servers).lasting(300 * S)
}

/// Less capacity for ten seconds.
pub(crate) fn loss(servers: Servers) -> World {
    World::new(clients(), servers).incident(Incident::capacity_loss(0.7, 20 * S, 30 * S)).lasting(300 * S)
}

/// Servers for 260 a second.
pub(crate) fn servers() -> Servers {
    Servers::new(Times::Exponential(S / 65)).workers(4)
}

/// The same, whose attempts take longer the more wait: capacity that shrinks under load.
pub(crate) fn thrashing() -> Servers {
    servers().contention(0.002)
}

pub(crate) fn run(world: &World, candidate: &Candidate<'_>) -> Outcome {
    world.run(candidate, 7).unwrap()
}

pub(crate) fn once() -> Candidate<'static> {
    Candidate::new("once", ONCE)
}

pub(crate) fn retried() -> Candidate<'static> {
    Candidate::new("retried", RETRIED)
}

pub(crate) fn budgeted() -> Candidate<'static> {
    Candidate::new("budgeted", RETRIED).gate(|| Budget::new(0.1).with_reserve(0))
}

fn assert_stuck(outcome: &Outcome) {
    let last = &outcome.slices[240..];
    let (calls, succeeded) = last.iter().fold((0, 0), |sums, slice| (sums.0 + slice.calls, sums.1 + slice.succeeded));
    assert_eq!(outcome.recovers, None);
    assert!(succeeded * 20 < calls, "{succeeded} of {calls} succeed long after the trigger");
}

fn assert_well(outcome: &Outcome) {
    assert!(outcome.recovers.is_some_and(|span| span < 120 * S), "{:?}", outcome.recovers);
}

/// Retries are the loop: the trigger alone passes, and a budget breaks the loop.
#[test]
fn a_surge_of_load_sustained_by_work_that_grows() {
    assert_well(&run(&surge(servers()), &once()));
    assert_stuck(&run(&surge(servers()), &retried()));
    assert_well(&run(&surge(servers()), &budgeted()));
}

#[test]
fn a_loss_of_capacity_sustained_by_work_that_grows() {
    assert_well(&run(&loss(servers()), &once()));
    assert_stuck(&run(&loss(servers()), &retried()));
    assert_well(&run(&loss(servers()), &budgeted()));
}

/// Not a single retry is needed; a queue with a limit breaks the loop.
#[test]
fn a_surge_of_load_sustained_by_capacity_that_shrinks() {
    assert_stuck(&run(&surge(thrashing()), &once()));
    assert_well(&run(&surge(thrashing().queue(40)), &once()));
}

#[test]
fn a_loss_of_capacity_sustained_by_capacity_that_shrinks() {
    assert_stuck(&run(&loss(thrashing()), &once()));
    assert_well(&run(&loss(thrashing().queue(40)), &once()));
}

/// Without a trigger, none of these worlds is ill.
#[test]
fn without_a_trigger_all_is_well() {
    let calm = |servers| World::new(clients(), servers).lasting(60 * S);
    for world in [calm(servers()), calm(thrashing())] {
        assert!(run(&world, &retried()).success() > 0.999);
    }
}
