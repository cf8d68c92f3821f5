//! Whole calls with gates that are warm: hours old, so that all ten slots of their windows are looked at.

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use insist_core::{Action, Breaker, Budget, Call, Gate, Instant, Policy, Verdict};

use crate::operation::{Failed, Operation};
use crate::setting::ATTEMPTS;
use crate::{Job, repeat};

/// So many calls, a slot apart, warm a gate up.
const WARM: u64 = 20;
/// A slot of the default window.
const SLOT: u64 = 1_000_000_000;

/// All of them.
pub static JOBS: &[Job] = &[
    Job { name: "no gate", run: |failures, rounds| calls(&(), failures, rounds) },
    Job { name: "Budget", run: |failures, rounds| calls(&budget(), failures, rounds) },
    Job { name: "Breaker", run: |failures, rounds| calls(&breaker(), failures, rounds) },
    Job { name: "Budget and Breaker", run: |failures, rounds| calls(&(&budget(), &breaker()), failures, rounds) },
];

/// Never used up, but for want of a reserve it has to look.
fn budget() -> Budget {
    black_box(Budget::new(10.0).with_reserve(0))
}

/// Never open, for every call succeeds in the end, but after each failure it has to look.
fn breaker() -> Breaker {
    black_box(Breaker::new(1.0))
}

/// The clock goes on from call to call and from wait to wait, a slot in some hundred calls.
#[inline(never)]
fn calls<G: Gate>(gate: &G, failures: u32, rounds: u64) {
    let millis = |millis| black_box(Duration::from_millis(millis));
    let policy = black_box(Policy::exponential(millis(1)).cap(millis(10)).attempts(ATTEMPTS));
    let clock = Cell::new(3_600_000_000_000);
    // One loop for all, so that it is as much inlined as anybody's.
    repeat(failures, WARM + rounds, |failures, round| {
        clock.set(clock.get() + if round < WARM { SLOT } else { SLOT / 200 });
        call(black_box(&policy), black_box(gate), &clock, failures, round)
    });
}

#[inline(always)]
fn call<G: Gate>(
    policy: &Policy,
    gate: &G,
    clock: &Cell<u64>,
    failures: u32,
    seed: u64,
) -> Option<Result<u32, Failed>> {
    let mut operation = Operation::new(failures);
    let mut call = Call::new(policy, gate, Instant::from_nanos(clock.get()), seed);
    let mut result = None;
    loop {
        let now = Instant::from_nanos(clock.get());
        match call.poll(now) {
            Action::Send(attempt) => {
                let outcome = operation.attempt();
                let verdict = if outcome.is_ok() { Verdict::Accept } else { Verdict::retry() };
                call.handle(now, attempt.id, verdict);
                result = Some(outcome);
            }
            Action::Wait { until, .. } => clock.set(until?.as_nanos()),
            Action::Cancel { .. } | Action::Return(_) | Action::GiveUp(_) => return result,
        }
    }
}
