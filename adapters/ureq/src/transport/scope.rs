//! What the connections that a thread uses know of the attempt that the thread is making.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::time;
use ureq::{Error, Timeout};

use super::Cancel;

thread_local! {
    static FACTS: Cell<Facts> = const { Cell::new(Facts::NONE) };
    static CANCEL: RefCell<Option<Arc<Cancel>>> = const { RefCell::new(None) };
}

#[derive(Clone, Copy)]
struct Facts {
    until: Option<Instant>,
    /// What an attempt that runs out of time is said to have exceeded.
    reason: Timeout,
    can_be_cancelled: bool,
    /// The request's configuration is its agent's but for what an attempt changes.
    is_agents_config: bool,
    is_sent: bool,
}

impl Facts {
    const NONE: Self = Self {
        until: None,
        reason: Timeout::PerCall,
        can_be_cancelled: false,
        is_agents_config: false,
        is_sent: false,
    };
}

/// What the connections of an attempt go by.
pub(crate) struct Terms {
    /// How long it may take.
    pub(crate) timeout: Option<Duration>,
    /// What it is said to have exceeded if it takes longer.
    pub(crate) reason: Timeout,
    /// Whether its request has no configuration of its own.
    pub(crate) is_agents_config: bool,
    /// What cancels it, if anything can.
    pub(crate) cancel: Option<Arc<Cancel>>,
}

impl Terms {
    /// Those of an attempt that nothing ends, with its agent's configuration.
    pub(crate) const NONE: Self =
        Self { timeout: None, reason: Timeout::PerCall, is_agents_config: true, cancel: None };
}

/// While it lives, this thread makes one attempt: what its connections do is timed, noted, and can be cancelled.
pub(crate) struct Scope {
    outer: Facts,
    outer_cancel: Option<Arc<Cancel>>,
    can_be_cancelled: bool,
}

impl Scope {
    /// An attempt begins on this thread.
    #[inline(always)]
    pub(crate) fn enter(terms: Terms) -> Self {
        let Terms { timeout, reason, is_agents_config, cancel } = terms;
        // A sum that overflows is never.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let can_be_cancelled = cancel.is_some();
        let outer = FACTS.replace(Facts { until, reason, can_be_cancelled, is_agents_config, is_sent: false });
        let outer_cancel = if can_be_cancelled || outer.can_be_cancelled { CANCEL.replace(cancel) } else { None };
        Self { outer, outer_cancel, can_be_cancelled }
    }

    /// Whether anything of the request may have left this machine.
    pub(crate) fn is_sent(&self) -> bool {
        FACTS.get().is_sent
    }

    /// Gives the attempt no more time than this from now on.
    pub(crate) fn shorten(&self, timeout: Duration) {
        let until = Instant::now() + timeout;
        let facts = FACTS.get();
        FACTS.set(Facts { until: Some(facts.until.map_or(until, |earlier| earlier.min(until))), ..facts });
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        FACTS.set(self.outer);
        if self.can_be_cancelled || self.outer.can_be_cancelled {
            CANCEL.replace(self.outer_cancel.take());
        }
    }
}

/// What cancels the attempt that this thread is making, if anything can.
pub(super) fn cancel() -> Option<Arc<Cancel>> {
    if FACTS.get().can_be_cancelled { CANCEL.with_borrow(Clone::clone) } else { None }
}

/// Whether the configuration is that of the agent but for what an attempt changes, which no connection depends on.
pub(super) fn is_agents_config() -> bool {
    FACTS.get().is_agents_config
}

/// Whether anything may end the attempt: its timeout, or another thread.
#[inline]
pub(super) fn is_bound() -> bool {
    let facts = FACTS.get();
    facts.until.is_some() || facts.can_be_cancelled
}

/// Whether the attempt has a timeout.
#[inline]
pub(super) fn is_timed() -> bool {
    FACTS.get().until.is_some()
}

/// The attempt is about to write.
#[inline]
pub(super) fn sending() {
    let facts = FACTS.get();
    if !facts.is_sent {
        FACTS.set(Facts { is_sent: true, ..facts });
    }
}

/// The smaller of a timeout and what is left of the attempt's; an error if nothing is.
pub(super) fn limit(timeout: NextTimeout) -> Result<NextTimeout, Error> {
    let Facts { until: Some(until), reason, .. } = FACTS.get() else { return Ok(timeout) };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Error::Timeout(reason));
    }
    let left = time::Duration::Exact(left);
    Ok(if left < timeout.after { NextTimeout { after: left, reason, ..timeout } } else { timeout })
}
