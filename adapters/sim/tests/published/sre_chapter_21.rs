//! Google, "Site Reliability Engineering", chapters 21 and 22: what retries make of the load, alone and in layers, and
//! adaptive throttling.

use std::time::Duration;

use insist_core::{Action, AdaptiveThrottle, Budget, Call, Gate, Instant, Policy, Verdict};
use insist_sim::{Arrivals, Backend, Candidate, Clients, Draw, Incident, Request, Servers, Step, Times, World, theory};

const S: Duration = Duration::from_secs(1);

/// Sends for each call, in a world where attempts fail with this probability.
pub(crate) fn load<G: Gate>(failure: f64, gate: impl Fn() -> G) -> f64 {
    let servers = Servers::new(Times::Constant(S / 1000)).workers(1_000_000);
    let world = World::new(Clients::open(Arrivals::even(1000.0)), servers)
        .incident(Incident::fail(503, Duration::ZERO, 3600 * S).share(failure))
        .lasting(100 * S);
    world.run(&Candidate::new("", Policy::zero()).gate(gate), 7).unwrap().sends_per_call()
}

/// 1.75, 2.71 and 3: three times the load when everything fails.
#[test]
fn three_attempts_are_up_to_three_times_the_load() {
    for failure in [0.5, 0.9, 1.0] {
        let (found, expected) = (load(failure, || ()), theory::sends(failure, 3));
        println!("failures {failure}: {found:.3} sends a call, by arithmetic {expected:.3}");
        assert!((found - expected).abs() < 0.01, "{failure}: {found} of {expected}");
    }
}

/// 1.1 times: a tenth of the first sends.
#[test]
fn a_budget_of_a_tenth_bounds_the_load_by_a_tenth() {
    for failure in [0.5, 0.9, 1.0] {
        let found = load(failure, || Budget::new(0.1).with_reserve(0));
        assert!((found - 1.1).abs() < 0.002, "{failure}: {found}");
    }
}

/// A layer that retries what is below it, and at the bottom a server where everything fails.
struct Layers {
    below: u32,
    policy: Policy,
    asked: u64,
}

impl Layers {
    fn ask(&mut self, layers: u32) {
        if layers == 0 {
            self.asked += 1;
            return;
        }
        let policy = self.policy;
        let mut call = Call::new(&policy, (), Instant::ZERO, 7);
        while let Action::Send(attempt) = call.poll(Instant::ZERO) {
            self.ask(layers - 1);
            let _ = call.handle(Instant::ZERO, attempt.id, Verdict::retry());
        }
    }
}

impl Backend for Layers {
    fn step(&mut self, _: Instant, _: &mut Request, _: &mut Draw) -> Step {
        self.ask(self.below);
        Step::Answer(S / 1000, Verdict::retry())
    }
}

/// Returns how often the bottom is asked for a call, through so many layers that each make so many attempts.
pub(crate) fn asked(layers: u32, attempts: u32) -> u64 {
    let nothing = Times::Constant(Duration::ZERO);
    let world = World::new(Clients::closed(10, nothing.clone()).calls_each(1), Servers::new(nothing));
    let policy = Policy::zero().attempts(attempts);
    let mut backend = Layers { below: layers - 1, policy, asked: 0 };
    let outcome = world.run_with(&Candidate::new("", policy), 7, &mut backend).unwrap();
    backend.asked / outcome.calls
}

/// 3³ = 27, 3⁴ = 81, 4³ = 64 (the book's), 3⁵ = 243 (the Amazon Builders' Library's).
#[test]
fn layers_that_all_retry_multiply() {
    assert_eq!([asked(3, 3), asked(4, 3), asked(3, 4), asked(5, 3)], [27, 81, 64, 243]);
}

/// K requests reach the backend for each that it takes on, however many are offered.
#[test]
fn adaptive_throttling_lets_k_requests_through_for_each_accepted() {
    for k in [2.0, 1.1] {
        for offered in [2.0, 4.0, 10.0] {
            let servers = Servers::new(Times::Constant(S / 100)).workers(10).queue(0).full_status(429);
            let world =
                World::new(Clients::open(Arrivals::poisson(1000.0 * offered)), servers).warm_up(10 * S).lasting(20 * S);
            let candidate = Candidate::new("", Policy::zero().attempts(1));
            let candidate = candidate.gate(|| AdaptiveThrottle::new(k).window(2 * S));
            let outcome = world.run(&candidate, 7).unwrap();
            let reaching = outcome.sends as f64 / outcome.succeeded as f64;
            println!("K = {k}, {offered} times the capacity: {reaching:.3} reach it for each that it takes on");
            assert!((reaching - k).abs() < 0.03, "K = {k}, {offered}: {reaching}");
        }
    }
}
