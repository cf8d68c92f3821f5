//! What every driver needs: who judges outcomes, who sees decisions, and what a call gives that gave up.
//!
//! Nothing here touches the world. It is one vocabulary for all drivers, so that `when`, `judge`, `notify` and
//! `report` mean the same on the caller's thread, in a future, and in a loop of one's own.

mod ended;
mod gave_up;
mod hook;
mod judge;
#[cfg(feature = "alloc")]
mod recorder;
#[cfg(feature = "alloc")]
mod recording;
#[cfg(feature = "std")]
mod seed;

pub use ended::Ended;
pub use gave_up::GaveUp;
pub use hook::Hook;
pub use judge::{Judge, When};
#[cfg(feature = "alloc")]
pub use recorder::Recorder;
#[cfg(feature = "alloc")]
pub use recording::Recording;
#[cfg(feature = "std")]
pub use seed::fresh_seed;
