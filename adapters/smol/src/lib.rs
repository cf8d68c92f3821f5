//! Drives insist calls on smol, and on any executor: the timer is async-io's, which needs none.
//!
//! [`retry()`] and [`race()`] are those of `insist-futures` with that timer: one future, which is dropped to cancel, with
//! no spawn, no box and no allocation.
//!
//! ```
//! use std::time::Duration;
//! use insist_smol::{Policy, retry};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! # async fn fetch() -> std::io::Result<&'static str> { Ok("hello") }
//! # fn is_transient(error: &std::io::Error) -> bool { error.kind() != std::io::ErrorKind::NotFound }
//! async_io::block_on(async {
//!     let value = retry(&POLICY, |_| fetch()).when(is_transient).await?;
//! #   assert_eq!(value, "hello");
//!     let (result, report) = retry(&POLICY, |_| fetch()).report().await; // why, how often, when
//! #   assert!(result.is_ok() && report.attempts == 1);
//! #   Ok::<_, Box<dyn std::error::Error>>(())
//! })
//! # .unwrap();
//! ```
//!
//! The core's names are here too, so this one dependency is enough. [`VirtualTimer`] tests calls without waiting.

#![forbid(unsafe_code)]

mod race;
mod retry;
mod timer;

pub use insist_futures::*;
pub use race::race;
pub use retry::{retry, retry_local};
pub use timer::{SmolSleep, SmolTimer};
