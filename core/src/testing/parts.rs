//! Makes a valid policy of plain numbers, which fuzzers and property tests generate and shrink.

use core::time::Duration;

use crate::backoff::{AtEnd, List};
use crate::jitter::Jitter;
use crate::policy::Policy;

/// Numbers for a policy. A smaller number makes a simpler policy, and any numbers make a valid one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// The shape: zero, constant, linear, exponential, Fibonacci, decorrelated, list that stops or repeats, stop.
    pub(super) shape: u8,
    /// The jitter: none, full, equal, or a fraction in percent above that.
    pub(super) jitter: u8,
    pub(super) base_ms: u16,
    /// The factor of an exponential shape, in tenths.
    pub(super) factor: u8,
    /// The waits of a list, besides the base.
    pub(super) delays_ms: [u16; 3],
    /// The number of attempts less one.
    pub(super) more_attempts: u8,
    pub(super) lane_attempts: Option<u8>,
    /// The number of lanes less one.
    pub(super) more_lanes: u8,
    pub(super) hedge_after_ms: u16,
    pub(super) hedge_on_failure: bool,
    pub(super) attempt_timeout_ms: Option<u16>,
    pub(super) deadline_ms: Option<u32>,
    pub(super) floor_ms: Option<u16>,
    pub(super) cap_ms: Option<u32>,
    pub(super) cap_stops: bool,
    pub(super) hint_limit_ms: Option<u32>,
    pub(super) ignore_hints: bool,
}

impl From<Parts> for Policy {
    fn from(parts: Parts) -> Self {
        let ms = |millis: u16| Duration::from_millis(millis.into());
        let long = |millis: u32| Duration::from_millis(millis.into());
        let base = ms(parts.base_ms);
        let delays = parts.delays_ms.map(ms);
        let list = |at_end| Self::list(List::new(&[base, delays[0], delays[1], delays[2]]), at_end);
        let shaped = match parts.shape % 9 {
            0 => Self::zero(),
            1 => Self::constant(base),
            2 => Self::linear(base),
            3 => Self::exponential(base).factor(f64::from(parts.factor.max(1)) / 10.0),
            4 => Self::fibonacci(base),
            5 => Self::decorrelated(base),
            6 => list(AtEnd::Stop),
            7 => list(AtEnd::Repeat),
            _ => Self::stop(),
        };
        let jitter = match parts.jitter % 104 {
            0 => Jitter::None,
            1 => Jitter::Full,
            2 => Jitter::Equal,
            percent => Jitter::fraction(f64::from(percent - 3) / 100.0),
        };
        let mut policy = shaped
            .jitter(jitter)
            .attempts(u32::from(parts.more_attempts) + 1)
            .lanes(parts.more_lanes.saturating_add(1))
            .hedge_after(ms(parts.hedge_after_ms))
            .hedge_on_failure(parts.hedge_on_failure);
        if let Some(attempts) = parts.lane_attempts {
            policy = policy.lane_attempts(u32::from(attempts) + 1);
        }
        if let Some(timeout) = parts.attempt_timeout_ms {
            policy = policy.attempt_timeout(ms(timeout.max(1)));
        }
        if let Some(deadline) = parts.deadline_ms {
            policy = policy.deadline(long(deadline.max(1)));
        }
        if let Some(cap) = parts.cap_ms {
            policy = if parts.cap_stops { policy.cap_that_stops(long(cap)) } else { policy.cap(long(cap)) };
        }
        if let Some(floor) = parts.floor_ms {
            let floor = ms(floor);
            policy = policy.floor(policy.get_cap().map_or(floor, |cap| floor.min(cap)));
        }
        if let Some(limit) = parts.hint_limit_ms {
            policy = policy.hint_limit(long(limit));
        }
        if parts.ignore_hints { policy.ignore_hints() } else { policy }
    }
}
