//! Loom's atomic, made when it is first used: loom has no const constructor, and the core's gates need one.
//!
//! A test's first thread has to use every word of a gate before it starts others; printing the gate does.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

pub(crate) struct AtomicU64 {
    first: u64,
    /// Never dropped, as a word has no destructor in the core, whose const functions replace one.
    word: ManuallyDrop<OnceLock<loom::sync::atomic::AtomicU64>>,
}

impl AtomicU64 {
    pub(crate) const fn new(first: u64) -> Self {
        Self { first, word: ManuallyDrop::new(OnceLock::new()) }
    }

    fn word(&self) -> &loom::sync::atomic::AtomicU64 {
        self.word.get_or_init(|| loom::sync::atomic::AtomicU64::new(self.first))
    }

    pub(crate) fn load(&self, order: Ordering) -> u64 {
        self.word().load(order)
    }

    pub(crate) fn fetch_max(&self, other: u64, order: Ordering) -> u64 {
        self.word().fetch_max(other, order)
    }

    pub(crate) fn compare_exchange(&self, seen: u64, next: u64, yes: Ordering, no: Ordering) -> Result<u64, u64> {
        self.word().compare_exchange(seen, next, yes, no)
    }

    pub(crate) fn fetch_update(
        &self,
        yes: Ordering,
        no: Ordering,
        change: impl FnMut(u64) -> Option<u64>,
    ) -> Result<u64, u64> {
        self.word().fetch_update(yes, no, change)
    }
}

impl fmt::Debug for AtomicU64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load(Ordering::Acquire).fmt(f)
    }
}
