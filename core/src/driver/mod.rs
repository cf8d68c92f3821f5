//! The parts that every driver needs: terms, judges, hooks, and the error of a call that gave up.
//!
//! Nothing here touches the world. It is one vocabulary for all drivers, so that `when`, `judge`, `notify` and
//! `report` mean the same on the caller's thread, in a future, and in a loop of one's own.

mod call_end;
mod gave_up;
mod hook;
mod judge;
mod no_outcome;
#[cfg(feature = "alloc")]
mod recorder;
#[cfg(feature = "std")]
mod seed;
mod terms;

pub use call_end::CallEnd;
pub use gave_up::GaveUp;
pub use hook::{Hook, OnRetry, Retrying, during};
pub use judge::{Judge, Numbered, When};
pub use no_outcome::{NoOutcome, SaysNoOutcome};
#[cfg(feature = "alloc")]
pub use recorder::Recorder;
#[cfg(feature = "std")]
pub use seed::fresh_seed;
pub use terms::{IntoTerms, Terms, TermsOf};
