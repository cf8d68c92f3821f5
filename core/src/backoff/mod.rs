//! Backoffs: the delays between the attempts of a lane, before jitter.

mod list;
mod shape;

pub use list::{AtEnd, List};
pub use shape::Shape;
pub(crate) use shape::decorrelated;

use core::time::Duration;

use rand_core::Rng;

use crate::draw::Draw;
use crate::fixed::Fixed;

/// Says how far apart the attempts of a lane are, before jitter.
///
/// The policy cuts what this gives to lie between its floor and cap, spreads it with its jitter, and cuts the
/// range again. A closure is a backoff too:
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Policy, RetryContext};
///
/// let squares = |retry: RetryContext| Some(Duration::from_millis(u64::from(retry.number).pow(2)));
/// let policy = Policy::new(squares).attempts(4);
/// # assert!(policy.validate().is_ok());
/// ```
pub trait Backoff {
    /// Returns the delay before a retry; `None` ends the lane.
    ///
    /// `rng` gives the same numbers for the same seed, lane and retry, whatever else happened. The cost must be
    /// bounded for any retry number.
    fn delay(&self, retry: RetryContext, rng: &mut dyn Rng) -> Option<Duration>;
}

impl<F: Fn(RetryContext) -> Option<Duration>> Backoff for F {
    #[inline]
    fn delay(&self, retry: RetryContext, _: &mut dyn Rng) -> Option<Duration> {
        self(retry)
    }
}

/// The retry that a backoff is to delay, with its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryContext {
    /// The retry's number in its lane, from 1; after a [restart](crate::Policy::restart_after_hint), from 1 again.
    pub number: u32,
    /// The previous wait. The times are in nanoseconds, because most backoffs use none of them, and a `Duration` costs
    /// a division.
    pub(crate) previous: u64,
    pub(crate) floor: u64,
    /// The cap; `u64::MAX` is none.
    pub(crate) cap: u64,
    /// The base of a delay after a throttled failure; `u64::MAX` is the shape's own.
    pub(crate) base: u64,
    pub(crate) throttled: bool,
    /// Says where the draws of the retry start.
    pub(crate) start: u64,
}

impl RetryContext {
    /// Returns the wait before the previous retry of the lane, hint included; zero before the first.
    #[must_use]
    pub const fn previous(&self) -> Duration {
        Duration::from_nanos(self.previous)
    }

    /// Returns whether the failure before the retry was [throttled](crate::Failure::throttled).
    #[must_use]
    pub const fn is_throttled(&self) -> bool {
        self.throttled
    }

    /// Returns the random numbers that an earlier retry of the lane was drawn from, so that a backoff whose delays depend on
    /// earlier draws needs no state of its own; `None` before the first retry. Each call starts with the first number again.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Backoff, Policy, RetryContext, Rng};
    ///
    /// /// Waits for the sum of three draws: its own and the two before.
    /// struct Sum;
    ///
    /// impl Backoff for Sum {
    ///     fn delay(&self, retry: RetryContext, rng: &mut dyn Rng) -> Option<Duration> {
    ///         let millis = |word: u64| word % 100;
    ///         let earlier: u64 = (1..3).filter_map(|back| retry.earlier(back)).map(|mut rng| millis(rng.next_u64())).sum();
    ///         Some(Duration::from_millis(millis(rng.next_u64()) + earlier))
    ///     }
    /// }
    /// assert_eq!(Policy::new(Sum).validate(), Ok(()));
    /// ```
    #[must_use]
    pub fn earlier(&self, retries: u32) -> Option<impl Rng + use<>> {
        (retries < self.number).then(|| Draw::before(self.start, retries))
    }

    /// Returns the policy's floor.
    #[must_use]
    pub const fn floor(&self) -> Duration {
        Duration::from_nanos(self.floor)
    }

    /// Returns the policy's cap, if it has one that bounds. A cap that stops is not shown.
    #[must_use]
    pub const fn cap(&self) -> Option<Duration> {
        if self.cap == u64::MAX { None } else { Some(Duration::from_nanos(self.cap)) }
    }
}

/// The factor of an exponential backoff, kept in fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Hash)]
pub struct Factor(Fixed);

impl Factor {
    /// 2, the default.
    pub const DOUBLE: Self = Self::new(2.0);

    /// Makes the factor that a float stands for; a policy with one that is not above 0 and below 2^64 is invalid.
    #[must_use]
    pub const fn new(factor: f64) -> Self {
        match Fixed::from_f64(factor) {
            Some(fixed) => Self(fixed),
            None => Self(Fixed::ZERO),
        }
    }

    /// Returns the nearest float.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0.to_f64()
    }

    /// Returns n if the factor is 2^n, with n from 0.
    const fn log2(self) -> Option<u8> {
        match self.0.log2() {
            Some(bits) => Some(bits as u8),
            None => None,
        }
    }

    pub(crate) const fn is_valid(self) -> bool {
        self.0.whole() > 0 || self.0.part() > 0
    }

    /// Returns whether the factor is above 1.
    pub(crate) const fn grows(self) -> bool {
        self.0.whole() > 1 || (self.0.whole() == 1 && self.0.part() > 0)
    }

    /// Returns `base` × this to the power of each exponent from 0, in nanoseconds, saturating.
    pub(crate) const fn growths<const N: usize>(self, base: u64) -> [u64; N] {
        let mut growths = [base; N];
        let mut exponent = 1;
        if let Some(bits) = self.0.log2() {
            while exponent < N {
                growths[exponent] = shift(growths[exponent - 1], bits);
                exponent += 1;
            }
        } else {
            let powers: [Fixed; N] = self.0.powers();
            while exponent < N {
                growths[exponent] = powers[exponent].of(base);
                exponent += 1;
            }
        }
        growths
    }

    /// Returns `base` × this to the power of `exponent`, in nanoseconds, saturating.
    const fn grow(self, base: u64, exponent: u32) -> u64 {
        match self.0.log2() {
            Some(bits) => shift(base, bits.saturating_mul(exponent)),
            None => self.0.power(exponent).of(base),
        }
    }
}

#[inline]
const fn shift(base: u64, bits: u32) -> u64 {
    if bits < 64 && base <= u64::MAX >> bits {
        base << bits
    } else if base == 0 {
        0
    } else {
        u64::MAX
    }
}
