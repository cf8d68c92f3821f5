//! The built-in backoffs, as one enum, so that every constructor gives the same type of policy.

use core::time::Duration;

use rand_core::Rng;

use super::{Backoff, Factor, RetryContext};
use crate::draw::uniform;
use crate::jitter::Jitter;
use crate::policy::PolicyError;
use crate::time::nanos;

/// The built-in backoffs. `n` is the number of the retry in its lane, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a list is kept in place, so that a policy needs no allocator")]
#[non_exhaustive]
pub enum Shape {
    /// 0: at once, as often as the policy allows.
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
        /// The first delay, and what is added each time.
        base: Duration,
    },
    /// `base × factor^(n-1)`, rounded to the nanosecond, saturating.
    Exponential {
        /// The first delay.
        base: Duration,
        /// What each delay is multiplied with to give the next. 2 by default.
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
        /// What comes after the last.
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

    /// Numbers that someone wrote one by one are meant as they are; those that grow are a range.
    pub(crate) const fn default_jitter(&self) -> Jitter {
        match self {
            Self::Zero | Self::Stop | Self::Constant { .. } | Self::List { .. } => Jitter::None,
            Self::Linear { .. } | Self::Exponential { .. } | Self::Fibonacci { .. } | Self::Decorrelated { .. } => {
                Jitter::Full
            }
        }
    }
}

/// What a list of delays does when it is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AtEnd {
    /// The lane ends.
    #[default]
    Stop,
    /// The last delay is repeated for ever.
    Repeat,
}

/// The delays of a list: at most 32, kept in place, so that a policy needs no allocator.
///
/// A longer schedule is a [`Backoff`] of one's own: a closure over a slice is one.
#[derive(Clone, Copy)]
pub struct List {
    nanos: [u64; Self::LIMIT],
    length: usize,
}

impl List {
    /// How many delays a list has room for.
    pub const LIMIT: usize = 32;

    /// These delays, in order. None at all, or more than 32, make the policy invalid.
    #[must_use]
    pub const fn new(delays: &[Duration]) -> Self {
        let mut list = Self { nanos: [0; Self::LIMIT], length: delays.len() };
        let mut index = 0;
        while index < delays.len() && index < Self::LIMIT {
            list.nanos[index] = nanos(delays[index]);
            index += 1;
        }
        list
    }

    /// The delays, in order.
    pub fn iter(&self) -> impl Iterator<Item = Duration> + '_ {
        self.nanos.iter().take(self.length).map(|nanos| Duration::from_nanos(*nanos))
    }

    pub(crate) const fn problem(&self) -> Option<PolicyError> {
        match self.length {
            0 => Some(PolicyError::EmptyList),
            length if length > Self::LIMIT => Some(PolicyError::LongList { length }),
            _ => None,
        }
    }

    /// The delay before a retry, from 1.
    #[inline]
    fn nth(&self, number: u32, at_end: AtEnd) -> Option<u64> {
        let length = self.length.min(Self::LIMIT);
        let index = number.saturating_sub(1) as usize;
        if index < length {
            return Some(self.nanos[index]);
        }
        match at_end {
            AtEnd::Stop => None,
            AtEnd::Repeat => self.nanos.get(length.wrapping_sub(1)).copied(),
        }
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl core::fmt::Debug for List {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Backoff for Shape {
    fn delay(&self, retry: RetryContext, rng: &mut dyn Rng) -> Option<Duration> {
        self.nanos(retry, rng).map(Duration::from_nanos)
    }

    #[inline]
    fn nanos(&self, retry: RetryContext, rng: &mut dyn Rng) -> Option<u64> {
        let number = retry.number;
        Some(match self {
            Self::Zero => 0,
            Self::Stop => return None,
            Self::Constant { base } => nanos(*base),
            Self::Linear { base } => nanos(*base).saturating_mul(u64::from(number)),
            Self::Exponential { base, factor } => factor.grow(nanos(*base), number.saturating_sub(1)),
            Self::Fibonacci { base } => nanos(*base).saturating_mul(fibonacci(number)),
            Self::Decorrelated { base } => decorrelated(nanos(*base), retry, rng),
            Self::List { delays, at_end } => delays.nth(number, *at_end)?,
        })
    }
}

#[inline]
fn decorrelated(base: u64, retry: RetryContext, rng: &mut dyn Rng) -> u64 {
    let RetryContext { previous, floor, cap, .. } = retry;
    let high = previous.max(base).saturating_mul(3);
    uniform(base.max(floor).min(cap), high.max(floor).min(cap), rng)
}

/// The nth Fibonacci number by doubling, in as many steps as n has bits; saturates from the 94th.
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

    fn delay(shape: &Shape, number: u32) -> Option<u64> {
        let mut rng = Draw::new(1, 0, number);
        shape.nanos(RetryContext { number, previous: 0, floor: 0, cap: u64::MAX }, &mut rng)
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
            let drawn = shape.nanos(RetryContext { number: 2, previous: 100, floor: 0, cap: 250 }, &mut rng).unwrap();
            assert!((10..=250).contains(&drawn), "{drawn}");
        }
    }

    #[test]
    fn a_list_has_room_for_32_and_says_what_it_holds() {
        let list = |length: u64| List::new(&[BASE; 40][..length as usize]);
        assert_eq!(list(0).problem(), Some(PolicyError::EmptyList));
        assert_eq!((list(1).problem(), list(32).problem()), (None, None));
        assert_eq!(list(33).problem(), Some(PolicyError::LongList { length: 33 }));
        assert!(list(2) == list(2) && list(2) != list(3) && list(1) != List::new(&[BASE * 2]));
        assert_eq!(alloc::format!("{:?}", list(2)), "[10ns, 10ns]");
    }

    #[test]
    fn a_delay_is_the_same_as_a_duration() {
        let mut rng = Draw::new(1, 0, 1);
        let retry = RetryContext { number: 3, previous: 70, floor: 5, cap: u64::MAX };
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
