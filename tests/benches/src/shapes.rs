//! A delay of each built-in backoff, the policy borrowed and built at run time, as it is when it comes out of a file.

use std::hint::black_box;
use std::time::Duration;

use insist_core::{AtEnd, Jitter, List, Policy};

use crate::setting::{ATTEMPTS, made};
use crate::{Job, repeat};

/// All of them.
pub static JOBS: &[Job] = &[
    Job { name: "zero", run: |count, rounds| draw(Policy::zero(), count, rounds) },
    Job { name: "constant, none", run: |count, rounds| draw(Policy::constant(base()), count, rounds) },
    Job { name: "constant, full", run: |count, rounds| draw(full(Policy::constant(base())), count, rounds) },
    Job { name: "constant, a fraction", run: |count, rounds| draw(fraction(Policy::constant(base())), count, rounds) },
    Job { name: "linear, full", run: |count, rounds| draw(Policy::linear(base()), count, rounds) },
    Job { name: "exponential × 2, full", run: |count, rounds| draw(made(), count, rounds) },
    Job { name: "exponential × 2, none", run: |count, rounds| draw(made().jitter(Jitter::None), count, rounds) },
    Job { name: "exponential × 2, equal", run: |count, rounds| draw(made().jitter(Jitter::Equal), count, rounds) },
    Job { name: "exponential × 2, full, a floor", run: |count, rounds| draw(made().floor(base()), count, rounds) },
    Job { name: "exponential × 1.1, full", run: |count, rounds| draw(made().factor(black_box(1.1)), count, rounds) },
    Job { name: "fibonacci, full", run: |count, rounds| draw(Policy::fibonacci(base()), count, rounds) },
    Job { name: "decorrelated", run: |count, rounds| draw(Policy::decorrelated(base()), count, rounds) },
    Job { name: "list, none", run: |count, rounds| draw(list(), count, rounds) },
    Job { name: "list, full", run: |count, rounds| draw(full(list()), count, rounds) },
    Job { name: "pester's", run: |count, rounds| draw(Policy::pester(), count, rounds) },
    Job { name: "elastic's", run: |count, rounds| draw(Policy::elastic(), count, rounds) },
    Job { name: "cenkalti's", run: |count, rounds| draw(Policy::cenkalti(), count, rounds) },
    Job { name: "grpc's", run: |count, rounds| draw(Policy::grpc(), count, rounds) },
    Job { name: "aws's", run: |count, rounds| draw(Policy::aws(), count, rounds) },
];

fn base() -> Duration {
    black_box(Duration::from_millis(100))
}

fn full(policy: Policy) -> Policy {
    policy.jitter(black_box(Jitter::Full))
}

fn fraction(policy: Policy) -> Policy {
    policy.jitter(Jitter::fraction(black_box(0.5)))
}

fn list() -> Policy {
    let delays: Vec<Duration> = (1..=ATTEMPTS).map(|number| base() * number).collect();
    Policy::list(List::new(&delays), AtEnd::Repeat)
}

/// One loop for all, so that nothing is known of the policy where it is used.
#[inline(never)]
fn draw(policy: Policy, count: u32, rounds: u64) {
    let policy = black_box(policy.attempts(ATTEMPTS).lane_attempts(ATTEMPTS));
    repeat(count, rounds, |count, seed| {
        for delay in black_box(&policy).delays(seed).take(count as usize) {
            black_box(delay);
        }
    });
}
