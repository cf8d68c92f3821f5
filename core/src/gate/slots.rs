//! The atomics, and the sizes of what gates keep. The loom tests put their own module in the place of this one.

pub(super) use core::sync::atomic::AtomicU64;

/// The number of slots of a window.
pub(super) const SLOTS: usize = 10;

/// The number of latencies that hedges go by.
pub(super) const LATENCIES: usize = 512;

/// The number of latencies that a window of a limit goes by.
pub(super) const ANSWERS: usize = 128;
