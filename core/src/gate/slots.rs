//! What a window's slots are made of. The loom tests put their own module in the place of this one.

pub(super) use core::sync::atomic::AtomicU64;

/// How many slots a window has.
pub(super) const SLOTS: usize = 10;
