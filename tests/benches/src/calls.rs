//! Whole calls: an operation that fails so many times, then succeeds.

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use backon::{BlockingRetryable, ExponentialBuilder};
use insist_core::Instant;
use retry::delay::Exponential;

use crate::drive::drive;
use crate::hand::{self, Xorshift};
use crate::operation::Operation;
use crate::setting::{ATTEMPTS, BASE, CAP, POLICY, made};
use crate::{Job, repeat};

/// All of them.
pub static JOBS: &[Job] = &[
    Job { name: "core, constant policy", run: core_constant },
    Job { name: "core, borrowed policy", run: core_borrowed },
    Job { name: "insist-blocking, constant policy", run: blocking_constant },
    Job { name: "insist-blocking, borrowed policy", run: blocking_borrowed },
    Job { name: "by hand, xorshift", run: hand_xorshift },
    Job { name: "by hand, fastrand", run: hand_fastrand },
    Job { name: "backon", run: backon },
    Job { name: "retry", run: retry },
];

fn core_constant(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, seed| {
        let mut operation = Operation::new(failures);
        drive(&POLICY, seed, || operation.attempt())
    });
}

fn core_borrowed(failures: u32, rounds: u64) {
    let policy = made();
    repeat(failures, rounds, |failures, seed| {
        let mut operation = Operation::new(failures);
        drive(black_box(&policy), seed, || operation.attempt())
    });
}

/// A clock that does nothing but keep what it is told.
struct Still(Cell<Instant>);

impl insist_blocking::Clock for Still {
    #[inline]
    fn now(&self) -> Instant {
        self.0.get()
    }
    #[inline]
    fn sleep_until(&self, until: Instant) {
        self.0.set(until);
    }
}

fn blocking_constant(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        insist_blocking::retry(&POLICY, |_| operation.attempt()).clock(Still(Cell::new(Instant::ZERO))).call()
    });
}

fn blocking_borrowed(failures: u32, rounds: u64) {
    let policy = made();
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        let call = insist_blocking::retry(black_box(&policy), |_| operation.attempt());
        call.clock(Still(Cell::new(Instant::ZERO))).call()
    });
}

fn hand_xorshift(failures: u32, rounds: u64) {
    let mut random = Xorshift(black_box(42));
    repeat(failures, rounds, |failures, _| hand::call(Operation::new(failures), |high| random.up_to(high)));
}

fn hand_fastrand(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, _| hand::call(Operation::new(failures), |high| fastrand::u64(0..=high)));
}

/// Its jitter is not full: from the delay to twice the delay.
fn backon(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        let backoff = ExponentialBuilder::new()
            .with_min_delay(BASE)
            .with_max_delay(CAP)
            .with_max_times(ATTEMPTS as usize - 1)
            .with_jitter();
        (|| operation.attempt())
            .retry(backoff)
            .sleep(|delay: Duration| {
                black_box(delay);
            })
            .call()
    });
}

/// It has no hook in place of its sleep, so its delays are 0, for which std makes no system call. No cap.
fn retry(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        let delays = Exponential::from_millis(0).map(retry::delay::jitter).take(ATTEMPTS as usize - 1);
        retry::retry(delays, || operation.attempt())
    });
}
