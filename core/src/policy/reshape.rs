//! Replaces the backoff of a policy under the same limits, as a command line or a file does over a preset.

use core::mem::discriminant;

use super::Policy;
use crate::backoff::Shape;

impl Policy {
    /// Puts another of the built-in backoffs in place of this policy's, and keeps its limits.
    ///
    /// Keeps an existing cap. Without one, a kind that grows gets 10 s, unless the policy had the same kind before and
    /// went without. Keeps a jitter that is not the default of the old backoff; else the new one has its own default.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Factor, Policy, Shape};
    ///
    /// let base = Duration::from_secs(1);
    /// let throttled = Policy::aws().shape(Shape::Exponential { base, factor: Factor::DOUBLE });
    /// assert_eq!(throttled.get_cap(), Policy::aws().get_cap());
    /// assert_eq!(throttled.get_attempts(), Some(3));
    /// ```
    pub fn shape(self, shape: Shape) -> Self {
        let fresh = match shape {
            Shape::Zero => Self::zero(),
            Shape::Stop => Self::stop(),
            Shape::Constant { base } => Self::constant(base),
            Shape::Linear { base } => Self::linear(base),
            Shape::Exponential { base, factor } => Self::exponential(base).factor(factor.get()),
            Shape::Fibonacci { base } => Self::fibonacci(base),
            Shape::Decorrelated { base } => Self::decorrelated(base),
            Shape::List { delays, at_end } => Self::list(delays, at_end),
        };
        let is_same_kind = discriminant(&self.backoff) == discriminant(&fresh.backoff);
        let cap = if self.get_cap().is_none() && !is_same_kind { fresh.cap } else { self.cap };
        let jitter = if self.jitter == self.backoff.default_jitter() { fresh.jitter } else { self.jitter };
        Self { backoff: fresh.backoff, facts: fresh.facts, cap, jitter, ..self }.checked()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{AtEnd, Factor, Jitter, List, PolicyError};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_policy_with_another_shape_is_the_one_that_its_constructor_makes() {
        let ten = Duration::from_secs(10);
        let delays = List::new(&[SECOND]);
        let cases = [
            (Policy::zero(), Shape::Zero),
            (Policy::stop(), Shape::Stop),
            (Policy::constant(SECOND), Shape::Constant { base: SECOND }),
            (Policy::linear(SECOND), Shape::Linear { base: SECOND }),
            (Policy::exponential(SECOND).factor(1.1), Shape::Exponential { base: SECOND, factor: Factor::new(1.1) }),
            (Policy::exponential(SECOND), Shape::Exponential { base: SECOND, factor: Factor::DOUBLE }),
            (Policy::fibonacci(SECOND), Shape::Fibonacci { base: SECOND }),
            (Policy::decorrelated(SECOND), Shape::Decorrelated { base: SECOND }),
            (Policy::list(delays, AtEnd::Stop), Shape::List { delays, at_end: AtEnd::Stop }),
            (Policy::list(delays, AtEnd::Repeat), Shape::List { delays, at_end: AtEnd::Repeat }),
        ];
        let limited = |policy: Policy| policy.cap(ten).jitter(Jitter::Equal).attempts(7).lanes(2).deadline(ten);
        for (made, shape) in cases {
            for (before, _) in cases {
                assert_eq!(limited(before).shape(shape), limited(made), "{before:?}");
            }
        }
    }

    #[test]
    fn a_cap_stays_and_what_has_none_gets_that_of_a_shape_that_grows() {
        let cap = |policy: Policy, shape| policy.shape(shape).get_cap();
        let (constant, linear) = (Shape::Constant { base: SECOND }, Shape::Linear { base: SECOND });
        assert_eq!(cap(Policy::linear(SECOND).cap(SECOND), constant), Some(SECOND));
        assert_eq!(cap(Policy::constant(SECOND), linear), Some(Duration::from_secs(10)));
        assert_eq!(cap(Policy::constant(SECOND), constant), None);
        assert_eq!(cap(Policy::linear(SECOND * 2).no_cap(), linear), None);
        assert!(Policy::elastic().shape(linear).get_cap_stops());
    }

    #[test]
    fn what_is_wrong_with_a_shape_is_found() {
        let empty = Shape::List { delays: List::new(&[]), at_end: AtEnd::Stop };
        assert_eq!(Policy::aws().shape(empty).validate(), Err(PolicyError::EmptyList));
        assert_eq!(Policy::aws().shape(empty).shape(Shape::Zero).validate(), Ok(()));
        let nothing = Shape::Exponential { base: SECOND, factor: Factor::new(f64::NAN) };
        assert_eq!(Policy::aws().shape(nothing).validate(), Err(PolicyError::Factor));
    }
}
