//! The bodies of the fuzz targets: each is given any bytes, and panics where a law or a promise is broken.
//!
//! `fuzz/` in the root hands them what libFuzzer makes up; `tests/tests/world/fuzz.rs` hands them the same inputs in
//! every run.

mod gates;
mod ledger;
mod plan;
mod policy_file;
mod retry_after;
mod ride;
mod stored;

use plan::Words;

use crate::{model, world};

pub use gates::gates;

pub use policy_file::policy_file;

pub use stored::resume;

pub use retry_after::retry_after;

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 5] = [
    ("machine", machine),
    ("resume", resume),
    ("retry_after", retry_after),
    ("gates", gates),
    ("policy_file", policy_file),
];

/// More would rather slow the fuzzer down than find more.
const MOVES: u8 = 48;

/// Reads a plan, runs it, and holds its record against the model, in which every law has its place.
///
/// # Panics
///
/// With the record, if it breaks one.
pub fn machine(bytes: &[u8]) {
    let plan = Words::new(bytes).plan(MOVES);
    let record = world::run(&plan);
    if let Err(broken) = model::check(&record) {
        panic!("a law is broken at {broken}\n{record}");
    }
    for (stands, law) in [(false, "law 14"), (true, "law 13")] {
        let again = world::again(&plan, &record, stands);
        let differs = again.steps.iter().zip(&record.steps).find(|(one, other)| one != other);
        assert!(differs.is_none(), "{law} is broken: {differs:?}\n{record}");
    }
}
