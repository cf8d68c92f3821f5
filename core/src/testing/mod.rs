//! Tests for schedules: calls in virtual time, and assertions that read as sentences.
//!
//! [`rehearse`] plays one call from outcomes that are written down; the assertions on what came of it print, when they
//! fail, the whole timeline and the `insist replay` command that shows it.
//!
//! ```
//! use core::time::Duration;
//! use insist_core::testing::rehearse;
//! use insist_core::{Policy, Verdict};
//!
//! const MS: Duration = Duration::from_millis(1);
//! const POLICY: Policy = Policy::constant(MS.saturating_mul(100)).attempts(3);
//!
//! rehearse(&POLICY)
//!     .outcome(1, 20 * MS, Verdict::retry())
//!     .outcome(2, 20 * MS, Verdict::Accept)
//!     .play()
//!     .assert_sends(2)
//!     .assert_waits([100 * MS])
//!     .assert_returns(2)
//!     .assert_nothing_in_flight();
//! ```
//!
//! # Any policy, any server
//!
//! With feature `proptest`, the module `strategy` has valid policies of every shape, scripts, seeds and gates, which shrink to simple
//! ones, and `any::<Policy>()` works. With feature `arbitrary`, fuzzers make policies, scripts and verdicts out of bytes.

#[cfg(feature = "arbitrary")]
mod arbitrary;
mod command;
#[cfg(any(feature = "arbitrary", feature = "proptest"))]
mod parts;
mod rehearsal;
mod rehearsed;
mod scripted_gate;
#[cfg(feature = "proptest")]
pub mod strategy;

pub use rehearsal::{Rehearsal, rehearse};
pub use rehearsed::Rehearsed;
pub use scripted_gate::{Answer, ScriptedGate};
