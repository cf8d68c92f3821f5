//! A world is a value that proptest can make: what a policy promises is checked in random ones, which shrink to the simplest
//! in which it is broken.

use std::time::Duration;

use insist_core::{Breaker, Budget, Policy};
use insist_sim::{Arrivals, Balance, Candidate, Clients, Discipline, Incident, Servers, Surge, Times, World};
use proptest::prelude::*;

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn spans(most: u32) -> impl Strategy<Value = Duration> {
    (1..=most).prop_map(|millis| MS * millis)
}

fn clients() -> impl Strategy<Value = Clients> {
    let arrivals = prop_oneof![
        (1..300_u32).prop_map(|rate| Arrivals::poisson(rate.into())),
        (1..300_u32).prop_map(|rate| Arrivals::even(rate.into())),
        (1..50_u32, spans(1000)).prop_map(|(size, every)| Arrivals::bursts(size, every)),
    ];
    let open = (arrivals, proptest::option::of((0..5_u32, 1..40_u32))).prop_map(|(arrivals, surge)| {
        let clients = Clients::open(arrivals);
        match surge {
            Some((from, tenths)) => clients.surge(Surge::new(S * from, S * (from + 2), f64::from(tenths) / 10.0)),
            None => clients,
        }
    });
    let closed = (1..20_u32, spans(200)).prop_map(|(count, think)| Clients::closed(count, Times::Exponential(think)));
    (prop_oneof![3 => open, 1 => closed], any::<bool>())
        .prop_map(|(clients, each)| if each { clients.gate_each() } else { clients })
}

fn servers() -> impl Strategy<Value = Servers> {
    let service = prop_oneof![spans(50).prop_map(Times::Constant), spans(50).prop_map(Times::Exponential)];
    let order = prop_oneof![Just(Discipline::Fifo), Just(Discipline::Lifo)];
    let balance = prop_oneof![Just(Balance::Random), Just(Balance::RoundRobin), Just(Balance::LeastBusy)];
    (service, 1..4_u32, 1..5_u32, 0..60_u32, order, balance, any::<bool>()).prop_map(
        |(service, replicas, workers, queue, order, balance, told)| {
            let servers = Servers::new(service).replicas(replicas).workers(workers).discipline(order).balance(balance);
            // Few enough to be turned away often, or no limit.
            let servers = if queue < 50 { servers.queue(queue) } else { servers };
            if told { servers.told_of_cancels() } else { servers }
        },
    )
}

fn incidents() -> impl Strategy<Value = Incident> {
    (0..5_u32, 0..8_u32, 1..4_u32, 0.0..1.0_f64).prop_map(|(kind, from, long, share)| {
        let (from, until) = (S * from, S * (from + long));
        match kind {
            0 => Incident::hang(from, until).share(share),
            1 => Incident::fail(503, from, until).share(share).retry_after(MS * 300),
            2 => Incident::slow(1.0 + 20.0 * share, from, until),
            3 => Incident::reset(from, until).share(share),
            _ => Incident::capacity_loss(share, from, until),
        }
    })
}

fn worlds() -> impl Strategy<Value = World> {
    (clients(), servers(), proptest::collection::vec(incidents(), 0..3)).prop_map(|(clients, servers, incidents)| {
        let world = World::new(clients, servers).lasting(10 * S).patience(20 * S);
        incidents.into_iter().fold(world, World::incident)
    })
}

/// The policy that a service ships.
fn policy() -> Policy {
    Policy::exponential(50 * MS).attempts(4).attempt_timeout(S / 2).deadline(3 * S)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Never more sends than the policy says, no call that outlives its deadline, and every call has one end.
    #[test]
    fn a_call_keeps_to_its_policy_in_every_world(world in worlds(), seed in any::<u64>(), hedges in any::<bool>()) {
        let policy = if hedges { policy().lanes(2).hedge_after(40 * MS) } else { policy() };
        let candidate = Candidate::new("shipped", policy).gate(Breaker::default);
        let outcome = world.run(&candidate, seed).unwrap();
        prop_assert!(outcome.most_sends <= 4);
        prop_assert!(outcome.all_times.most().unwrap_or_default() <= 3 * S);
        let gave_up: u64 = outcome.reasons.values().sum();
        prop_assert_eq!((outcome.unfinished, outcome.succeeded + gave_up), (0, outcome.calls));
        prop_assert_eq!(outcome, world.run(&candidate, seed).unwrap());
    }

    /// A budget of a tenth adds at most a tenth, and its reserve in each window.
    #[test]
    fn a_budget_bounds_the_load_in_every_world(world in worlds(), seed in any::<u64>()) {
        let world = world.lasting(10 * S);
        let outcome = world.run(&Candidate::new("bounded", policy()).gate(|| Budget::new(0.1)), seed).unwrap();
        let gates = outcome.calls.min(20);
        // Calls that begin after those that count pay for theirs.
        let most = outcome.calls as f64 * 1.1 + 10.0 * 4.0 * gates as f64;
        prop_assert!(outcome.sends as f64 <= most, "{} sends of {most}", outcome.sends);
    }
}
