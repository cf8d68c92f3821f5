//! Gives the connections of a thread the limits of the attempt that the thread is making, and notes what they did.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::time;
use ureq::{Error, Timeout};

use super::Cancel;

thread_local! {
    static MARKS: Cell<Marks> = const { Cell::new(0) };
    /// The limit of an attempt that is [`TIMED`].
    static LIMIT: Cell<Option<Limit>> = const { Cell::new(None) };
    /// The deadline of the call, for bodies that are read after it; of an attempt that is [`TIMED`].
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    static CANCEL: RefCell<Option<Arc<Cancel>>> = const { RefCell::new(None) };
    /// The number of the attempt.
    static ATTEMPT: Cell<u32> = const { Cell::new(1) };
    /// The head of a redirect, or of a proxy's answer.
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The flags of an attempt, in two bytes: each use of a connection looks at them, and most attempts need nothing else.
type Marks = u16;

/// The attempt has a timeout.
const TIMED: Marks = 1;
/// Another thread can cancel the attempt.
const CANCELLABLE: Marks = 2;
/// The request has its agent's configuration, except for what an attempt changes.
const AGENTS_CONFIG: Marks = 4;
/// Something of the request was written.
const SENT: Marks = 8;
/// It was written to a connection from the pool.
const REUSED: Marks = 16;
/// The attempt is to open a connection of its own: those from the pool are let go.
const FRESH: Marks = 32;
/// The head of a redirect is kept, for ureq does not follow it with a body.
const KEEPS_REDIRECT: Marks = 64;
/// A redirect must not change the method of the request.
const KEEPS_METHOD: Marks = 512;
/// A connector is at work.
const CONNECTING: Marks = 128;
/// A connection is asked whether it has ended: nothing may wait.
const PROBING: Marks = 256;

/// What the attempt writes is copied.
const COPIED: Marks = 1024;

/// What the attempt was told, and stays while it lasts.
const TOLD: Marks = TIMED | CANCELLABLE | AGENTS_CONFIG | FRESH | KEEPS_REDIRECT | KEEPS_METHOD | COPIED;

/// The end of an attempt's time, and the timeout that it then reports.
#[derive(Clone, Copy)]
struct Limit {
    until: Instant,
    reason: Timeout,
}

/// The limits of an attempt's connections.
pub(crate) struct Terms {
    /// The number of the attempt.
    pub(crate) attempt: u32,
    /// The time that the attempt may take, and the timeout that it then reports.
    pub(crate) timeout: Option<(Duration, Timeout)>,
    /// The end of the call, the reading of its body included. It counts only with a timeout.
    pub(crate) deadline: Option<Instant>,
    /// True if the request has no configuration of its own.
    pub(crate) is_agents_config: bool,
    /// True if the attempt is to open a connection of its own.
    pub(crate) is_fresh: bool,
    /// True if the head of a redirect is to be kept, for ureq does not follow it with a body.
    pub(crate) keeps_redirect: bool,
    /// True if a redirect must not change the method of the request.
    pub(crate) keeps_method: bool,
    /// True if what the attempt writes is to be copied.
    pub(crate) is_copied: bool,
    /// The attempt's canceller, if it has one.
    pub(crate) cancel: Option<Arc<Cancel>>,
}

impl Terms {
    /// No timeout and no canceller, with the agent's configuration.
    pub(crate) const NONE: Self = Self {
        attempt: 1,
        timeout: None,
        deadline: None,
        is_agents_config: true,
        is_fresh: false,
        keeps_redirect: false,
        keeps_method: false,
        is_copied: false,
        cancel: None,
    };
}

/// The scope of an attempt on this thread: while it lives, the thread's connections are timed and can be cancelled.
pub(crate) struct Scope {
    outer: Marks,
    outer_attempt: u32,
    outer_limit: Option<Limit>,
    outer_deadline: Option<Instant>,
    outer_cancel: Option<Arc<Cancel>>,
    can_be_cancelled: bool,
}

impl Scope {
    /// Begins an attempt on this thread.
    #[inline(always)]
    pub(crate) fn enter(terms: Terms) -> Self {
        let Terms { attempt, timeout, deadline, cancel, .. } = terms;
        // An instant that overflows is no limit.
        let until = |(timeout, reason)| Some(Limit { until: Instant::now().checked_add(timeout)?, reason });
        let limit = timeout.and_then(until);
        let can_be_cancelled = cancel.is_some();
        let mut marks = 0;
        for (is_true, mark) in [
            (limit.is_some(), TIMED),
            (can_be_cancelled, CANCELLABLE),
            (terms.is_agents_config, AGENTS_CONFIG),
            (terms.is_fresh, FRESH),
            (terms.keeps_redirect, KEEPS_REDIRECT),
            (terms.keeps_method, KEEPS_METHOD),
            (terms.is_copied, COPIED),
        ] {
            if is_true {
                marks |= mark;
            }
        }
        let outer = MARKS.replace(marks);
        let outer_attempt = ATTEMPT.replace(attempt);
        let is_timed = (marks | outer) & TIMED != 0;
        let outer_limit = if is_timed { LIMIT.replace(limit) } else { None };
        let outer_deadline = if is_timed { DEADLINE.replace(deadline) } else { None };
        let outer_cancel = if (marks | outer) & CANCELLABLE != 0 { CANCEL.replace(cancel) } else { None };
        Self { outer, outer_attempt, outer_limit, outer_deadline, outer_cancel, can_be_cancelled }
    }

    /// Returns whether anything of the request may have left this machine.
    pub(crate) fn is_sent(&self) -> bool {
        MARKS.get() & SENT != 0
    }

    /// Returns whether the connection that was used last came from the pool.
    pub(crate) fn is_reused(&self) -> bool {
        MARKS.get() & REUSED != 0
    }

    /// Takes the head of the redirect, or of the proxy's answer, that was seen last.
    pub(crate) fn take_head(&self) -> Vec<u8> {
        HEAD.take()
    }

    /// Begins a further request of the same attempt, after a redirect.
    pub(crate) fn again(&self) {
        MARKS.set(MARKS.get() & (TOLD | SENT));
    }

    /// Limits the rest of the attempt to this span.
    pub(crate) fn shorten(&self, timeout: Duration) {
        let shorter = Limit { until: Instant::now() + timeout, reason: Timeout::PerCall };
        let limit = match LIMIT.get() {
            Some(limit) if is_timed() => Limit { until: limit.until.min(shorter.until), ..limit },
            _ => {
                DEADLINE.set(None);
                shorter
            }
        };
        LIMIT.set(Some(limit));
        MARKS.set(MARKS.get() | TIMED);
    }

    /// Restores the enclosing attempt's limit and canceller.
    #[cold]
    fn restore(&mut self) {
        if self.outer & TIMED != 0 {
            LIMIT.set(self.outer_limit);
            DEADLINE.set(self.outer_deadline);
        }
        if self.can_be_cancelled || self.outer & CANCELLABLE != 0 {
            CANCEL.replace(self.outer_cancel.take());
        }
    }
}

impl Drop for Scope {
    #[inline(always)]
    fn drop(&mut self) {
        MARKS.set(self.outer);
        ATTEMPT.set(self.outer_attempt);
        if self.can_be_cancelled || self.outer & (TIMED | CANCELLABLE) != 0 {
            self.restore();
        }
    }
}

/// The time in which a connector is at work: what it writes, to a proxy or for a handshake, is nothing of the request.
pub(super) struct Connecting {
    outer: Marks,
}

impl Connecting {
    pub(super) fn begin() -> Self {
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
pub(super) fn is_connecting() -> bool {
    MARKS.get() & CONNECTING != 0
}

/// Calls a function on whose behalf nothing may wait.
pub(super) fn probing<T>(function: impl FnOnce() -> T) -> T {
    let outer = MARKS.get();
    // A probe has no limit of its own.
    MARKS.set(outer & !(TIMED | CANCELLABLE) | PROBING);
    let result = function();
    MARKS.set(outer);
    result
}

/// Returns whether nothing may wait.
#[inline]
pub(super) fn is_probing() -> bool {
    MARKS.get() & PROBING != 0
}

/// Returns the canceller of this thread's attempt, if it has one.
pub(super) fn cancel() -> Option<Arc<Cancel>> {
    if MARKS.get() & CANCELLABLE != 0 { CANCEL.with_borrow(Clone::clone) } else { None }
}

/// Returns the number of this thread's attempt.
pub(super) fn attempt() -> u32 {
    ATTEMPT.get()
}

/// Returns the end of the call that this thread is making, if it has one.
pub(super) fn deadline() -> Option<Instant> {
    if is_timed() { DEADLINE.get() } else { None }
}

/// Returns whether the configuration is the agent's, except for what an attempt changes, which no connection depends
/// on.
pub(super) fn is_agents_config() -> bool {
    MARKS.get() & AGENTS_CONFIG != 0
}

/// Returns whether the attempt is to open a connection of its own.
pub(super) fn is_fresh() -> bool {
    MARKS.get() & FRESH != 0
}

/// Returns whether the head of a redirect is to be kept.
pub(super) fn keeps_redirect() -> bool {
    MARKS.get() & KEEPS_REDIRECT != 0
}

/// Returns whether a redirect must not change the method of the request.
pub(super) fn keeps_method() -> bool {
    MARKS.get() & KEEPS_METHOD != 0
}

/// Returns whether the attempt has a timeout or a canceller.
#[inline]
pub(super) fn is_bound() -> bool {
    MARKS.get() & (TIMED | CANCELLABLE) != 0
}

/// Returns whether the attempt has a timeout.
#[inline]
fn is_timed() -> bool {
    MARKS.get() & TIMED != 0
}

/// Records that the attempt is about to write, to a connection from the pool or to a new one.
#[inline]
pub(super) fn sending(is_reused: bool) {
    let mark = if is_reused { SENT | REUSED } else { SENT };
    MARKS.set(MARKS.get() | mark);
}

/// Returns whether what the attempt writes is copied. What a connector writes is not.
#[inline]
pub(super) fn is_copied() -> bool {
    MARKS.get() & (COPIED | CONNECTING) == COPIED
}

/// Makes the attempt open a connection of its own.
pub(super) fn make_fresh() {
    MARKS.set(MARKS.get() | FRESH);
}

/// Keeps a head.
pub(super) fn keep_head(head: &[u8]) {
    HEAD.with_borrow_mut(|kept| {
        kept.clear();
        kept.extend_from_slice(head);
    });
}

/// Returns the smaller of a timeout and what is left of the attempt's; an error if nothing is left.
pub(super) fn limit(timeout: NextTimeout) -> Result<NextTimeout, Error> {
    match LIMIT.get().filter(|_| is_timed()) {
        Some(Limit { until, reason }) => until_then(timeout, until, reason),
        None => Ok(timeout),
    }
}

/// Returns the smaller of a timeout and what is left until an instant; an error if nothing is left.
pub(super) fn until_then(timeout: NextTimeout, until: Instant, reason: Timeout) -> Result<NextTimeout, Error> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Error::Timeout(reason));
    }
    let left = time::Duration::Exact(left);
    Ok(if left < timeout.after { NextTimeout { after: left, reason, ..timeout } } else { timeout })
}

#[cfg(test)]
mod tests;
