//! A call with a deadline and an attempt timeout, by the system's clock, whose first attempt succeeds.
//!
//! Under valgrind a clock is a system call, so this is measured in CPU time: a ratio to the same by hand, in one process.

use std::hint::black_box;
use std::time::{Duration, Instant};

use insist_core::{Jitter, Policy};

use crate::hand::{Xorshift, delay};
use crate::operation::{Failed, Operation};
use crate::setting::{ATTEMPTS, BASE, CAP, made};
use crate::{Job, repeat};

const DEADLINE: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(5);

/// The policy that the compiler knows.
const POLICY: Policy = Policy::exponential(BASE)
    .cap(CAP)
    .jitter(Jitter::Full)
    .attempts(ATTEMPTS)
    .attempt_timeout(TIMEOUT)
    .deadline(DEADLINE);

/// All of them.
pub static JOBS: &[Job] = &[
    Job { name: "insist-blocking, constant policy", run: constant },
    Job { name: "insist-blocking, borrowed policy", run: borrowed },
    Job { name: "by hand", run: by_hand },
];

/// Returns what an attempt that has so long is given.
#[inline(never)]
fn attempt(operation: &mut Operation, timeout: Option<Duration>) -> Result<u32, Failed> {
    black_box(timeout);
    operation.attempt()
}

fn constant(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        insist_blocking::retry(&POLICY, |live| attempt(&mut operation, live.timeout())).call()
    });
}

fn borrowed(failures: u32, rounds: u64) {
    let policy = black_box(made().attempt_timeout(black_box(TIMEOUT)).deadline(black_box(DEADLINE)));
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        insist_blocking::retry(black_box(&policy), |live| attempt(&mut operation, live.timeout())).call()
    });
}

fn by_hand(failures: u32, rounds: u64) {
    let (total, each) = (black_box(DEADLINE), black_box(TIMEOUT));
    let mut random = Xorshift(black_box(42));
    repeat(failures, rounds, |failures, _| call(Operation::new(failures), total, each, &mut random));
}

#[inline]
fn call(mut operation: Operation, total: Duration, each: Duration, random: &mut Xorshift) -> Result<u32, Failed> {
    let mut now = Instant::now();
    let deadline = now + total;
    let mut retry = 0;
    loop {
        let left = deadline.saturating_duration_since(now);
        match attempt(&mut operation, Some(left.min(each))) {
            Ok(value) => return Ok(value),
            Err(error) if retry + 1 == ATTEMPTS => return Err(error),
            Err(error) => {
                retry += 1;
                now = Instant::now();
                let wait = delay(retry, &mut |high| random.up_to(high));
                if now + wait >= deadline {
                    return Err(error);
                }
                std::thread::sleep(wait);
                now = Instant::now();
            }
        }
    }
}
