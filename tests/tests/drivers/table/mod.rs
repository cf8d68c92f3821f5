//! The table of scenarios: what is given, and what has to come of it. Nothing here was computed.

mod gates;
mod hints;
mod races;
mod retries;
mod times;

use insist_core::{Jitter, Policy};
use insist_tests::by_hand::ms;

use crate::scenario::Scenario;

/// Three attempts, 100 ms apart.
const FIXED: Policy = Policy::constant(ms(100)).jitter(Jitter::None);

/// 100 ms, 200 ms, 400 ms …
const DOUBLING: Policy = Policy::exponential(ms(100)).jitter(Jitter::None);

/// Every scenario.
pub(crate) fn table() -> Vec<Scenario> {
    [retries::table(), hints::table(), times::table(), races::table(), gates::table()].concat()
}
