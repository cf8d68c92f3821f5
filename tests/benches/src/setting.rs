//! The numbers that every job shares.

use std::time::Duration;

use insist_core::{Jitter, Policy};

/// The first delay.
pub(crate) const BASE: Duration = Duration::from_millis(100);
/// The longest delay.
pub(crate) const CAP: Duration = Duration::from_secs(10);
/// Sends in a call, the first included: more than any job needs.
pub(crate) const ATTEMPTS: u32 = 20;

/// The same as a policy.
pub const POLICY: Policy = Policy::exponential(BASE).cap(CAP).jitter(Jitter::Full).attempts(ATTEMPTS);
