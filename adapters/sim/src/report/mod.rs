//! What came of a policy in a world.

mod histogram;
mod outcome;
mod recorder;
mod recovery;
mod summary;

pub use histogram::Histogram;
pub use outcome::{Outcome, Slice};
pub(crate) use recorder::{End, Recorder};
pub use summary::{Figure, Summary};
