//! Brooker, "Fixing retries with token buckets and circuit breakers" (2022): 100 clients, 3 retries, and a bucket of 10 for
//! each, into which a success puts a tenth of a token. The article has pictures; the numbers are those of a model of it with
//! 2,000 calls for each client. Availability within 0.004, load within 0.006.

use std::sync::Mutex;
use std::time::Duration;

use insist_core::{AttemptEnd, Cause, Gate, Instant, Policy, Refusal, Settled};
use insist_sim::{Arrivals, Candidate, Clients, Incident, Servers, Times, World};

const S: Duration = Duration::from_secs(1);

pub(crate) struct Bucket(Mutex<f64>);

impl Bucket {
    pub(crate) fn full() -> Self {
        Self(Mutex::new(10.0))
    }
}

impl Gate for Bucket {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        let mut left = self.0.lock().unwrap();
        // Ten tenths are a little less than one.
        if *left < 1.0 - 1e-9 {
            return Err(Refusal::new(&"bucket is empty"));
        }
        *left -= 1.0;
        Ok(())
    }

    fn refund(&self, _: Instant, _: &Cause, _: Instant) {
        *self.0.lock().unwrap() += 1.0;
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        if let Settled::Ended(AttemptEnd::Accept, _) = settled {
            let mut left = self.0.lock().unwrap();
            *left = (*left + 0.1).min(10.0);
        }
    }
}

/// 200,000 calls of so many clients, in a world where attempts fail with this probability.
pub(crate) fn outcome<G: Gate>(clients: u32, failure: f64, gate: impl Fn() -> G) -> (f64, f64) {
    let servers = Servers::new(Times::Constant(S / 1000)).workers(1_000_000);
    let world = World::new(Clients::open(Arrivals::poisson(1000.0)).count(clients).gate_each(), servers)
        .incident(Incident::fail(503, Duration::ZERO, 3600 * S).share(failure))
        .lasting(200 * S);
    let outcome = world.run(&Candidate::new("", Policy::zero().attempts(4)).gate(gate), 7).unwrap();
    (outcome.success(), outcome.sends_per_call())
}

#[track_caller]
fn assert_near(name: &str, failure: f64, found: (f64, f64), expected: (f64, f64)) {
    println!("{name} at {failure}: {:.4} of {:.4}, load {:.4} of {:.4}", found.0, expected.0, found.1, expected.1);
    assert!((found.0 - expected.0).abs() <= 0.004, "{name} at {failure}: availability {found:?} of {expected:?}");
    assert!((found.1 - expected.1).abs() <= 0.006, "{name} at {failure}: load {found:?} of {expected:?}");
}

#[test]
fn three_retries_quadruple_the_load_when_everything_fails() {
    for (p, availability, load) in
        [(0.01, 1.0, 1.01), (0.1, 0.9999, 1.111), (0.3, 0.9918, 1.416), (0.5, 0.9374, 1.875), (1.0, 0.0, 4.0)]
    {
        assert_near("3 retries", p, outcome(100, p, || ()), (availability, load));
    }
}

#[test]
fn a_bucket_retries_what_is_rare_and_gives_up_on_an_outage() {
    for (p, availability, load) in [
        (0.01, 1.0, 1.01),
        (0.05, 1.0, 1.052),
        (0.1, 0.9887, 1.099),
        (0.2, 0.8735, 1.092),
        (0.3, 0.7556, 1.080),
        (0.5, 0.5288, 1.058),
        (0.7, 0.3105, 1.036),
        (1.0, 0.0, 1.005),
    ] {
        assert_near("bucket", p, outcome(100, p, Bucket::full), (availability, load));
    }
}

/// Every client brings a full bucket: the more there are, the less it limits.
#[test]
fn many_clients_with_a_bucket_each_are_hardly_limited() {
    for (clients, availability, load) in [(10, 0.7526, 1.076), (1000, 0.7864, 1.123), (10_000, 0.9768, 1.395)] {
        assert_near("clients", f64::from(clients), outcome(clients, 0.3, Bucket::full), (availability, load));
    }
}
