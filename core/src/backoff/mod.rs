//! How far apart the attempts of a lane are, before jitter.

mod shape;

pub use shape::{AtEnd, List, Shape};

use core::time::Duration;

use rand_core::Rng;

use crate::fixed::Fixed;

/// How far apart the attempts of a lane are, before jitter.
///
/// The policy cuts what this gives to lie between its floor and cap, spreads it with its jitter, and cuts the
/// range again. A closure is a backoff too:
///
/// ```
/// use core::time::Duration;
/// use insist::{Policy, Retry};
///
/// let squares = |retry: Retry| Some(Duration::from_millis(u64::from(retry.number).pow(2)));
/// let policy = Policy::new(squares).attempts(4);
/// # assert!(policy.validate().is_ok());
/// ```
pub trait Backoff {
    /// The delay before a retry; `None` ends the lane.
    ///
    /// `rng` gives the same numbers for the same seed, lane and retry, whatever else happened. The cost must be
    /// bounded for any retry number.
    fn delay(&self, retry: Retry, rng: &mut dyn Rng) -> Option<Duration>;
}

impl<F: Fn(Retry) -> Option<Duration>> Backoff for F {
    #[inline]
    fn delay(&self, retry: Retry, _: &mut dyn Rng) -> Option<Duration> {
        self(retry)
    }
}

/// What a backoff is told of the retry that it is to delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// The retry's number in its lane, from 1.
    pub number: u32,
    /// The wait before the previous retry of the lane, hint included; zero before the first.
    pub previous: Duration,
    /// The policy's floor.
    pub floor: Duration,
    /// The policy's cap, if it has one that bounds. A cap that stops is not shown.
    pub cap: Option<Duration>,
}

impl Retry {
    #[inline]
    pub(crate) const fn new(number: u32, previous: u64, floor: u64, cap: u64) -> Self {
        Self {
            number,
            previous: Duration::from_nanos(previous),
            floor: Duration::from_nanos(floor),
            cap: if cap == u64::MAX { None } else { Some(Duration::from_nanos(cap)) },
        }
    }
}

/// What an exponential backoff multiplies with, kept in fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Hash)]
pub struct Factor(Fixed);

impl Factor {
    /// 2, the default.
    pub const DOUBLE: Self = Self::new(2.0);

    /// What a float stands for; a policy with a factor that is not above 0 and below 2^64 is invalid.
    #[must_use]
    pub const fn new(factor: f64) -> Self {
        match Fixed::from_f64(factor) {
            Some(fixed) => Self(fixed),
            None => Self(Fixed::ZERO),
        }
    }

    /// The nearest float.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0.to_f64()
    }

    pub(crate) const fn is_valid(self) -> bool {
        self.0.whole() > 0 || self.0.part() > 0
    }

    /// `base` × this to the power of `exponent`, in nanoseconds, saturating.
    #[inline]
    const fn grow(self, base: u64, exponent: u32) -> u64 {
        match self.0.log2() {
            Some(bits) => shift(base, bits.saturating_mul(exponent)),
            None => self.0.power(exponent).of(base),
        }
    }
}

#[inline]
const fn shift(base: u64, bits: u32) -> u64 {
    if bits <= base.leading_zeros() && bits < 64 {
        base << bits
    } else if base == 0 {
        0
    } else {
        u64::MAX
    }
}
