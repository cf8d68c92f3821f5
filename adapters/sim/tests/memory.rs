//! The memory of a run goes by the calls that live, not by those that have ended or by the timers that they had.

use std::time::Duration;

use insist_core::{Breaker, Policy};
use insist_sim::{Arrivals, Candidate, Clients, Servers, Times, World};

const S: Duration = Duration::from_secs(1);

/// The most bytes at once, and the events.
fn measured(seconds: u32) -> (u64, u64) {
    let clients = Clients::open(Arrivals::poisson(500.0));
    let world = World::new(clients, Servers::new(Times::Exponential(S / 100)).workers(8)).lasting(S * seconds);
    let policy = Policy::default().attempt_timeout(S).deadline(3600 * S).lanes(2).hedge_after(S / 50);
    let candidate = Candidate::new("", policy).gate(Breaker::default);
    let mut events = 0;
    let memory = allocation_counter::measure(|| events = world.run(&candidate, 7).unwrap().events);
    (memory.bytes_max, events)
}

#[test]
fn a_run_that_is_ten_times_as_long_takes_no_more_memory() {
    let (short, long) = (measured(60), measured(600));
    assert!(long.1 > 9 * short.1);
    // A slice a second takes 24 bytes.
    let slices = 600 * 24;
    assert!(long.0 < short.0 * 3 / 2 + slices, "{} bytes and then {}", short.0, long.0);
}
