//! What one writes without a library: a loop, a shift, a random number.

use std::future::Future;
use std::hint::black_box;
use std::time::Duration;

use crate::operation::{Failed, Operation};
use crate::setting::{ATTEMPTS, BASE, CAP};

const BASE_NANOS: u64 = BASE.as_nanos() as u64;
const CAP_NANOS: u64 = CAP.as_nanos() as u64;

/// Marsaglia's xorshift64.
pub(crate) struct Xorshift(pub(crate) u64);

impl Xorshift {
    #[inline]
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to `high`.
    #[inline]
    pub(crate) fn up_to(&mut self, high: u64) -> u64 {
        ((u128::from(self.next()) * (u128::from(high) + 1)) >> 64) as u64
    }
}

/// The delay before a retry, from 1.
#[inline]
pub(crate) fn delay(retry: u32, up_to: &mut impl FnMut(u64) -> u64) -> Duration {
    let doubled = BASE_NANOS << (retry - 1).min(32);
    Duration::from_nanos(up_to(doubled.min(CAP_NANOS)))
}

#[inline]
pub(crate) fn call(mut operation: Operation, mut up_to: impl FnMut(u64) -> u64) -> Result<u32, Failed> {
    let mut retry = 0;
    loop {
        match operation.attempt() {
            Ok(value) => return Ok(value),
            Err(error) if retry + 1 == ATTEMPTS => return Err(error),
            Err(_) => {
                retry += 1;
                black_box(delay(retry, &mut up_to));
            }
        }
    }
}

/// The same as a future.
#[inline]
pub(crate) async fn call_async<S: Future<Output = ()>>(
    mut operation: Operation,
    mut up_to: impl FnMut(u64) -> u64,
    sleep: impl Fn(Duration) -> S,
) -> Result<u32, Failed> {
    let mut retry = 0;
    loop {
        // What it awaits is ready, as with the others.
        match std::future::ready(operation.attempt()).await {
            Ok(value) => return Ok(value),
            Err(error) if retry + 1 == ATTEMPTS => return Err(error),
            Err(_) => {
                retry += 1;
                sleep(delay(retry, &mut up_to)).await;
            }
        }
    }
}
