//! Gives the connections of a thread the limits of the attempt that the thread is making.

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
    static CANCEL: RefCell<Option<Arc<Cancel>>> = const { RefCell::new(None) };
}

/// The flags of an attempt, in one byte: each use of a connection looks at them, and most attempts need nothing else.
type Marks = u8;

/// The attempt has a timeout.
const TIMED: Marks = 1;
/// Another thread can cancel the attempt.
const CANCELLABLE: Marks = 2;
/// The request has its agent's configuration, except for what an attempt changes.
const AGENTS_CONFIG: Marks = 4;
/// Something of the request was written.
const SENT: Marks = 8;

/// The end of an attempt's time, and the timeout that it then reports.
#[derive(Clone, Copy)]
struct Limit {
    until: Instant,
    reason: Timeout,
}

/// The limits of an attempt's connections.
pub(crate) struct Terms {
    /// The time that the attempt may take, and the timeout that it then reports.
    pub(crate) timeout: Option<(Duration, Timeout)>,
    /// True if the request has no configuration of its own.
    pub(crate) is_agents_config: bool,
    /// The attempt's canceller, if it has one.
    pub(crate) cancel: Option<Arc<Cancel>>,
}

impl Terms {
    /// No timeout and no canceller, with the agent's configuration.
    pub(crate) const NONE: Self = Self { timeout: None, is_agents_config: true, cancel: None };
}

/// The scope of an attempt on this thread: while it lives, the thread's connections are timed and can be cancelled.
pub(crate) struct Scope {
    outer: Marks,
    outer_limit: Option<Limit>,
    outer_cancel: Option<Arc<Cancel>>,
    can_be_cancelled: bool,
}

impl Scope {
    /// Begins an attempt on this thread.
    #[inline(always)]
    pub(crate) fn enter(terms: Terms) -> Self {
        let Terms { timeout, is_agents_config, cancel } = terms;
        // An instant that overflows is no limit.
        let until = |(timeout, reason)| Some(Limit { until: Instant::now().checked_add(timeout)?, reason });
        let limit = timeout.and_then(until);
        let can_be_cancelled = cancel.is_some();
        let mut marks = 0;
        for (is_true, mark) in
            [(limit.is_some(), TIMED), (can_be_cancelled, CANCELLABLE), (is_agents_config, AGENTS_CONFIG)]
        {
            if is_true {
                marks |= mark;
            }
        }
        let outer = MARKS.replace(marks);
        let outer_limit = if (marks | outer) & TIMED != 0 { LIMIT.replace(limit) } else { None };
        let outer_cancel = if (marks | outer) & CANCELLABLE != 0 { CANCEL.replace(cancel) } else { None };
        Self { outer, outer_limit, outer_cancel, can_be_cancelled }
    }

    /// Returns whether anything of the request may have left this machine.
    pub(crate) fn is_sent(&self) -> bool {
        MARKS.get() & SENT != 0
    }

    /// Limits the rest of the attempt to this span.
    pub(crate) fn shorten(&self, timeout: Duration) {
        let shorter = Limit { until: Instant::now() + timeout, reason: Timeout::PerCall };
        let limit = match LIMIT.get() {
            Some(limit) if is_timed() => Limit { until: limit.until.min(shorter.until), ..limit },
            _ => shorter,
        };
        LIMIT.set(Some(limit));
        MARKS.set(MARKS.get() | TIMED);
    }

    /// Takes the limit away from the rest of the attempt.
    pub(crate) fn lift(&self) {
        MARKS.set(MARKS.get() & !TIMED);
    }

    /// Restores the enclosing attempt's limit and canceller.
    #[cold]
    fn restore(&mut self) {
        if self.outer & TIMED != 0 {
            LIMIT.set(self.outer_limit);
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
        if self.can_be_cancelled || self.outer & (TIMED | CANCELLABLE) != 0 {
            self.restore();
        }
    }
}

/// Returns the canceller of this thread's attempt, if it has one.
pub(super) fn cancel() -> Option<Arc<Cancel>> {
    if MARKS.get() & CANCELLABLE != 0 { CANCEL.with_borrow(Clone::clone) } else { None }
}

/// Returns whether the configuration is the agent's, except for what an attempt changes, which no connection depends
/// on.
pub(super) fn is_agents_config() -> bool {
    MARKS.get() & AGENTS_CONFIG != 0
}

/// Returns whether the attempt has a timeout or a canceller.
#[inline]
pub(super) fn is_bound() -> bool {
    MARKS.get() & (TIMED | CANCELLABLE) != 0
}

/// Returns whether the attempt has a timeout.
#[inline]
pub(super) fn is_timed() -> bool {
    MARKS.get() & TIMED != 0
}

/// Records that the attempt is about to write.
#[inline]
pub(super) fn sending() {
    MARKS.set(MARKS.get() | SENT);
}

/// Returns the smaller of a timeout and what is left of the attempt's; an error if nothing is left.
pub(super) fn limit(timeout: NextTimeout) -> Result<NextTimeout, Error> {
    let Some(Limit { until, reason }) = LIMIT.get().filter(|_| is_timed()) else { return Ok(timeout) };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Error::Timeout(reason));
    }
    let left = time::Duration::Exact(left);
    Ok(if left < timeout.after { NextTimeout { after: left, reason, ..timeout } } else { timeout })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn timed(timeout: Duration) -> Terms {
        Terms { timeout: Some((timeout, Timeout::Global)), ..Terms::NONE }
    }

    /// Returns the attempt's limit on an endless timeout.
    fn limited() -> (Option<Duration>, Timeout) {
        let (after, reason) = (time::Duration::NotHappening, Timeout::RecvBody);
        let endless = NextTimeout { after, reason, per_read: None, per_write: None };
        let limited = limit(endless).unwrap();
        let after = match limited.after {
            time::Duration::Exact(after) => Some(after),
            time::Duration::NotHappening => None,
        };
        (after, limited.reason)
    }

    #[test]
    fn an_attempt_within_another_has_its_own_time_and_leaves_the_outer_its_own() {
        let outer = Scope::enter(timed(HOUR));
        for inner in [Terms::NONE, timed(HOUR / 60)] {
            let inner = Scope::enter(inner);
            assert!(limited().0.is_none_or(|after| after <= HOUR / 60));
            inner.shorten(Duration::from_secs(1));
            assert!(limited().0.is_some_and(|after| after <= Duration::from_secs(1)));
            sending();
            assert!(inner.is_sent());
        }
        assert!(limited().0.is_some_and(|after| after > HOUR / 60));
        assert_eq!(limited().1, Timeout::Global);
        assert!(!outer.is_sent());
    }

    #[test]
    fn what_an_attempt_was_shortened_to_does_not_hold_for_the_next() {
        let attempt = Scope::enter(Terms::NONE);
        assert_eq!(limited(), (None, Timeout::RecvBody));
        attempt.shorten(HOUR);
        assert_eq!(limited().1, Timeout::PerCall);
        drop(attempt);
        for next in [Terms::NONE, Terms { is_agents_config: false, ..Terms::NONE }] {
            let is_agents = next.is_agents_config;
            let _next = Scope::enter(next);
            assert_eq!(limited(), (None, Timeout::RecvBody));
            assert_eq!(is_agents_config(), is_agents);
        }
        assert!(!is_bound());
    }
}
