//! The test suite for timers: what passes it, and what does not.

mod hardware;
mod suite;
