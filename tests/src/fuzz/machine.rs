//! One call whose policy, gates, events and times are any at all: it keeps every law, and the model agrees.

use insist::Shape;

use super::word::Words;
use crate::record::{Record, What};
use crate::{laws, world};

/// More would rather slow the fuzzer down than find more.
const MOVES: u8 = 48;

/// Reads a plan, runs it, and holds its record against every law.
///
/// # Panics
///
/// With the record, if it breaks one.
pub fn machine(bytes: &[u8]) {
    let plan = Words::new(bytes).plan(MOVES);
    let record = world::run(&plan);
    if slept_too_long(&record) {
        return;
    }
    if let Err(broken) = laws::keep(&record) {
        panic!("{broken}");
    }
    for (stands, law) in [(false, "law 14"), (true, "law 13")] {
        let again = world::again(&plan, &record, stands);
        let differs = again.steps.iter().zip(&record.steps).find(|(one, other)| one != other);
        assert!(differs.is_none(), "{law} is broken: {differs:?}\n{record}");
    }
}

/// A wait that goes on in a call that is taken up again keeps its length up to a year and 51 days. The readers do not
/// know this limit, and a decorrelated backoff shows it.
fn slept_too_long(record: &Record) -> bool {
    let Some(wake) = record.steps.iter().rposition(|step| step.what == What::Resume) else { return false };
    let latest = record.steps[..=wake].iter().map(|step| step.at).max().unwrap_or_default();
    let slept = latest.saturating_since(record.steps[0].at);
    matches!(record.policy.get_backoff(), Shape::Decorrelated { .. }) && slept.as_nanos() >= 1 << 55
}
