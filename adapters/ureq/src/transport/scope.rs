//! Gives the connections of a thread the limits of the attempt that the thread is making, and notes what they did.

mod limit;
mod marks;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use self::marks::{
    AGENTS_CONFIG, CANCELLABLE, COPIED, FRESH, KEEPS_METHOD, KEEPS_REDIRECT, Marks, REUSED, SENT, TIMED, TOLD,
};
use super::Cancel;

pub(crate) use limit::Limit;
pub(super) use limit::{deadline, limit, limit_both};
pub(super) use marks::{
    Connecting, is_agents_config, is_bound, is_connecting, is_copied, is_fresh, is_probing, keeps_method,
    keeps_redirect, make_fresh, probing, sending,
};

thread_local! {
    static CANCEL: RefCell<Option<Arc<Cancel>>> = const { RefCell::new(None) };
    /// The number of the attempt.
    static ATTEMPT: Cell<u32> = const { Cell::new(1) };
    /// The head of a redirect, or of a proxy's answer.
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The limits of an attempt's connections.
pub(crate) struct Terms {
    /// The number of the attempt.
    pub(crate) attempt: u32,
    /// The end of its time, if it has one.
    pub(crate) limit: Option<Limit>,
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
        limit: None,
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
    outer_cancel: Option<Arc<Cancel>>,
    can_be_cancelled: bool,
}

impl Scope {
    /// Begins an attempt on this thread.
    #[inline(always)]
    pub(crate) fn enter(terms: Terms) -> Self {
        let Terms { attempt, limit, cancel, .. } = terms;
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
        let outer = marks::replace(marks);
        let outer_attempt = ATTEMPT.replace(attempt);
        let outer_limit = if (marks | outer) & TIMED != 0 { limit::replace(limit) } else { None };
        let outer_cancel = if (marks | outer) & CANCELLABLE != 0 { CANCEL.replace(cancel) } else { None };
        Self { outer, outer_attempt, outer_limit, outer_cancel, can_be_cancelled }
    }

    /// Returns whether anything of the request may have left this machine.
    pub(crate) fn is_sent(&self) -> bool {
        marks::has(SENT)
    }

    /// Returns whether the connection that was used last came from the pool.
    pub(crate) fn is_reused(&self) -> bool {
        marks::has(REUSED)
    }

    /// Takes the head of the redirect, or of the proxy's answer, that was seen last.
    pub(crate) fn take_head(&self) -> Vec<u8> {
        HEAD.take()
    }

    /// Begins a further request of the same attempt, after a redirect.
    pub(crate) fn again(&self) {
        marks::keep(TOLD | SENT);
    }

    /// Limits the rest of the attempt to this span.
    pub(crate) fn shorten(&self, timeout: Duration) {
        limit::shorten(timeout);
    }

    /// Takes the limit away from the rest of the attempt.
    pub(crate) fn lift(&self) {
        marks::keep(!TIMED);
    }

    /// Restores the enclosing attempt's limit and canceller.
    #[cold]
    fn restore(&mut self) {
        if self.outer & TIMED != 0 {
            limit::replace(self.outer_limit);
        }
        if self.can_be_cancelled || self.outer & CANCELLABLE != 0 {
            CANCEL.replace(self.outer_cancel.take());
        }
    }
}

impl Drop for Scope {
    #[inline(always)]
    fn drop(&mut self) {
        marks::replace(self.outer);
        ATTEMPT.set(self.outer_attempt);
        if self.can_be_cancelled || self.outer & (TIMED | CANCELLABLE) != 0 {
            self.restore();
        }
    }
}

/// Returns the canceller of this thread's attempt, if it has one.
pub(super) fn cancel() -> Option<Arc<Cancel>> {
    if marks::has(CANCELLABLE) { CANCEL.with_borrow(Clone::clone) } else { None }
}

/// Returns the number of this thread's attempt.
pub(super) fn attempt() -> u32 {
    ATTEMPT.get()
}

/// Keeps a head.
pub(super) fn keep_head(head: &[u8]) {
    HEAD.with_borrow_mut(|kept| {
        kept.clear();
        kept.extend_from_slice(head);
    });
}

#[cfg(test)]
mod tests;
