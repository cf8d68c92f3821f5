//! One call whose policy, gates, events and times are any at all: it keeps every law, and the model agrees.

use super::word::Words;
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
    if let Err(broken) = laws::keep(&record) {
        panic!("{broken}");
    }
    for (stands, law) in [(false, "law 14"), (true, "law 13")] {
        let again = world::again(&plan, &record, stands);
        let differs = again.steps.iter().zip(&record.steps).find(|(one, other)| one != other);
        assert!(differs.is_none(), "{law} is broken: {differs:?}\n{record}");
    }
}
