//! The table of scenarios: what is given, and what has to come of it. Nothing here was computed.

mod races;
mod retries;

use insist_core::{Jitter, Policy};
use insist_tests::words::ms;

use crate::scenario::Scenario;

/// Three attempts, 100 ms apart.
const FIXED: Policy = Policy::constant(ms(100)).jitter(Jitter::None);

/// 100 ms, 200 ms, 400 ms …
const DOUBLING: Policy = Policy::exponential(ms(100)).jitter(Jitter::None);

/// Every scenario.
pub(crate) fn table() -> Vec<Scenario> {
    [retries::table(), retries::hints(), retries::times(), races::table(), races::gates()].concat()
}
