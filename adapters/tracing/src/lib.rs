//! Shows what a call decides as spans and events of the `tracing` crate.
//!
//! [`Tracing`] is a hook. The drivers' words `trace` and `trace_as` (their feature `tracing`) make it; a driver of one's
//! own is given it as any other hook.

#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, clippy::exhaustive_enums, clippy::exhaustive_structs)]

extern crate alloc;

#[cfg(feature = "std")]
mod context;
mod error_text;
mod hook;

#[cfg(feature = "std")]
pub use context::Context;
pub use error_text::{Debugged, Displayed, ErrorText};
pub use hook::Tracing;
