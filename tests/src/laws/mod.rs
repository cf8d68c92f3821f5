//! The laws, each as a reader of a record that says where the record breaks it.

mod end;
mod gate;
mod judge;
mod lane;
mod time;
mod wait;

pub use end::{law_1, law_3, law_4, law_5};
pub use gate::{law_11, law_12};
pub use judge::{judging, law_16};
pub use lane::{law_2, law_10};
pub use time::{law_7, law_13, law_15};
pub use wait::{law_6, law_8, law_9};

use crate::model;
use crate::record::{Broken, Record};

/// What reads a record.
pub type Law = fn(&Record) -> Result<(), Broken>;

/// Every law that one record can break, by its name. Law 14 is about two records of the same call.
pub const LAWS: [(&str, Law); 17] = [
    ("law 1", law_1),
    ("law 2", law_2),
    ("law 3", law_3),
    ("law 4", law_4),
    ("law 5", law_5),
    ("law 6", law_6),
    ("law 7", law_7),
    ("law 8", law_8),
    ("law 9", law_9),
    ("law 10", law_10),
    ("law 11", law_11),
    ("law 12", law_12),
    ("law 13", law_13),
    ("law 15", law_15),
    ("law 16", law_16),
    ("the order of judging", judging),
    ("the model", model::check),
];

/// Whether a record keeps every law.
///
/// # Errors
///
/// The first that it breaks, with the record.
pub fn keep(record: &Record) -> Result<(), String> {
    for (name, law) in LAWS {
        law(record).map_err(|broken| format!("{name} is broken at {broken}\n{record}"))?;
    }
    Ok(())
}
