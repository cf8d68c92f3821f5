//! Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): clients that write one row with optimistic
//! locking. The curves are those of the article's simulator, `aws-arch-backoff-simulator`, run for a hundred samples:
//! milliseconds until the last client is done, and writes at the server.

use std::time::Duration;

use insist_core::{Backoff, Instant, Jitter, Policy, RetryContext, Rng, Verdict};
use insist_sim::{Backend, Candidate, Clients, Draw, Request, Servers, Step, Times, World};

const MS: Duration = Duration::from_millis(1);
const BASE: Duration = Duration::from_millis(5);
const CAP: Duration = Duration::from_millis(2000);

/// A row with a version: read it, write it if it is unchanged. Each way takes |N(10, 2)| ms.
struct Row {
    version: u64,
    leg: Times,
}

impl Backend for Row {
    fn step(&mut self, _: Instant, request: &mut Request, draw: &mut Draw) -> Step {
        let leg = self.leg.draw(draw);
        match request.step {
            0 => Step::Again(leg),
            1 => {
                request.memo = self.version;
                Step::Again(leg + self.leg.draw(draw))
            }
            _ if request.memo == self.version => {
                self.version += 1;
                Step::Answer(leg, Verdict::Accept)
            }
            _ => Step::Answer(leg, Verdict::retry()),
        }
    }
}

/// The article's decorrelated jitter cuts what is drawn; insist's cuts the range before, so that nothing piles up at the cap.
pub(crate) struct Clamped;

pub(crate) fn clamped() -> Policy<Clamped> {
    Policy::new(Clamped).jitter(Jitter::None)
}

impl Backoff for Clamped {
    fn delay(&self, retry: RetryContext, rng: &mut dyn Rng) -> Option<Duration> {
        let previous = if retry.number == 1 { BASE } else { retry.previous() };
        let range = (previous * 3).saturating_sub(BASE).as_nanos();
        let drawn = (u128::from(rng.next_u64()) * range) >> 64;
        Some((BASE + Duration::from_nanos(drawn as u64)).min(CAP))
    }
}

/// The mean time until all are done, in milliseconds, and the mean of the writes.
pub(crate) fn measured<B: Backoff>(policy: Policy<B>, clients: u32, samples: u32) -> (f64, f64) {
    let candidate = Candidate::new("", policy.attempts(1_000_000));
    let nothing = Times::Constant(Duration::ZERO);
    let world = World::new(Clients::closed(clients, nothing.clone()).calls_each(1), Servers::new(nothing));
    let (mut time, mut writes) = (0.0, 0.0);
    for number in 0..samples {
        let mut row = Row { version: 0, leg: Times::Normal(10 * MS, 2 * MS) };
        let outcome = world.run_with(&candidate, World::seed(7, number), &mut row).unwrap();
        assert_eq!(outcome.succeeded, u64::from(clients));
        time += outcome.ended_at.as_secs_f64() * 1000.0;
        writes += outcome.sends as f64;
    }
    (time / f64::from(samples), writes / f64::from(samples))
}

/// Writes within 3 % and time within 10 %.
#[track_caller]
fn assert_curve(name: &str, measure: impl Fn(u32, u32) -> (f64, f64), published: [(u32, f64, f64); 4]) {
    for (clients, time, writes) in published {
        let (found_time, found_writes) = measure(clients, if clients > 60 { 30 } else { 200 });
        println!("{name}, {clients} clients: {found_time:.0} ms of {time}, {found_writes:.0} writes of {writes}");
        assert!((found_writes / writes - 1.0).abs() < 0.03, "{name}, {clients} clients: {found_writes} of {writes}");
        assert!((found_time / time - 1.0).abs() < 0.10, "{name}, {clients} clients: {found_time} of {time} ms");
    }
}

/// Retry n from 1 waits 5 ms × 2^n.
pub(crate) const EXPONENTIAL: Policy = Policy::exponential(Duration::from_millis(10)).cap(CAP);

#[test]
fn without_backoff_the_calls_grow_with_the_square_of_the_clients() {
    let published = [(10, 380.0, 50.9), (50, 1139.0, 689.6), (100, 2026.0, 2421.4), (190, 3538.0, 8006.0)];
    assert_curve("none", |clients, samples| measured(Policy::zero(), clients, samples), published);
}

#[test]
fn exponential_backoff_without_jitter_takes_longest() {
    let policy = EXPONENTIAL.jitter(Jitter::None);
    let published = [(10, 3485.0, 50.9), (50, 36_397.0, 623.9), (100, 63_524.0, 1858.4), (190, 101_283.0, 5161.5)];
    assert_curve("exponential", |clients, samples| measured(policy, clients, samples), published);
}

#[test]
fn equal_jitter() {
    let policy = EXPONENTIAL.jitter(Jitter::Equal);
    let published = [(10, 723.0, 42.4), (50, 4226.0, 347.5), (100, 6596.0, 812.5), (190, 9415.0, 1760.2)];
    assert_curve("equal", |clients, samples| measured(policy, clients, samples), published);
}

#[test]
fn full_jitter() {
    let policy = EXPONENTIAL.jitter(Jitter::Full);
    let published = [(10, 458.0, 38.9), (50, 2864.0, 332.8), (100, 4908.0, 795.8), (190, 7460.0, 1771.7)];
    assert_curve("full", |clients, samples| measured(policy, clients, samples), published);
}

#[test]
fn decorrelated_jitter() {
    let published = [(10, 435.0, 37.6), (50, 2211.0, 374.4), (100, 4552.0, 1002.6), (190, 7907.0, 2435.3)];
    assert_curve("decorrelated", |clients, samples| measured(clamped(), clients, samples), published);
}
