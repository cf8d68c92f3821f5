//! Delays alone: so many of them, one after the other.

use std::hint::black_box;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio_retry::strategy::ExponentialBackoff;

use crate::hand::{self, Xorshift};
use crate::setting::{ATTEMPTS, BASE, CAP, POLICY, made};
use crate::{Job, repeat};

/// All of them.
pub static JOBS: &[Job] = &[
    Job { name: "core, constant policy", run: core_constant },
    Job { name: "core, borrowed policy", run: core_borrowed },
    Job { name: "by hand, xorshift", run: hand_xorshift },
    Job { name: "by hand, fastrand", run: hand_fastrand },
    Job { name: "backon", run: backon },
    Job { name: "retry", run: retry },
    Job { name: "tokio-retry", run: tokio_retry },
];

#[inline(always)]
fn draw(count: u32, delays: impl Iterator<Item = Duration>) {
    for delay in delays.take(count as usize) {
        black_box(delay);
    }
}

fn core_constant(count: u32, rounds: u64) {
    repeat(count, rounds, |count, seed| draw(count, POLICY.delays(seed)));
}

fn core_borrowed(count: u32, rounds: u64) {
    let policy = made();
    repeat(count, rounds, |count, seed| draw(count, black_box(&policy).delays(seed)));
}

fn hand_xorshift(count: u32, rounds: u64) {
    let mut random = Xorshift(black_box(42));
    let mut up_to = |high| random.up_to(high);
    repeat(count, rounds, |count, _| draw(count, (1..ATTEMPTS).map(|retry| hand::delay(retry, &mut up_to))));
}

fn hand_fastrand(count: u32, rounds: u64) {
    let mut up_to = |high| fastrand::u64(0..=high);
    repeat(count, rounds, |count, _| draw(count, (1..ATTEMPTS).map(|retry| hand::delay(retry, &mut up_to))));
}

/// Its jitter is not full: from the delay to twice the delay.
fn backon(count: u32, rounds: u64) {
    repeat(count, rounds, |count, _| {
        let backoff = ExponentialBuilder::new().with_min_delay(BASE).with_max_delay(CAP).with_jitter();
        draw(count, backoff.with_max_times(ATTEMPTS as usize - 1).build());
    });
}

/// It has no cap.
fn retry(count: u32, rounds: u64) {
    repeat(count, rounds, |count, _| {
        draw(count, retry::delay::Exponential::from_millis(100).map(retry::delay::jitter));
    });
}

fn tokio_retry(count: u32, rounds: u64) {
    repeat(count, rounds, |count, _| {
        let backoff = ExponentialBackoff::from_millis(2).factor(50).max_delay(CAP);
        draw(count, backoff.map(tokio_retry::strategy::jitter));
    });
}
