//! Shows what a call decides as spans and events of the `tracing` crate.
//!
//! [`Tracing`] is a hook. The drivers' methods `trace` and `trace_as` (feature `tracing`) set it; a driver of your own
//! takes it as any other hook.

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
