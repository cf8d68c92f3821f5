//! Whole calls as futures on tokio, with its timer, in paused time.
//!
//! A sleep costs some 3,800 instructions of tokio's own, so what a library adds is the difference to the loop by hand.

use std::cell::Cell;
use std::future::{IntoFuture, ready};
use std::hint::black_box;
use std::time::Duration;

use backon::Retryable;
use insist_core::Policy;
use tokio::runtime::{Builder, Runtime};
use tokio_retry::strategy::jitter;
use tower::Service;
use tower::retry::Retry;
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};

use crate::Job;
use crate::hand::{self, Xorshift};
use crate::operation::{Failed, Operation};
use crate::setting::{ATTEMPTS, BASE, CAP, POLICY, made};

/// All of them.
pub static JOBS: &[Job] = &[
    Job { name: "insist-tokio, constant policy", run: constant },
    Job { name: "insist-tokio, borrowed policy", run: borrowed },
    Job { name: "by hand, xorshift", run: by_hand },
    Job { name: "backon", run: backon },
    Job { name: "tokio-retry", run: tokio_retry },
    Job { name: "tower", run: tower },
];

/// Bytes of the future of each, with an operation whose state takes 8 bytes.
#[must_use]
pub fn sizes() -> Vec<(&'static str, usize)> {
    vec![
        ("insist-tokio, constant policy", size_of_val(&insist_call(&POLICY, Operation::new(0)))),
        ("insist-tokio, borrowed policy", size_of_val(&insist_call(&made(), Operation::new(0)))),
        ("by hand, xorshift", size_of_val(&hand_call(Operation::new(0), Xorshift(42)))),
        ("backon", size_of_val(&backon_call(Operation::new(0)))),
        ("tokio-retry", size_of_val(&tokio_retry_call(Operation::new(0)))),
        ("tower", size_of_val(&tower_call(&Cell::new(Operation::new(0))))),
    ]
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("tokio starts")
}

#[inline]
fn insist_call(policy: &Policy, mut operation: Operation) -> impl Future<Output = Result<u32, Failed>> {
    insist_tokio::retry(policy, move |_| ready(operation.attempt())).call()
}

fn constant(failures: u32, rounds: u64) {
    runtime().block_on(async {
        for _ in 0..rounds {
            black_box(insist_call(&POLICY, Operation::new(black_box(failures))).await).ok();
        }
    });
}

fn borrowed(failures: u32, rounds: u64) {
    let policy = made();
    runtime().block_on(async {
        for _ in 0..rounds {
            black_box(insist_call(black_box(&policy), Operation::new(black_box(failures))).await).ok();
        }
    });
}

fn hand_call(operation: Operation, mut random: Xorshift) -> impl Future<Output = Result<u32, Failed>> {
    hand::call_async(operation, move |high| random.up_to(high), tokio::time::sleep)
}

fn by_hand(failures: u32, rounds: u64) {
    runtime().block_on(async {
        for round in 0..rounds {
            black_box(hand_call(Operation::new(black_box(failures)), Xorshift(round | 1)).await).ok();
        }
    });
}

fn backon_call(mut operation: Operation) -> impl Future<Output = Result<u32, Failed>> {
    let backoff = backon::ExponentialBuilder::new()
        .with_min_delay(BASE)
        .with_max_delay(CAP)
        .with_max_times(ATTEMPTS as usize - 1)
        .with_jitter();
    (move || ready(operation.attempt())).retry(backoff).into_future()
}

fn backon(failures: u32, rounds: u64) {
    runtime().block_on(async {
        for _ in 0..rounds {
            black_box(backon_call(Operation::new(black_box(failures))).await).ok();
        }
    });
}

fn tokio_retry_call(mut operation: Operation) -> impl Future<Output = Result<u32, Failed>> {
    let delays = tokio_retry::strategy::ExponentialBackoff::from_millis(2)
        .factor(BASE.as_millis() as u64 / 2)
        .max_delay(CAP)
        .map(jitter as fn(Duration) -> Duration)
        .take(ATTEMPTS as usize - 1);
    tokio_retry::Retry::start(delays, move || ready(operation.attempt()))
}

fn tokio_retry(failures: u32, rounds: u64) {
    runtime().block_on(async {
        for _ in 0..rounds {
            black_box(tokio_retry_call(Operation::new(black_box(failures))).await).ok();
        }
    });
}

/// tower's own backoff: its jitter is up to 99 % of the delay on top.
#[derive(Clone)]
struct Delays {
    left: u32,
    backoff: ExponentialBackoff,
}

impl tower::retry::Policy<(), u32, Failed> for Delays {
    type Future = <ExponentialBackoff as Backoff>::Future;

    fn retry(&mut self, _: &mut (), result: &mut Result<u32, Failed>) -> Option<Self::Future> {
        if result.is_ok() || self.left == 0 {
            return None;
        }
        self.left -= 1;
        Some(self.backoff.next_backoff())
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

/// It clones its service for each attempt, so the operation's state is borrowed.
fn tower_call(operation: &Cell<Operation>) -> impl Future<Output = Result<u32, Failed>> {
    let rng = tower::util::rng::HasherRng::default();
    let made = ExponentialBackoffMaker::new(BASE, CAP, 0.99, rng);
    let backoff = made.expect("the numbers make sense").make_backoff();
    let service = tower::service_fn(move |()| {
        let mut one = operation.replace(Operation::new(0));
        let outcome = one.attempt();
        operation.set(one);
        ready(outcome)
    });
    Retry::new(Delays { left: ATTEMPTS - 1, backoff }, service).call(())
}

fn tower(failures: u32, rounds: u64) {
    runtime().block_on(async {
        for _ in 0..rounds {
            black_box(tower_call(&Cell::new(Operation::new(black_box(failures)))).await).ok();
        }
    });
}
