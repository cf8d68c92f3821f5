//! Drives insist calls on tokio.
//!
//! [`retry()`] and [`race()`] are those of `insist-futures` with tokio's timer: one future, which is dropped to cancel,
//! with no spawn, no box and no allocation. In a test with paused time they wait in virtual time.
//!
//! ```
//! use std::time::Duration;
//! use insist_tokio::{Policy, retry};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # async fn fetch() -> std::io::Result<&'static str> { Ok("hello") }
//! # fn is_transient(error: &std::io::Error) -> bool { error.kind() != std::io::ErrorKind::NotFound }
//! let value = retry(&POLICY, |_| fetch()).when(is_transient).await?;
//! # assert_eq!(value, "hello");
//! let (result, report) = retry(&POLICY, |_| fetch()).report().await; // why, how often, when
//! # assert!(result.is_ok() && report.attempts == 1);
//! # Ok(())
//! # }
//! ```
//!
//! The core's names are here too, so this one dependency is enough.
//!
//! # Features
//!
//! - `tower`: the module `tower`, whose layer makes any service insist.
//! - `tracing`: the word `trace`, which tells the `tracing` crate what a call decides.

#![forbid(unsafe_code)]

mod race;
mod retry;
mod timer;
#[cfg(feature = "tower")]
pub mod tower;

pub use insist_futures::*;
pub use race::race;
pub use retry::{retry, retry_local};
pub use timer::TokioTimer;
