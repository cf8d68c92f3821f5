//! Each part of a world does what it says, in worlds small enough to count by hand.

use std::time::Duration;

use insist_core::{Bulkhead, Policy, Repeat};
use insist_sim::{
    Arrivals, Balance, Candidate, Clients, Discipline, Incident, Outcome, Servers, Times, World, WorldError,
};

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn run(world: &World, policy: Policy) -> Outcome {
    world.run(&Candidate::new("", policy), 7).unwrap()
}

fn given(millis: &[u32]) -> Clients {
    Clients::open(Arrivals::Given(millis.iter().map(|at| MS * *at).collect()))
}

fn most(outcome: &Outcome) -> Duration {
    outcome.all_times.most().unwrap()
}

const ONCE: Policy = Policy::zero().attempts(1);

#[test]
fn a_worker_serves_one_after_the_other_and_more_workers_together() {
    let servers = Servers::new(Times::Constant(10 * MS));
    assert_eq!(most(&run(&World::new(given(&[0, 0, 0]), servers.clone()), ONCE)), 30 * MS);
    assert_eq!(most(&run(&World::new(given(&[0, 0, 0]), servers.clone().workers(2)), ONCE)), 20 * MS);
    let replicas = servers.replicas(3).balance(Balance::RoundRobin);
    assert_eq!(most(&run(&World::new(given(&[0, 0, 0]), replicas), ONCE)), 10 * MS);
}

#[test]
fn a_full_queue_says_so_at_once() {
    let servers = Servers::new(Times::Constant(10 * MS)).queue(1);
    let outcome = run(&World::new(given(&[0, 0, 0, 0]), servers), ONCE);
    assert_eq!((outcome.succeeded, outcome.reasons["attempts"]), (2, 2));
    assert_eq!(outcome.all_times.quantile(0.1).unwrap().as_millis(), 1);
}

/// Of four at once the first is served, and then the last or the second.
#[test]
fn the_last_in_is_the_first_out_if_that_is_the_discipline() {
    let servers = Servers::new(Times::Constant(10 * MS));
    let clients = given(&[0, 1, 2, 3]);
    let policy = ONCE.attempt_timeout(25 * MS);
    let outcome = |discipline| run(&World::new(clients.clone(), servers.clone().discipline(discipline)), policy);
    assert_eq!(outcome(Discipline::Fifo).succeeded, 2);
    assert_eq!(outcome(Discipline::Lifo).succeeded, 2);
    let long = |discipline| outcome(discipline).success_times.most().unwrap();
    assert_eq!((long(Discipline::Fifo), long(Discipline::Lifo)), (19 * MS, 17 * MS));
}

#[test]
fn a_server_that_is_not_told_of_a_cancel_works_on() {
    let policy = Policy::zero().attempts(2).attempt_timeout(5 * MS);
    let world = |servers| World::new(given(&[0, 6]), servers);
    let hung = |servers: Servers| run(&world(servers).incident(Incident::slow(100.0, Duration::ZERO, MS)), policy);
    let servers = Servers::new(Times::Constant(2 * MS));
    assert_eq!(hung(servers.clone()).succeeded, 0, "the first attempt keeps the worker for 200 ms");
    assert_eq!(hung(servers.told_of_cancels()).succeeded, 2);
}

#[test]
fn incidents_are_about_their_time_replica_and_share() {
    let servers = Servers::new(Times::Constant(MS)).replicas(2).workers(100).balance(Balance::RoundRobin);
    let world = World::new(Clients::open(Arrivals::even(100.0)), servers).lasting(10 * S);
    let failed = |incident: Incident| {
        let outcome = run(&world.clone().incident(incident), ONCE);
        outcome.calls - outcome.succeeded
    };
    assert_eq!(failed(Incident::fail(503, 2 * S, 4 * S)), 200);
    assert_eq!(failed(Incident::reset(2 * S, 4 * S).replica(1)), 100);
    assert!((80..120).contains(&failed(Incident::fail(500, 2 * S, 4 * S).share(0.5))));
    assert_eq!(failed(Incident::fail(404, 2 * S, 4 * S)), 200);
    assert_eq!(failed(Incident::slow(10.0, 2 * S, 4 * S)), 0);
}

#[test]
fn a_hint_is_waited_for() {
    let world = World::new(given(&[0]), Servers::new(Times::Constant(MS)));
    let world = world.incident(Incident::fail(503, Duration::ZERO, S).retry_after(2 * S));
    assert_eq!(most(&run(&world, Policy::zero().attempts(2))), 2002 * MS);
}

#[test]
fn work_that_begins_in_a_hang_is_served_after_it() {
    let world = World::new(given(&[500]), Servers::new(Times::Constant(MS)));
    let world = world.incident(Incident::hang(Duration::ZERO, 3 * S));
    assert_eq!(most(&run(&world, ONCE)), 2501 * MS);
}

/// Half of one worker is a worker at half the speed, and nothing of it serves when it is back.
#[test]
fn capacity_that_is_lost_is_workers_and_speed() {
    let world = |part, workers| {
        let servers = Servers::new(Times::Constant(10 * MS)).workers(workers);
        World::new(given(&[0, 0]), servers).incident(Incident::capacity_loss(part, Duration::ZERO, S))
    };
    assert_eq!(most(&run(&world(0.5, 1), ONCE)), 40 * MS);
    assert_eq!(most(&run(&world(0.5, 2), ONCE)), 20 * MS);
    assert_eq!(most(&run(&world(1.0, 2), ONCE)), 1010 * MS);
}

#[test]
fn clients_in_a_loop_wait_for_their_answer_and_think() {
    let clients = Clients::closed(3, Times::Constant(90 * MS)).calls_each(5);
    let outcome = run(&World::new(clients, Servers::new(Times::Constant(10 * MS)).workers(3)), ONCE);
    assert_eq!((outcome.calls, outcome.ended_at), (15, 500 * MS));
}

#[test]
fn a_gate_is_for_all_clients_or_for_each() {
    let servers = Servers::new(Times::Constant(10 * MS)).workers(100);
    let world = |clients: Clients| World::new(clients, servers.clone());
    let refused = |clients| {
        let candidate = Candidate::new("", ONCE).gate(|| Bulkhead::new(1));
        world(clients).run(&candidate, 7).unwrap().refused()
    };
    let loops = Clients::closed(4, Times::Constant(Duration::ZERO)).calls_each(1);
    assert_eq!(refused(loops.clone()), 3);
    assert_eq!(refused(loops.gate_each()), 0);
}

#[test]
fn what_may_not_be_repeated_is_not() {
    let world = |clients: Clients| {
        World::new(clients, Servers::new(Times::Constant(MS))).incident(Incident::reset(Duration::ZERO, S))
    };
    assert_eq!(run(&world(given(&[0])), Policy::zero()).sends, 3);
    assert_eq!(run(&world(given(&[0]).repeat(Repeat::IfUnsent)), Policy::zero()).sends, 1);
}

/// A gate that refuses at once, asked by a client that does not think, does not stop the clock.
#[test]
fn calls_that_end_at_once_do_not_stop_the_clock() {
    let clients = Clients::closed(1, Times::Constant(Duration::ZERO));
    let world = World::new(clients, Servers::new(Times::Constant(MS))).lasting(MS);
    let outcome = world.run(&Candidate::new("", ONCE).gate(|| Bulkhead::new(0)), 7).unwrap();
    assert_eq!(outcome.refused(), 1000);
}

/// Calls that never end are failures: nothing answers them, and the policy has no timeout.
#[test]
fn calls_that_never_end_are_counted() {
    let world = World::new(given(&[0, 10]), Servers::new(Times::Constant(MS)));
    let world = world.incident(Incident::capacity_loss(1.0, Duration::ZERO, 3600 * S)).lasting(S).patience(S);
    let outcome = run(&world, ONCE);
    assert_eq!((outcome.calls, outcome.unfinished, outcome.success()), (2, 2, 0.0));
}

#[test]
fn what_makes_no_sense_is_named() {
    let world = World::new(given(&[0]), Servers::new(Times::Constant(MS)));
    let error = |world: World| world.run(&Candidate::new("", ONCE), 7).unwrap_err().to_string();
    let ill = world.clone().incident(Incident::fail(503, S, S));
    assert_eq!(error(ill), "fail is from 1s until 1s; until has to be later than from");
    let ill = world.clone().incident(Incident::hang(S, 2 * S).share(1.5));
    assert_eq!(error(ill), "share is 1.5; a number from 0 to 1 is needed");
    let ill = world.clone().incident(Incident::hang(S, 2 * S).replica(1));
    assert!(error(ill).starts_with("an incident is about replica 1"));
    let ill = World::new(given(&[0]), Servers::new(Times::Mix(vec![(0.0, Times::Constant(MS))])));
    assert_eq!(error(ill), "service: a mix needs shares from 0, and one above it");
    let endless = World::new(Clients::open(Arrivals::even(1e9)), Servers::new(Times::Constant(MS)));
    assert!(error(endless).starts_with("calls is 60000000000; a run has room for 1000000000 calls"));
    let many = world.run(&Candidate::new("", ONCE.lanes(17)), 7);
    assert_eq!(many, Err(WorldError::Lanes(17)));
}
