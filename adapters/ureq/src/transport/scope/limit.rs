//! The end of the time of the attempt that a thread is making.

use std::cell::Cell;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{NextTimeout, time};
use ureq::{Error, Timeout};

use super::marks::{self, TIMED};

thread_local! {
    /// The limit of an attempt that is [`TIMED`].
    static LIMIT: Cell<Option<Limit>> = const { Cell::new(None) };
}

/// The end of an attempt's time.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    until: Instant,
    /// The timeout that the attempt then reports.
    reason: Timeout,
    /// The end of the call, the reading of its body included.
    deadline: Option<Instant>,
}

impl Limit {
    /// Limits an attempt that starts at this instant, and whose call has this deadline. An end that overflows is no limit.
    pub(crate) fn new(
        start: Instant,
        (timeout, reason): (Duration, Timeout),
        deadline: Option<Instant>,
    ) -> Option<Self> {
        Some(Self { until: start.checked_add(timeout)?, reason, deadline })
    }
}

#[inline(always)]
pub(super) fn replace(limit: Option<Limit>) -> Option<Limit> {
    LIMIT.replace(limit)
}

/// Returns the limit of this thread's attempt, if it has one.
fn current() -> Option<Limit> {
    if marks::has(TIMED) { LIMIT.get() } else { None }
}

/// Limits the rest of the attempt to this span.
pub(super) fn shorten(timeout: Duration) {
    let until = Instant::now() + timeout;
    LIMIT.set(Some(match current() {
        Some(limit) => Limit { until: limit.until.min(until), ..limit },
        None => Limit { until, reason: Timeout::PerCall, deadline: None },
    }));
    marks::add(TIMED);
}

/// Returns the end of the call that this thread is making, if it has one.
pub(in crate::transport) fn deadline() -> Option<Instant> {
    current()?.deadline
}

/// Returns whole milliseconds, so that reads and writes that follow each other have the same timeout: the socket has to be
/// told of a new one, and its own clock is no finer.
fn rounded_up(left: Duration) -> Duration {
    const MILLI: u32 = 1_000_000;
    Duration::new(left.as_secs(), left.subsec_nanos().div_ceil(MILLI) * MILLI)
}

/// Returns the smaller of a timeout and what is left of the attempt's; an error if nothing is left.
pub(in crate::transport) fn limit(timeout: NextTimeout) -> Result<NextTimeout, Error> {
    limit_both(timeout, None)
}

/// Returns the smallest of a timeout, what is left of the attempt's, and what is left until the deadline of a call, which
/// this thread may have made before; an error if nothing is left.
pub(in crate::transport) fn limit_both(timeout: NextTimeout, deadline: Option<Instant>) -> Result<NextTimeout, Error> {
    let attempt = current().map(|limit| (limit.until, limit.reason));
    let call = deadline.map(|until| (until, Timeout::Global));
    let Some((until, reason)) = attempt.into_iter().chain(call).min_by_key(|(until, _)| *until) else {
        return Ok(timeout);
    };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Error::Timeout(reason));
    }
    let left = time::Duration::Exact(rounded_up(left));
    Ok(if left < timeout.after { NextTimeout { after: left, reason, ..timeout } } else { timeout })
}
