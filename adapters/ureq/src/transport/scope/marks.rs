//! The flags of the attempt that a thread is making: each use of a connection looks at them, and most attempts need nothing
//! else.

use std::cell::Cell;

thread_local! {
    static MARKS: Cell<Marks> = const { Cell::new(0) };
}

/// The flags of an attempt, in two bytes.
pub(super) type Marks = u16;

/// The attempt has a timeout.
pub(super) const TIMED: Marks = 1;
/// Another thread can cancel the attempt.
pub(super) const CANCELLABLE: Marks = 2;
/// The request has its agent's configuration, except for what an attempt changes.
pub(super) const AGENTS_CONFIG: Marks = 4;
/// Something of the request was written.
pub(super) const SENT: Marks = 8;
/// It was written to a connection from the pool.
pub(super) const REUSED: Marks = 16;
/// The attempt is to open a connection of its own: those from the pool are let go.
pub(super) const FRESH: Marks = 32;
/// The head of a redirect is kept, for ureq does not follow it with a body.
pub(super) const KEEPS_REDIRECT: Marks = 64;
/// A connector is at work.
const CONNECTING: Marks = 128;
/// A connection is asked whether it has ended: nothing may wait.
const PROBING: Marks = 256;
/// A redirect must not change the method of the request.
pub(super) const KEEPS_METHOD: Marks = 512;
/// The bytes that the attempt writes are copied.
pub(super) const COPIED: Marks = 1024;

/// The flags that the attempt was told, which stay while it lasts.
pub(super) const TOLD: Marks = TIMED | CANCELLABLE | AGENTS_CONFIG | FRESH | KEEPS_REDIRECT | KEEPS_METHOD | COPIED;

/// Begins an attempt with these marks, and returns those of the attempt around it.
#[inline(always)]
pub(super) fn replace(marks: Marks) -> Marks {
    MARKS.replace(marks)
}

/// Returns whether the attempt has any of these marks.
#[inline(always)]
pub(super) fn has(marks: Marks) -> bool {
    MARKS.get() & marks != 0
}

pub(super) fn add(marks: Marks) {
    MARKS.set(MARKS.get() | marks);
}

pub(super) fn keep(marks: Marks) {
    MARKS.set(MARKS.get() & marks);
}

/// The time in which a connector is at work: what it writes, to a proxy or for a handshake, is nothing of the request.
pub(in crate::transport) struct Connecting {
    outer: Marks,
}

impl Connecting {
    pub(in crate::transport) fn begin() -> Self {
        let outer = MARKS.get();
        MARKS.set((outer | CONNECTING) & !REUSED);
        Self { outer }
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        MARKS.set(self.outer & !REUSED);
    }
}

/// Returns whether a connector is at work on this thread.
pub(in crate::transport) fn is_connecting() -> bool {
    has(CONNECTING)
}

/// Calls a function on whose behalf nothing may wait.
pub(in crate::transport) fn probing<T>(function: impl FnOnce() -> T) -> T {
    let outer = MARKS.get();
    // A probe has no limit of its own.
    MARKS.set(outer & !(TIMED | CANCELLABLE) | PROBING);
    let result = function();
    MARKS.set(outer);
    result
}

/// Returns whether nothing may wait.
#[inline]
pub(in crate::transport) fn is_probing() -> bool {
    has(PROBING)
}

/// Returns whether the configuration is the agent's, except for what an attempt changes, which no connection depends
/// on.
pub(in crate::transport) fn is_agents_config() -> bool {
    has(AGENTS_CONFIG)
}

/// Returns whether the attempt is to open a connection of its own.
pub(in crate::transport) fn is_fresh() -> bool {
    has(FRESH)
}

/// Makes the attempt open a connection of its own.
pub(in crate::transport) fn make_fresh() {
    add(FRESH);
}

/// Returns whether the head of a redirect is to be kept.
pub(in crate::transport) fn keeps_redirect() -> bool {
    has(KEEPS_REDIRECT)
}

/// Returns whether a redirect must not change the method of the request.
pub(in crate::transport) fn keeps_method() -> bool {
    has(KEEPS_METHOD)
}

/// Returns whether the attempt has a timeout or a canceller.
#[inline]
pub(in crate::transport) fn is_bound() -> bool {
    has(TIMED | CANCELLABLE)
}

/// Records that the attempt is about to write, to a connection from the pool or to a new one.
#[inline]
pub(in crate::transport) fn sending(is_reused: bool) {
    add(if is_reused { SENT | REUSED } else { SENT });
}

/// Returns whether what the attempt writes is copied. What a connector writes is not.
#[inline]
pub(in crate::transport) fn is_copied() -> bool {
    MARKS.get() & (COPIED | CONNECTING) == COPIED
}
