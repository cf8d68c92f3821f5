//! Drives insist calls on the caller's thread; threads only to race.
//!
//! [`retry()`] runs an operation until it succeeds or the policy gives up; [`race()`] runs several attempts at once and
//! takes the first success. Both are described with the same words, and both are the same loop.
//!
//! ```
//! use std::time::Duration;
//! use insist_blocking::{Policy, retry};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! # fn fetch() -> std::io::Result<&'static str> { Ok("hello") }
//! # fn is_transient(error: &std::io::Error) -> bool { error.kind() != std::io::ErrorKind::NotFound }
//! let value = retry(&POLICY, |_| fetch()).when(is_transient).call()?;
//! # assert_eq!(value, "hello");
//! let (result, report) = retry(&POLICY, |_| fetch()).report(); // why, how often, when
//! # assert!(result.is_ok() && report.attempts == 1);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The core's names are here too, so this one dependency is enough.

#![forbid(unsafe_code)]

mod attempt;
mod caller;
mod canceller;
mod clock;
mod drive;
mod driver;
mod end;
mod fallback;
mod race;
mod retry;
mod threads;

pub use attempt::LiveAttempt;
pub use canceller::Canceller;
pub use clock::{Clock, SystemClock, VirtualClock};
pub use driver::{Cancels, Driver, OnCaller, OnThreads};
pub use fallback::{Carries, Fallback};
pub use insist_core::*;
#[cfg(feature = "tracing")]
pub use insist_tracing::Tracing;
pub use race::{LANES, race};
pub use retry::retry;
