//! Brooker, "Fixing retries with token buckets and circuit breakers" (2022): 100 clients, 3 retries, and a bucket of 10
//! into which each success puts a tenth of a token.
//!
//! The article has pictures; the numbers are those of a model of it, with buckets that start full and 2,000 calls each. Its
//! breaker is not here: it stops retries alone, by the last hundred outcomes, where insist's stops every send, by those of
//! a window of time.

use std::cell::Cell;

use insist_core::{Action, AttemptEnd, Budget, Cause, Gate, Instant, Policy, Refusal, Settled, Verdict};

use crate::{RETRY, assert_near, played, sends};

struct Bucket(Cell<f64>);

impl Gate for Bucket {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        // Ten tenths are a little less than one.
        let left = self.0.get() - 1.0 + 1e-9;
        if left < 0.0 {
            return Err(Refusal::new(&"bucket is empty"));
        }
        self.0.set(left);
        Ok(())
    }

    fn refund(&self, _: Instant, _: &Cause, _: Instant) {
        self.0.set(self.0.get() + 1.0);
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        if let Settled::Ended(AttemptEnd::Accept, _) = settled {
            self.0.set((self.0.get() + 0.1).min(10.0));
        }
    }
}

/// The share of 20,000 calls that succeed, and the sends for each, when attempts fail with this probability. Clients make
/// so many calls each.
fn outcome<G: Gate>(gate: impl Fn() -> G, p: f64, calls: u32) -> (f64, f64) {
    let policy = Policy::zero().attempts(4);
    let mut random = fastrand::Rng::with_seed(7);
    let (mut succeeded, mut sent, all) = (0, 0, 20_000);
    for _ in 0..all / calls {
        let gate = gate();
        for _ in 0..calls {
            let verdicts = [0; 4].map(|_| if random.f64() < p { RETRY } else { Verdict::Accept });
            let timeline = played(&policy, &gate, &verdicts);
            succeeded += u32::from(timeline.steps.iter().any(|step| matches!(step.action, Action::Return(_))));
            sent += sends(&timeline).len();
        }
    }
    (f64::from(succeeded) / f64::from(all), sent as f64 / f64::from(all))
}

#[track_caller]
fn assert_outcome((availability, load): (f64, f64), expected: (f64, f64)) {
    assert_near(availability, expected.0, 0.015);
    assert_near(load, expected.1, 0.015);
}

#[test]
fn three_retries_quadruple_the_load_when_everything_fails() {
    let rows = [(0.01, 1.0, 1.01), (0.1, 0.9999, 1.111), (0.3, 0.9918, 1.416), (0.5, 0.9374, 1.875), (1.0, 0.0, 4.0)];
    for (p, availability, load) in rows {
        assert_outcome(outcome(|| (), p, 2000), (availability, load));
    }
}

#[test]
fn a_bucket_retries_what_is_rare_and_gives_up_on_an_outage() {
    let rows = [
        (0.01, 1.0, 1.01),
        (0.05, 1.0, 1.052),
        (0.1, 0.9887, 1.099),
        (0.2, 0.8735, 1.092),
        (0.3, 0.7556, 1.08),
        (0.5, 0.5288, 1.058),
        (0.7, 0.3105, 1.036),
        (1.0, 0.0, 1.005),
    ];
    for (p, availability, load) in rows {
        assert_outcome(outcome(|| Bucket(Cell::new(10.0)), p, 2000), (availability, load));
    }
}

/// Every client brings a full bucket: with 20 calls each it hardly limits anything.
#[test]
fn a_bucket_of_a_client_that_calls_little_is_no_limit() {
    for (calls, availability, load) in [(2000, 0.7556, 1.08), (200, 0.7864, 1.123), (20, 0.9768, 1.395)] {
        assert_outcome(outcome(|| Bucket(Cell::new(10.0)), 0.3, calls), (availability, load));
    }
}

/// insist's budget pays for retries with first sends and not with successes, so an outage costs a tenth and not nothing;
/// what is rare is retried as with the bucket.
#[test]
fn a_budget_keeps_the_load_of_an_outage_at_its_ratio() {
    let budget = || Budget::new(0.1);
    assert_outcome(outcome(budget, 0.05, 2000), (1.0, 1.052));
    let (availability, load) = outcome(budget, 1.0, 2000);
    assert_eq!(availability, 0.0);
    assert_near(load, 1.1 + 10.0 / 2000.0, 1e-9);
}
