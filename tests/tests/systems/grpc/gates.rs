//! gRPC's throttle and pushback as gates.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use insist_core::{AttemptEnd, Cause, Gate, Instant, Refusal, Settled};

/// The gate of a server name: retries and hedges pass while more than half of the tokens are there.
#[derive(Debug)]
pub(crate) struct RetryThrottle {
    /// Thousandths, as are the others.
    most: u32,
    ratio: u32,
    tokens: AtomicU32,
}

impl RetryThrottle {
    /// So many tokens, of which a failure takes one and a success gives back `ratio`, in thousandths.
    ///
    /// # Errors
    ///
    /// The tokens are not from 1 to 1000, or the ratio is less than a thousandth.
    pub(crate) fn new(tokens: u32, ratio: f64) -> Result<Self, RetryThrottleError> {
        // A thousandth of a float may lie a little below it.
        let ratio = (ratio * 1000.0 + 1e-6) as u32;
        if tokens == 0 || tokens > 1000 {
            return Err(RetryThrottleError::Tokens(tokens));
        }
        if ratio == 0 {
            return Err(RetryThrottleError::Ratio);
        }
        Ok(Self { most: tokens * 1000, ratio, tokens: AtomicU32::new(tokens * 1000) })
    }

    /// Thousandths of a token that are there.
    #[must_use]
    pub(crate) fn thousandths(&self) -> u32 {
        self.tokens.load(Relaxed)
    }

    /// Returns whether retries and hedges pass.
    #[must_use]
    pub(crate) fn passes(&self) -> bool {
        self.thousandths() > self.most / 2
    }

    fn change(&self, change: impl Fn(u32) -> u32) {
        let _ = self.tokens.fetch_update(Relaxed, Relaxed, |tokens| Some(change(tokens)));
    }
}

impl Gate for RetryThrottle {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.passes() { Ok(()) } else { Err(Refusal::new(&"too much fails: no retries and hedges")) }
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        match *settled {
            Settled::Ended(AttemptEnd::Accept, _) => self.change(|tokens| (tokens + self.ratio).min(self.most)),
            Settled::Ended(AttemptEnd::Retry(_) | AttemptEnd::Timeout, _) => {
                self.change(|tokens| tokens.saturating_sub(1000));
            }
            _ => {}
        }
    }

    fn is_timeless(&self) -> bool {
        true
    }
}

/// Says what is wrong with a throttle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryThrottleError {
    /// The tokens are not from 1 to 1000.
    Tokens(u32),
    /// The ratio is less than a thousandth.
    Ratio,
}

impl fmt::Display for RetryThrottleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens(tokens) => write!(f, "maxTokens is {tokens}; gRPC allows 1 to 1000"),
            Self::Ratio => f.write_str("tokenRatio is less than 0.001, the least that gRPC counts"),
        }
    }
}

impl std::error::Error for RetryThrottleError {}

/// The gate of one call: once its judge has read a pushback that forbids it, nothing more is sent; what is in flight
/// goes on.
#[derive(Debug, Default)]
pub(crate) struct Pushback(Cell<bool>);

impl Pushback {
    /// Nothing was said yet.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self(Cell::new(false))
    }

    /// The server said no.
    pub(crate) fn forbid(&self) {
        self.0.set(true);
    }
}

impl Gate for Pushback {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.0.get() { Err(Refusal::new(&"the server pushed back")) } else { Ok(()) }
    }

    fn is_timeless(&self) -> bool {
        true
    }
}
