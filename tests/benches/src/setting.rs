//! The numbers that every job shares.

use std::hint::black_box;
use std::time::Duration;

use insist_core::{Jitter, Policy};

/// The first delay.
pub(crate) const BASE: Duration = Duration::from_millis(100);
/// The longest delay.
pub(crate) const CAP: Duration = Duration::from_secs(10);
/// Sends in a call, the first included: more than any job needs.
pub(crate) const ATTEMPTS: u32 = 20;

/// The same as a policy that the compiler knows.
pub const POLICY: Policy = Policy::exponential(BASE).cap(CAP).jitter(Jitter::Full).attempts(ATTEMPTS);

/// The same, made at run time, as it is when it comes out of a file.
pub(crate) fn made() -> Policy {
    let (base, cap) = (black_box(BASE), black_box(CAP));
    black_box(Policy::exponential(base).cap(cap).jitter(black_box(Jitter::Full)).attempts(black_box(ATTEMPTS)))
}
