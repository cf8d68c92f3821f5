//! Ten seconds in which a server does nothing, under one policy with several gates.
//!
//! Run with: `cargo run --release -p insist-sim --example outage`

use std::time::{Duration, Instant};

use insist_core::{Breaker, Budget, Policy};
use insist_sim::{Arrivals, Candidate, Clients, Incident, Servers, Times, World, WorldError};

const S: Duration = Duration::from_secs(1);

fn main() -> Result<(), WorldError> {
    let world = World::new(Clients::open(Arrivals::poisson(280.0)), Servers::new(Times::Exponential(S / 300)))
        .incident(Incident::hang(30 * S, 40 * S))
        .lasting(180 * S);
    let policy = Policy::exponential(S / 10).attempt_timeout(S).deadline(30 * S);
    let candidates = [
        Candidate::new("no retries", policy.attempts(1)),
        Candidate::new("1 retry, no wait", Policy::zero().attempts(2).attempt_timeout(S)),
        Candidate::new("3 attempts, full jitter", policy),
        Candidate::new("the same, budget 0.1", policy).gate(|| Budget::new(0.1)),
        Candidate::new("the same, budget 0.02", policy).gate(|| Budget::new(0.02).with_reserve(0)),
        Candidate::new("the same, breaker 0.5", policy).gate(Breaker::default),
    ];
    println!("{:<26}{:>9}{:>14}{:>8}{:>16}", "policy", "success", "sends a call", "peak", "recovers");
    let (mut events, started) = (0, Instant::now());
    for candidate in &candidates {
        let outcome = world.run(candidate, 7)?;
        let recovers =
            outcome.recovers.map_or("not in the run".into(), |span| format!("after {:.0} s", span.as_secs_f64()));
        let success = 100.0 * outcome.success();
        let (sends, peak) = (outcome.sends_per_call(), outcome.peak());
        println!("{:<26}{success:>8.1}%{sends:>14.2}{peak:>8.2}{recovers:>16}", candidate.name());
        events += outcome.events;
    }
    println!("\n{:.1} million events a second", events as f64 / started.elapsed().as_secs_f64() / 1e6);
    Ok(())
}
