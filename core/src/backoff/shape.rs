//! The built-in backoffs as one enum, so that every constructor returns the same type of policy.

use core::time::Duration;

use rand_core::Rng;

use super::{AtEnd, Backoff, Factor, List, RetryContext};
use crate::draw::uniform;
use crate::jitter::Jitter;
use crate::time::nanos;

/// The built-in backoffs. `n` is the number of the retry in its lane, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a list is kept in place, so that a policy needs no allocator")]
#[non_exhaustive]
pub enum Shape {
    /// 0: the retry is sent at once, as often as the policy allows.
    Zero,
    /// No delay at all: the first failure of a lane ends it.
    Stop,
    /// `base`.
    Constant {
        /// The delay.
        base: Duration,
    },
    /// `base × n`.
    Linear {
        /// The first delay, which is also added each time.
        base: Duration,
    },
    /// `base × factor^(n-1)`, rounded to the nanosecond, saturating.
    Exponential {
        /// The first delay.
        base: Duration,
        /// The factor from each delay to the next. Default: 2.
        factor: Factor,
    },
    /// `base × F(n)`, with F = 1, 1, 2, 3, 5 …, saturating.
    Fibonacci {
        /// The first delay, and the second.
        base: Duration,
    },
    /// Drawn from `base` up to 3 × the previous wait, or up to 3 × `base` before the first (AWS Architecture
    /// Blog, "Exponential Backoff And Jitter", 2015). The policy's jitter is not applied on top.
    Decorrelated {
        /// The least delay.
        base: Duration,
    },
    /// The nth of a list.
    List {
        /// The delays, in order; at least one.
        delays: List,
        /// The rule for retries after the last delay.
        at_end: AtEnd,
    },
}

impl Shape {
    /// Returns its word: `zero`, `stop`, `constant`, `linear`, `exponential`, `fibonacci`, `decorrelated` or `list`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Stop => "stop",
            Self::Constant { .. } => "constant",
            Self::Linear { .. } => "linear",
            Self::Exponential { .. } => "exponential",
            Self::Fibonacci { .. } => "fibonacci",
            Self::Decorrelated { .. } => "decorrelated",
            Self::List { .. } => "list",
        }
    }

    /// Returns the jitter of a policy with this shape: none for constants and lists, which are meant exactly, and full
    /// for shapes that grow.
    pub(crate) const fn default_jitter(&self) -> Jitter {
        match self {
            Self::Zero | Self::Stop | Self::Constant { .. } | Self::List { .. } => Jitter::None,
            Self::Linear { .. } | Self::Exponential { .. } | Self::Fibonacci { .. } | Self::Decorrelated { .. } => {
                Jitter::Full
            }
        }
    }

    /// Returns the base in nanoseconds, 0 for a shape that has none.
    const fn base(&self) -> u64 {
        match self {
            Self::Zero | Self::Stop | Self::List { .. } => 0,
            Self::Constant { base }
            | Self::Linear { base }
            | Self::Exponential { base, .. }
            | Self::Fibonacci { base }
            | Self::Decorrelated { base } => nanos(*base),
        }
    }

    /// Returns the delay before a retry, from 1, in nanoseconds, for a shape that draws nothing; `None` ends the lane.
    const fn nth(&self, number: u32) -> Option<u64> {
        self.nth_from(self.base(), number)
    }

    /// Returns the same with another base, where the shape has one.
    const fn nth_from(&self, base: u64, number: u32) -> Option<u64> {
        Some(match self {
            Self::Zero => 0,
            Self::Stop | Self::Decorrelated { .. } => return None,
            Self::Constant { .. } => base,
            Self::Linear { .. } => base.saturating_mul(number as u64),
            Self::Exponential { factor, .. } => factor.grow(base, number.saturating_sub(1)),
            Self::Fibonacci { .. } => base.saturating_mul(fibonacci(number)),
            Self::List { delays, at_end } => return delays.nth(number, *at_end),
        })
    }

    /// Returns the first delays in nanoseconds, and their number. A shape that draws its delays has none, and its base
    /// is in their place.
    pub(crate) const fn first<const N: usize>(&self) -> ([u64; N], usize) {
        match self {
            Self::Exponential { base, factor } => return (factor.growths(nanos(*base)), N),
            Self::Decorrelated { base } => return ([nanos(*base); N], 0),
            _ => {}
        }
        let (mut first, mut length) = ([0; N], 0);
        while length < N {
            match self.nth(length as u32 + 1) {
                Some(delay) => first[length] = delay,
                None => break,
            }
            length += 1;
        }
        (first, length)
    }

    /// Returns whether the delays may go on for ever.
    pub(crate) const fn is_endless(&self) -> bool {
        !matches!(self, Self::Stop | Self::List { at_end: AtEnd::Stop, .. })
    }

    /// Returns whether the delays grow without end, so that they reach any cap.
    pub(crate) const fn grows(&self) -> bool {
        match self {
            Self::Linear { base } | Self::Fibonacci { base } | Self::Decorrelated { base } => !base.is_zero(),
            Self::Exponential { base, factor } => factor.grows() && !base.is_zero(),
            Self::Zero | Self::Stop | Self::Constant { .. } | Self::List { .. } => false,
        }
    }

    /// Returns n if each delay is the one before it times 2^n.
    pub(crate) const fn doubles(&self) -> Option<u8> {
        match self {
            Self::Zero | Self::Constant { .. } => Some(0),
            Self::Exponential { base, .. } if base.is_zero() => Some(0),
            Self::Exponential { factor, .. } => factor.log2(),
            _ => None,
        }
    }

    /// Returns whether all delays after this many are as long as the last of these.
    pub(crate) const fn stays_after(&self, delays: usize) -> bool {
        match self {
            Self::Zero | Self::Constant { .. } => true,
            Self::List { delays: list, at_end: AtEnd::Repeat } => list.length <= delays,
            _ => false,
        }
    }
}

impl Backoff for Shape {
    fn delay(&self, retry: RetryContext, rng: &mut dyn Rng) -> Option<Duration> {
        let base = if retry.base == u64::MAX { self.base() } else { retry.base };
        let nanos = match self {
            Self::Decorrelated { .. } => decorrelated(base, retry, rng),
            _ => self.nth_from(base, retry.number)?,
        };
        Some(Duration::from_nanos(nanos))
    }
}

/// Draws from `base` up to three times the previous wait, or three times `base` before the first.
#[inline]
pub(crate) fn decorrelated(base: u64, retry: RetryContext, rng: &mut (impl Rng + ?Sized)) -> u64 {
    let RetryContext { previous, floor, cap, .. } = retry;
    let high = previous.max(base).saturating_mul(3);
    uniform(base.max(floor).min(cap), high.max(floor).min(cap), rng)
}

/// Returns the nth Fibonacci number by doubling, in as many steps as n has bits; saturates from the 94th.
const fn fibonacci(number: u32) -> u64 {
    if number > 93 {
        return u64::MAX;
    }
    let (mut current, mut next) = (0_u128, 1_u128);
    let mut bit = 7;
    while bit > 0 {
        bit -= 1;
        let double = current * (2 * next - current);
        let double_next = current * current + next * next;
        (current, next) =
            if (number >> bit) & 1 == 0 { (double, double_next) } else { (double_next, double + double_next) };
    }
    current as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Draw;

    const FIRST: RetryContext =
        RetryContext { number: 1, previous: 0, floor: 0, cap: u64::MAX, base: u64::MAX, throttled: false, start: 0 };

    fn delay(shape: &Shape, number: u32) -> Option<u64> {
        let mut rng = Draw::new(1, 0, number);
        shape.delay(RetryContext { number, ..FIRST }, &mut rng).map(nanos)
    }

    const BASE: Duration = Duration::from_nanos(10);

    #[test]
    fn each_shape_follows_its_formula() {
        let first = |shape: Shape| [1, 2, 3, 4, 5, 6].map(|number| delay(&shape, number).unwrap());
        assert_eq!(first(Shape::Zero), [0; 6]);
        assert_eq!(first(Shape::Constant { base: BASE }), [10; 6]);
        assert_eq!(first(Shape::Linear { base: BASE }), [10, 20, 30, 40, 50, 60]);
        assert_eq!(first(Shape::Fibonacci { base: BASE }), [10, 10, 20, 30, 50, 80]);
        let exponential = |factor| first(Shape::Exponential { base: BASE, factor: Factor::new(factor) });
        assert_eq!(exponential(2.0), [10, 20, 40, 80, 160, 320]);
        assert_eq!(exponential(1.0), [10; 6]);
        assert_eq!(exponential(1.5), [10, 15, 23, 34, 51, 76]);
        assert_eq!(exponential(4.0), [10, 40, 160, 640, 2560, 10240]);
    }

    #[test]
    fn a_list_stops_or_repeats_at_its_end() {
        let delays = List::new(&[Duration::from_nanos(1), Duration::from_nanos(5)]);
        let stops = Shape::List { delays, at_end: AtEnd::Stop };
        let repeats = Shape::List { delays, at_end: AtEnd::Repeat };
        assert_eq!([1, 2, 3, u32::MAX].map(|n| delay(&stops, n)), [Some(1), Some(5), None, None]);
        assert_eq!([1, 2, 3, u32::MAX].map(|n| delay(&repeats, n)), [Some(1), Some(5), Some(5), Some(5)]);
        assert_eq!(delay(&Shape::Stop, 1), None);
    }

    #[test]
    fn no_number_overflows() {
        let base = Duration::from_secs(1);
        for number in [0, 1, 34, 54, 63, 64, 65, 93, 94, 1 << 31, u32::MAX] {
            for shape in [
                Shape::Linear { base },
                Shape::Fibonacci { base },
                Shape::Exponential { base, factor: Factor::DOUBLE },
                Shape::Exponential { base, factor: Factor::new(1e300) },
                Shape::Exponential { base: Duration::MAX, factor: Factor::new(1.1) },
                Shape::Decorrelated { base: Duration::MAX },
            ] {
                assert!(delay(&shape, number).is_some());
            }
        }
        assert_eq!(delay(&Shape::Exponential { base, factor: Factor::DOUBLE }, 64), Some(u64::MAX));
        assert_eq!(fibonacci(93), 12_200_160_415_121_876_738);
        assert_eq!(fibonacci(94), u64::MAX);
    }

    #[test]
    fn decorrelated_lies_between_its_base_and_three_times_the_previous_wait() {
        let shape = Shape::Decorrelated { base: BASE };
        for seed in 0..200 {
            let mut rng = Draw::new(seed, 0, 2);
            let drawn = shape.delay(RetryContext { number: 2, previous: 100, cap: 250, ..FIRST }, &mut rng).unwrap();
            assert!((10..=250).contains(&nanos(drawn)), "{drawn:?}");
        }
    }

    #[test]
    fn a_delay_is_the_same_as_a_duration() {
        let mut rng = Draw::new(1, 0, 1);
        let retry = RetryContext { number: 3, previous: 70, floor: 5, ..FIRST };
        assert_eq!(Shape::Linear { base: BASE }.delay(retry, &mut rng), Some(BASE * 3));
        assert_eq!(Shape::Stop.delay(retry, &mut rng), None);
        assert_eq!((retry.previous(), retry.floor(), retry.cap()), (BASE * 7, BASE / 2, None));
        assert_eq!(RetryContext { cap: 90, ..retry }.cap(), Some(BASE * 9));
    }

    #[test]
    fn nothing_stays_nothing_however_often_it_is_doubled() {
        let nothing = Shape::Exponential { base: Duration::ZERO, factor: Factor::DOUBLE };
        assert_eq!([1, 64, 65, 66, u32::MAX].map(|number| delay(&nothing, number)), [Some(0); 5]);
    }
}
