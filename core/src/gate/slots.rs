//! The atomics and the number of a window's slots. The loom tests put their own module in the place of this one.

pub(super) use core::sync::atomic::AtomicU64;

/// The number of slots of a window.
pub(super) const SLOTS: usize = 10;
