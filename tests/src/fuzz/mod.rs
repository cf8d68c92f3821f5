//! The bodies of the fuzz targets: each is given any bytes, and panics where a law or a promise is broken.
//!
//! `fuzz/` in the root hands them what libFuzzer makes up; `tests/fuzz.rs` hands them the same inputs in every run.

mod date;
mod gates;
mod ledger;
mod machine;
mod plan;
mod policy_file;
mod resume;
mod retry_after;
mod ride;
mod stored;
mod word;

pub use gates::gates;
pub use machine::machine;
pub use policy_file::policy_file;
pub use resume::resume;
pub use retry_after::retry_after;

/// What is given any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 5] = [
    ("machine", machine),
    ("resume", resume),
    ("retry_after", retry_after),
    ("gates", gates),
    ("policy_file", policy_file),
];
