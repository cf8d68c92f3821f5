//! The retry budget: so many retries and hedges for so many first sends, over a sliding window.

use core::fmt;
use core::time::Duration;

use super::slots::SLOTS;
use super::window::{Added, Count, Row, Window};
use super::{Gate, Refusal, Settled};
use crate::attempt::{Cause, Kind};
use crate::time::{Instant, nanos};

const FIRSTS: Count = Count::One;
const CHARGED: Count = Count::Other;

/// A gate that lets retries and hedges be a share of the first sends, so that an outage is not answered with a
/// multiple of the usual load.
///
/// Over a window (default 10 s) there may be so many retries and hedges as `ratio` × first sends, and a reserve on top
/// (default 10). A retry is charged before its wait, because a retry that waits is a load that is promised; what was
/// never sent is refunded. First sends are never refused.
///
/// - The ratio is that to *first* sends, not to all of them: 0.1 is a load of at most 1.1 times the usual (Google,
///   "Site Reliability Engineering", chapter 21, counts 10 %). The default is 0.2, as Finagle's `RetryBudget` has it.
///   A server that runs at more than 1 / (1 + ratio) of what it can take needs a smaller one.
/// - The reserve lets a client that hardly calls retry at all: with 10 in 10 s, five calls that fail can each be sent
///   three times. It is small because every client brings its own: Finagle's 100 in 10 s is, with many clients, no
///   limit (Brooker, "Fixing retries with token buckets and circuit breakers", 2022, whose bucket holds 10).
///
/// # Exactness
///
/// The window is ten slots, and now is in the newest. When a charge is let through, the ten slots up to it have no
/// more than `ratio` × first sends + reserve, whatever the threads do; one thread alone gets that many, to the last
/// whole one. Threads that meet over the last one may both be refused. Numbers beyond 2^32 - 1 in a slot are not
/// counted.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Budget, Cause, Gate, Instant};
///
/// static BUDGET: Budget = Budget::new(0.1).window(Duration::from_secs(60)).with_reserve(0);
///
/// let now = Instant::ZERO;
/// for _ in 0..10 {
///     BUDGET.admit(now, &Cause::FIRST);
/// }
/// assert!(BUDGET.reserve(now, &Cause::HEDGE).is_ok());
/// assert_eq!(BUDGET.reserve(now, &Cause::HEDGE).unwrap_err().reason(), "budget is used up");
/// assert_eq!(BUDGET.state(now).to_string(), "1 retry or hedge for 10 first sends, 0 left");
/// ```
#[derive(Debug)]
pub struct Budget {
    ratio: f64,
    reserve: u32,
    /// Worked out when it is built.
    is_valid: bool,
    window: u64,
    /// The length of a slot, at least 1.
    length: u64,
    counts: Window,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(0.2)
    }
}

impl Budget {
    /// Makes a budget of so many retries and hedges for each first send, from 0.001 to 10. Defaults: a window of 10 s and a
    /// reserve of 10.
    #[must_use]
    pub const fn new(ratio: f64) -> Self {
        let bare = Self { ratio, reserve: 10, is_valid: false, window: 0, length: 1, counts: Window::new() };
        bare.window(Duration::from_secs(10))
    }

    /// Sets how far back it counts, at least 10 ms, in steps of a tenth. Default: 10 s.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = nanos(window);
        self.length = self.window.div_ceil(SLOTS as u64);
        if self.length == 0 {
            self.length = 1;
        }
        self.is_valid = self.validate().is_ok();
        self
    }

    /// Sets how many retries and hedges a window may have whatever the ratio says. Default: 10.
    #[must_use]
    pub const fn with_reserve(mut self, reserve: u32) -> Self {
        self.reserve = reserve;
        self
    }

    /// Checks that the budget makes sense. One that does not refuses every retry and hedge.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub const fn validate(&self) -> Result<(), BudgetError> {
        if !(self.ratio >= 0.001 && self.ratio <= 10.0) {
            Err(BudgetError::Ratio)
        } else if self.window < 10_000_000 {
            Err(BudgetError::Window { window: Duration::from_nanos(self.window) })
        } else {
            Ok(())
        }
    }

    /// Returns what it has counted in the window that ends now, for a page or a metric.
    #[must_use]
    pub fn state(&self, now: Instant) -> BudgetState {
        let slot = self.counts.peek(self.row().slot(now.as_nanos()));
        let (firsts, charged) = (self.counts.sum(FIRSTS, slot), self.counts.sum(CHARGED, slot));
        let left = if self.is_valid { self.allowed(firsts).saturating_sub(charged) } else { 0 };
        BudgetState { firsts, charged, left }
    }

    /// Its slots, numbered since the origin.
    #[inline]
    const fn row(&self) -> Row {
        Row { first: 0, start: 0, length: self.length }
    }

    /// Counts one more; `None` where the slot is full.
    #[inline]
    fn add(&self, count: Count, now: Instant) -> Option<u64> {
        match self.counts.add_fast(count, self.row(), now.as_nanos(), || true) {
            None => self.add_slowly(count, now),
            slot => slot,
        }
    }

    #[cold]
    #[inline(never)]
    fn add_slowly(&self, count: Count, now: Instant) -> Option<u64> {
        match self.counts.add(count, self.row(), now.as_nanos(), || true) {
            Added::Yes(slot) => Some(slot),
            Added::Full(_) | Added::No => None,
        }
    }

    #[cold]
    #[inline(never)]
    fn forget_first(&self, admitted: Instant) {
        let slot = self.row().slot(admitted.as_nanos());
        let newest = self.counts.peek(slot);
        let has_fallen_out = newest - slot >= SLOTS as u64;
        if !has_fallen_out && !self.counts.take(FIRSTS, slot) {
            // It was counted in a later slot, which other calls had seen by then.
            self.counts.take_latest(FIRSTS, newest);
        }
    }

    /// A quotient is rounded as the ratio was when it was written, so 3 for 10 is exactly 0.3.
    ///
    /// The sum of ten slots has 36 bits, and a signed number becomes a float in one instruction.
    #[inline]
    fn is_within(&self, charged: u64, firsts: u64) -> bool {
        let over = charged.saturating_sub(u64::from(self.reserve));
        over == 0 || over as i64 as f64 / firsts as i64 as f64 <= self.ratio
    }

    /// The most that is within.
    fn allowed(&self, firsts: u64) -> u64 {
        let near = (self.ratio * firsts as f64) as u64 + u64::from(self.reserve);
        if self.is_within(near + 1, firsts) {
            near + 1
        } else if self.is_within(near, firsts) {
            near
        } else {
            near.saturating_sub(1)
        }
    }
}

impl Gate for Budget {
    /// Charged first and then counted: of all that are let through, the last to be charged has seen all others.
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        if !self.is_valid {
            return Err(Refusal::new(&"budget is invalid"));
        }
        if cause.kind == Kind::First {
            return Ok(());
        }
        // Another round only when the window has moved on, at most once in a slot's time.
        loop {
            let Some(slot) = self.add(CHARGED, now) else {
                return Err(Refusal::new(&"budget is used up"));
            };
            let is_within = self.is_within(self.counts.sum(CHARGED, slot), self.counts.sum(FIRSTS, slot));
            let is_newest = self.counts.is_newest(slot);
            if is_within && is_newest {
                return Ok(());
            }
            self.counts.take(CHARGED, slot);
            if is_newest {
                return Err(Refusal::new(&"budget is used up"));
            }
        }
    }

    fn refund(&self, _: Instant, cause: &Cause, reserved: Instant) {
        if cause.kind != Kind::First {
            self.counts.take(CHARGED, self.row().slot(reserved.as_nanos()));
        }
    }

    #[inline]
    fn admit(&self, now: Instant, cause: &Cause) -> super::Admission {
        if cause.kind == Kind::First {
            let _ = self.add(FIRSTS, now);
        }
        super::Admission::Yes
    }

    #[inline]
    fn settle(&self, _: Instant, cause: &Cause, settled: &Settled) {
        if let (Kind::First, Settled::Unsent(admitted)) = (cause.kind, settled) {
            self.forget_first(*admitted);
        }
    }
}

/// The counts of a [`Budget`] in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetState {
    /// First sends.
    pub firsts: u64,
    /// Retries and hedges that were sent or are promised.
    pub charged: u64,
    /// Retries and hedges that would be let through now.
    pub left: u64,
}

impl fmt::Display for BudgetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { firsts, charged, left } = self;
        let words = if *charged == 1 { "retry or hedge" } else { "retries and hedges" };
        let sends = if *firsts == 1 { "first send" } else { "first sends" };
        write!(f, "{charged} {words} for {firsts} {sends}, {left} left")
    }
}

/// Says what is wrong with a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetError {
    /// The ratio is not from 0.001 to 10.
    Ratio,
    /// The window is too short.
    Window {
        /// The window.
        window: Duration,
    },
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio => f.write_str("the ratio of the budget is not a number from 0.001 to 10"),
            Self::Window { window } => {
                write!(f, "the window of the budget is {window:?}; it needs at least 10ms, a millisecond a slot")
            }
        }
    }
}

impl core::error::Error for BudgetError {}
