//! The same world, policy and seed give the same outcome, on every platform; what differs between policies is the policy.

use std::time::Duration;

use insist_core::{Breaker, Budget, Jitter, Policy};
use insist_sim::{Arrivals, Balance, Candidate, Clients, Discipline, Incident, Servers, Surge, Times, World};

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// A world with something of everything.
fn world() -> World {
    let service = Times::quantiles(&[(0.5, 4 * MS), (0.95, 12 * MS), (0.99, 80 * MS)]).unwrap();
    let clients = Clients::open(Arrivals::poisson(300.0)).count(10).gate_each();
    let servers = Servers::new(service).replicas(3).workers(2).queue(40).balance(Balance::LeastBusy).told_of_cancels();
    World::new(clients.surge(Surge::new(5 * S, 7 * S, 2.0)), servers.discipline(Discipline::Lifo).skew(&[1.0, 1.5]))
        .incident(Incident::hang(8 * S, 9 * S).share(0.5))
        .incident(Incident::fail(503, 10 * S, 12 * S).retry_after(S).share(0.7))
        .incident(Incident::reset(13 * S, 14 * S).replica(1))
        .incident(Incident::slow(5.0, 15 * S, 16 * S))
        .incident(Incident::capacity_loss(0.75, 17 * S, 19 * S))
        .lasting(25 * S)
        .warm_up(S)
}

fn policy() -> Policy {
    Policy::exponential(50 * MS)
        .jitter(Jitter::Equal)
        .attempts(4)
        .lanes(2)
        .hedge_after(20 * MS)
        .attempt_timeout(S / 2)
        .deadline(3 * S)
}

#[test]
fn a_seed_gives_one_outcome_and_another_seed_another() {
    let candidate = Candidate::new("hedged", policy()).gate(|| (Breaker::default(), Budget::new(0.3)));
    let first = world().run(&candidate, 7).unwrap();
    assert_eq!(first, world().run(&candidate, 7).unwrap());
    assert_ne!(first, world().run(&candidate, 8).unwrap());
}

/// These numbers change only with the meaning of a world or of the machine.
#[test]
fn the_numbers_of_a_seed_are_known() {
    let candidate = Candidate::new("hedged", policy()).gate(|| (Breaker::default(), Budget::new(0.3)));
    let outcome = world().run(&candidate, 7).unwrap();
    let numbers = (outcome.calls, outcome.succeeded, outcome.sends, outcome.hedges, outcome.events);
    assert_eq!(numbers, (8112, 6836, 9165, 511, 19465));
    let nanos = [0.5, 0.99].map(|share| outcome.all_times.quantile(share).unwrap().as_nanos());
    assert_eq!(nanos, [5_349_376, 1_047_527_424]);
}

/// The arrivals of an open load, and how long each call's first attempt takes, do not depend on the policy.
#[test]
fn every_policy_meets_the_same_calls() {
    let world =
        World::new(Clients::open(Arrivals::poisson(50.0)), Servers::new(Times::Exponential(10 * MS)).workers(1000));
    let [one, other] = [Policy::zero().attempts(1), Policy::aws().attempts(7)]
        .map(|policy| world.run(&Candidate::new("", policy), 7).unwrap());
    assert_eq!((one.calls, &one.success_times), (other.calls, &other.success_times));
}

/// Bounds what lives by calls, also when each has a timer far in the future.
#[test]
fn a_deadline_far_away_leaves_nothing_behind() {
    let world = World::new(Clients::open(Arrivals::even(1000.0)), Servers::new(Times::Constant(2 * MS)).workers(100));
    let outcome = world.run(&Candidate::new("", Policy::default().deadline(3600 * S)), 7).unwrap();
    assert_eq!((outcome.most_live, outcome.succeeded), (2, outcome.calls));
}
