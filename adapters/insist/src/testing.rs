//! Tests for schedules: virtual time, scripts, and assertions that read as sentences.
//!
//! [`rehearse`] plays one call in virtual time; its assertions print the timeline when they fail, and the command that
//! shows it. Calls are tested with `VirtualClock` (feature `blocking`) or `VirtualTimer` (features `futures` and
//! `std`), so that no test waits; on tokio, with its paused time.
//!
//! ```
//! use core::time::Duration;
//! use insist::testing::rehearse;
//! use insist::{Policy, Reason, Verdict};
//!
//! let policy = Policy::exponential(Duration::from_millis(100)).attempts(2);
//! rehearse(&policy)
//!     .outcome(1, Duration::ZERO, Verdict::retry())
//!     .outcome(2, Duration::ZERO, Verdict::retry())
//!     .play()
//!     .assert_no_wait_beyond(Duration::from_millis(100))
//!     .assert_gives_up(Reason::Attempts)
//!     .assert_nothing_in_flight();
//! ```

#[cfg(feature = "blocking")]
pub use insist_blocking::VirtualClock;
#[cfg(feature = "proptest")]
pub use insist_core::testing::strategy;
pub use insist_core::testing::{Answer, Rehearsal, Rehearsed, ScriptedGate, rehearse};
pub use insist_core::{Script, Step, Timeline, play, play_with};
#[cfg(all(feature = "futures", feature = "std"))]
pub use insist_futures::VirtualTimer;
