//! A gate for each host: found, and made for a host that is new, beside governor's keyed store.

use std::hint::black_box;

use governor::{Quota, RateLimiter};
use insist_core::Cause;
use insist_http::{Bulkhead, Gate, Hosts, Instant};

use crate::Job;

/// Both, each for hosts that are known and for new ones.
pub static JOBS: &[Job] = &[
    Job { name: "insist-http", run: insist_hits },
    Job { name: "governor", run: governor_hits },
    Job { name: "insist-http, new", run: insist_misses },
    Job { name: "governor, new", run: governor_misses },
];

/// The most rounds of a job: names for new hosts are made before them, whatever their number.
const NEW: u32 = 2000;

fn names(count: u32) -> Vec<String> {
    (0..count).map(|host| format!("host{host}.example")).collect()
}

fn bulkheads(limit: usize) -> Hosts<Bulkhead> {
    Hosts::new(|| Bulkhead::new(1_000_000)).limit(limit)
}

/// Asks the gate as well, as governor's store does.
fn ask(hosts: &Hosts<Bulkhead>, name: &str) {
    let gate = hosts.gate_of("https", black_box(name), None, Instant::ZERO);
    black_box(gate.admit(Instant::ZERO, &Cause::FIRST));
}

fn insist_hits(count: u32, rounds: u64) {
    let (names, hosts) = (names(count), bulkheads(2 * count as usize));
    names.iter().for_each(|name| ask(&hosts, name));
    for round in 0..rounds as usize {
        ask(&hosts, &names[round * 7 % names.len()]);
    }
}

fn governor_hits(count: u32, rounds: u64) {
    let names = names(count);
    let limiter = RateLimiter::keyed(Quota::per_second(std::num::NonZeroU32::MAX));
    for name in &names {
        let _ = limiter.check_key(name);
    }
    for round in 0..rounds as usize {
        let _ = black_box(limiter.check_key(black_box(&names[round * 7 % names.len()])));
    }
}

fn insist_misses(count: u32, rounds: u64) {
    let hosts = bulkheads(count as usize);
    for name in names(count + NEW).iter().take(count as usize + rounds as usize) {
        ask(&hosts, name);
    }
}

/// Its store forgets only when it is told to, so it just grows.
fn governor_misses(count: u32, rounds: u64) {
    let limiter = RateLimiter::keyed(Quota::per_second(std::num::NonZeroU32::MAX));
    for name in names(count + NEW).iter().take(count as usize + rounds as usize) {
        let _ = black_box(limiter.check_key(black_box(name)));
    }
}
