//! Drives an insist call as one future, on any runtime that can give it a [`Timer`].
//!
//! No spawn, no box, no allocation, no unsafe: attempts in flight live in the call's own future, and dropping it
//! cancels them, gives back what a gate had reserved and settles what it had admitted. [`retry`] has room for one
//! attempt at a time, [`race`] for several; both are described with the words of `insist-blocking`. `insist-tokio` and
//! `insist-smol` are this with their timer.
//!
//! ```
//! use core::time::Duration;
//! use insist_futures::{Policy, VirtualTimer, retry};
//!
//! const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);
//!
//! let timer = VirtualTimer::new(); // tests do not wait
//! let value = timer.block_on(async {
//!     retry(timer.clone(), &POLICY, |attempt| async move { if attempt.id < 3 { Err("busy") } else { Ok("hello") } })
//!         .when(|error| *error == "busy")
//!         .await
//! });
//! assert_eq!(value.unwrap(), "hello");
//! ```
//!
//! # Features
//!
//! - `alloc`: reports.
//! - `std`: `alloc`, and `VirtualTimer`.
//! - `tracing`: `alloc`, and the word `trace`, which tells the `tracing` crate what a call decides.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod call;
mod driver;
mod fallback;
mod local;
mod operation;
mod race;
#[cfg(feature = "alloc")]
mod report;
mod retry;
mod run;
mod slots;
mod timer;
#[cfg(feature = "std")]
mod virtual_timer;

pub use call::{Calling, Native, Try, TryCalling};
pub use driver::Driver;
pub use fallback::{Fallback, FallingBack, FallsBack};
pub use insist_core::*;
#[cfg(feature = "tracing")]
pub use insist_tracing::Tracing;
pub use local::{Local, retry_local};
pub use operation::{Operation, Outcomes};
pub use race::{LANES, race};
#[cfg(feature = "alloc")]
pub use report::{Reported, Reporting};
pub use retry::retry;
pub use run::{Rest, Running};
pub use slots::{Lanes, Room, Slot, Slots};
pub use timer::Timer;
#[cfg(feature = "std")]
pub use virtual_timer::{VirtualSleep, VirtualTimer};
