//! Policies: how often, how long, how far apart, as plain data that is made at compile time or read from a file.

mod as_policy;
mod build;
mod delays;
mod draw;
mod facts;
mod preset;
mod ranges;
mod reshape;
#[cfg(feature = "serde")]
mod serde;
mod validate;
#[cfg(feature = "serde")]
mod values;

pub use as_policy::AsPolicy;
pub use delays::Delays;
pub use ranges::Ranges;
pub(crate) use validate::Flaw;
pub use validate::PolicyError;

use core::time::Duration;

use crate::backoff::Shape;
use crate::jitter::{Fraction, Jitter};
use crate::percentile::Percentile;
use facts::Facts;

/// "No limit" in the fields below: 584 years, or four billion attempts.
const NONE: u64 = u64::MAX;

/// Says how often, how long and how far apart. Plain data; the state of a call lives in [`Call`](crate::Call).
///
/// Defaults: 3 attempts in all, one lane, exponential from 100 ms × 2 with a cap of 10 s, full jitter, no attempt
/// timeout, no deadline, hints honoured up to 5 minutes.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Jitter, Policy};
///
/// const POLICY: Policy = Policy::exponential(Duration::from_millis(100)) // 100 ms, 200 ms, 400 ms …
///     .cap(Duration::from_secs(10))
///     .jitter(Jitter::Full)
///     .attempts(5)
///     .attempt_timeout(Duration::from_secs(3))
///     .deadline(Duration::from_secs(30))
///     .lanes(2)
///     .hedge_after(Duration::from_millis(50));
///
/// assert_eq!(POLICY.validate(), Ok(()));
/// assert_eq!(
///     POLICY.attempts(0).validate().unwrap_err().to_string(),
///     "attempts is 0; a call needs at least 1",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a policy does nothing until a call is made with it"]
pub struct Policy<B = Shape> {
    backoff: B,
    jitter: Jitter,
    floor: u64,
    cap: u64,
    attempt_timeout: u64,
    deadline: u64,
    /// Without limit if there is a percentile.
    hedge_after: u64,
    /// In thousandths; 0 is none.
    hedge_at: u32,
    hint_limit: u64,
    /// As the backoff's own if there is none.
    throttled_base: u64,
    /// As a share of the hint.
    hint_spread: Fraction,
    attempts: u32,
    lane_attempts: u32,
    lanes: u8,
    unsent_attempts: u8,
    cap_stops: bool,
    hedge_on_failure: bool,
    hints: bool,
    restart_after_hint: bool,
    separate_targets: bool,
    facts: Facts,
    /// The last retry whose delay is known without asking the backoff.
    reach: u32,
    /// True if delays take the fast path.
    is_plain: bool,
    is_valid: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self::exponential(Duration::from_millis(100))
    }
}

impl<B> Policy<B> {
    /// Returns the backoff.
    #[inline]
    pub const fn get_backoff(&self) -> &B {
        &self.backoff
    }

    /// Returns how delays are spread.
    #[inline]
    #[must_use]
    pub const fn get_jitter(&self) -> Jitter {
        self.jitter
    }

    /// Returns how many sends there may be in all, the first included; `None` is unlimited.
    #[inline]
    #[must_use]
    pub const fn get_attempts(&self) -> Option<u32> {
        if self.attempts == u32::MAX { None } else { Some(self.attempts) }
    }

    /// Returns how many sends a lane may make, its first included; `None` is limited by [`get_attempts`](Self::get_attempts) alone.
    #[inline]
    #[must_use]
    pub const fn get_lane_attempts(&self) -> Option<u32> {
        if self.lane_attempts == u32::MAX { None } else { Some(self.lane_attempts) }
    }

    /// Returns how many attempts that failed without being sent no other limit counts.
    #[inline]
    #[must_use]
    pub const fn get_unsent_attempts(&self) -> u8 {
        self.unsent_attempts
    }

    /// Returns how many attempts may be in flight at once.
    #[inline]
    #[must_use]
    pub const fn get_lanes(&self) -> u8 {
        self.lanes
    }

    /// Returns how long what is in flight may take before the next lane opens; zero races, and with a percentile there is
    /// no such limit: 584 years.
    #[inline]
    #[must_use]
    pub const fn get_hedge_after(&self) -> Duration {
        Duration::from_nanos(self.hedge_after)
    }

    /// Returns the percentile of recent latencies at which the next lane opens; `None` if that is a fixed delay.
    #[inline]
    #[must_use]
    pub const fn get_hedge_at(&self) -> Option<Percentile> {
        if self.hedge_at == 0 { None } else { Some(Percentile::from_thousandths(self.hedge_at)) }
    }

    /// Returns whether a failure opens the next lane at once.
    #[inline]
    #[must_use]
    pub const fn get_hedge_on_failure(&self) -> bool {
        self.hedge_on_failure
    }

    /// Returns the base of delays after a throttled failure; `None` is the backoff's own.
    #[inline]
    #[must_use]
    pub const fn get_throttled_base(&self) -> Option<Duration> {
        span(self.throttled_base)
    }

    /// Returns the least delay.
    #[inline]
    #[must_use]
    pub const fn get_floor(&self) -> Duration {
        Duration::from_nanos(self.floor)
    }

    /// Returns the cap, whether it bounds or stops; `None` is no cap.
    #[inline]
    #[must_use]
    pub const fn get_cap(&self) -> Option<Duration> {
        span(self.cap)
    }

    /// Returns whether a delay that reaches the cap ends the lane, instead of being bounded by it.
    #[inline]
    #[must_use]
    pub const fn get_cap_stops(&self) -> bool {
        self.cap_stops
    }

    /// Returns how long an attempt may take; `None` is as long as it likes.
    #[inline]
    #[must_use]
    pub const fn get_attempt_timeout(&self) -> Option<Duration> {
        span(self.attempt_timeout)
    }

    /// Returns how long the call may take, waits included; `None` is as long as it likes.
    #[inline]
    #[must_use]
    pub const fn get_deadline(&self) -> Option<Duration> {
        span(self.deadline)
    }

    /// Returns the longest hint that is waited for; `None` is any that the deadline allows.
    #[inline]
    #[must_use]
    pub const fn get_hint_limit(&self) -> Option<Duration> {
        span(self.hint_limit)
    }

    /// Returns whether hints are honoured.
    #[inline]
    #[must_use]
    pub const fn get_hints(&self) -> bool {
        self.hints
    }

    /// Returns whether the backoff starts anew after a hint.
    #[inline]
    #[must_use]
    pub const fn get_restart_after_hint(&self) -> bool {
        self.restart_after_hint
    }

    /// Returns whether each lane has a target of its own, so that a hint holds up no other lane.
    #[inline]
    #[must_use]
    pub const fn get_separate_targets(&self) -> bool {
        self.separate_targets
    }

    /// Returns by which share of a hint a wait may be longer than that.
    #[inline]
    #[must_use]
    pub const fn get_hint_spread(&self) -> f64 {
        self.hint_spread.get()
    }

    /// Returns whether a call with this policy never needs to know when an attempt starts or ends.
    ///
    /// A driver that has a timeless gate too reads no clock before the first wait.
    #[inline]
    #[must_use]
    pub const fn is_timeless(&self) -> bool {
        self.attempt_timeout == NONE && self.deadline == NONE && self.lanes <= 1
    }

    #[inline]
    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline,
            hedge_after: self.hedge_after,
            hint_limit: self.hint_limit,
            attempts: self.attempts,
            lane_attempts: self.lane_attempts,
            lanes: self.lanes,
            unsent_attempts: self.unsent_attempts,
            hedge_on_failure: self.hedge_on_failure,
            hints: self.hints,
            restarts: self.restart_after_hint && self.hints,
            spreads: !self.hint_spread.is_zero(),
            separate_targets: self.separate_targets,
            is_valid: self.is_valid,
        }
    }
}

const fn span(nanos: u64) -> Option<Duration> {
    if nanos == NONE { None } else { Some(Duration::from_nanos(nanos)) }
}

/// The numbers that the machine reads; `u64::MAX` and `u32::MAX` are no limit.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) attempt_timeout: u64,
    pub(crate) deadline: u64,
    pub(crate) hedge_after: u64,
    pub(crate) hint_limit: u64,
    pub(crate) attempts: u32,
    pub(crate) lane_attempts: u32,
    pub(crate) lanes: u8,
    pub(crate) unsent_attempts: u8,
    pub(crate) hedge_on_failure: bool,
    pub(crate) hints: bool,
    /// True if the backoff starts anew after a hint that is honoured.
    pub(crate) restarts: bool,
    /// True if waits that were hinted are spread.
    pub(crate) spreads: bool,
    pub(crate) separate_targets: bool,
    pub(crate) is_valid: bool,
}

#[cfg(test)]
mod tests;
