//! Checks a policy, and says in a sentence which field is invalid and what would be valid.

use core::fmt;
use core::time::Duration;

use super::{NONE, Policy};
use crate::backoff::List;
use crate::percentile::Percentile;

impl<B> Policy<B> {
    /// Checks that the policy makes sense.
    ///
    /// A call with one that does not gives up at its first poll, with [`Reason::Invalid`](crate::Reason::Invalid).
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    #[inline]
    pub const fn validate(&self) -> Result<(), PolicyError> {
        // One flag, so that a program with a constant policy does not contain the sentences.
        match if self.is_valid { None } else { self.problem() } {
            None => Ok(()),
            Some(problem) => Err(problem),
        }
    }

    /// Returns the policy if it makes sense. A constant that does not is a compile error.
    ///
    /// ```
    /// use insist_core::Policy;
    ///
    /// const POLICY: Policy = Policy::aws().attempts(5).assert_valid();
    /// ```
    ///
    /// ```compile_fail
    /// use insist_core::Policy;
    ///
    /// const POLICY: Policy = Policy::aws().attempts(0).assert_valid(); // attempts is 0; a call needs at least 1
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a constant, if the policy is invalid: [`validate`](Self::validate) one that comes from outside.
    #[track_caller]
    pub const fn assert_valid(self) -> Self
    where
        B: Copy,
    {
        match self.problem() {
            None => self,
            Some(problem) => panic!("{}", problem.message()),
        }
    }

    pub(super) const fn problem(&self) -> Option<PolicyError> {
        if let Some(flaw) = self.facts.flaw {
            return Some(flaw.problem());
        }
        Some(if self.attempts == 0 {
            PolicyError::NoAttempts
        } else if self.lane_attempts == 0 {
            PolicyError::NoLaneAttempts
        } else if self.lanes == 0 {
            PolicyError::NoLanes
        } else if self.attempt_timeout == 0 {
            PolicyError::NoAttemptTimeout
        } else if self.deadline == 0 {
            PolicyError::NoDeadline
        } else if self.floor > self.cap {
            PolicyError::FloorAboveCap { floor: Duration::from_nanos(self.floor), cap: Duration::from_nanos(self.cap) }
        } else if !self.jitter.is_valid() {
            PolicyError::Fraction
        } else if !self.hint_spread.is_valid() {
            PolicyError::HintSpread
        } else if self.hedge_at > 0 && !Percentile::from_thousandths(self.hedge_at).is_valid() {
            PolicyError::HedgeAt
        } else if self.is_endless() {
            PolicyError::Endless
        } else {
            return None;
        })
    }

    const fn is_endless(&self) -> bool {
        self.attempts == u32::MAX
            && self.lane_attempts == u32::MAX
            && self.deadline == NONE
            && (!self.backoff_ends() || self.limits().restarts)
    }

    /// A backoff that starts anew after each hint need not come to its end.
    const fn backoff_ends(&self) -> bool {
        !self.facts.endless || (self.cap_stops && self.cap != NONE && self.facts.grows)
    }
}

/// An error of a backoff, in 8 bytes, because every policy holds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Factor,
    FactorMisplaced,
    EmptyList,
    LongList(u32),
}

impl Flaw {
    const fn problem(self) -> PolicyError {
        match self {
            Self::Factor => PolicyError::Factor,
            Self::FactorMisplaced => PolicyError::FactorMisplaced,
            Self::EmptyList => PolicyError::EmptyList,
            Self::LongList(length) => PolicyError::LongList { length: length as usize },
        }
    }
}

/// Says what is wrong with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// `attempts` is 0.
    NoAttempts,
    /// `lane_attempts` is 0.
    NoLaneAttempts,
    /// `lanes` is 0.
    NoLanes,
    /// `attempt_timeout` is 0.
    NoAttemptTimeout,
    /// `deadline` is 0.
    NoDeadline,
    /// The floor lies above the cap.
    FloorAboveCap {
        /// The floor.
        floor: Duration,
        /// The cap.
        cap: Duration,
    },
    /// The jitter's fraction is not from 0 to 1.
    Fraction,
    /// The share of a hint that waits are spread over is not from 0 to 1.
    HintSpread,
    /// The percentile at which hedges open is not from 50 to 99.9.
    HedgeAt,
    /// The factor is not a number above 0 and below 2^64.
    Factor,
    /// A factor was given to a backoff that has none.
    FactorMisplaced,
    /// A list of delays has none.
    EmptyList,
    /// A list of delays has more than there is room for.
    LongList {
        /// The number of delays in it.
        length: usize,
    },
    /// Nothing ends the call.
    Endless,
}

impl PolicyError {
    /// Returns the message without its numbers, for a constant that is invalid.
    const fn message(&self) -> &'static str {
        match self {
            Self::NoAttempts => "attempts is 0; a call needs at least 1",
            Self::NoLaneAttempts => "lane_attempts is 0; a lane needs at least 1",
            Self::NoLanes => "lanes is 0; a call needs at least 1",
            Self::NoAttemptTimeout => "attempt_timeout is 0; leave it out for none",
            Self::NoDeadline => "deadline is 0; leave it out for none",
            Self::FloorAboveCap { .. } => "floor is above the cap; lower the floor or raise the cap",
            Self::Fraction => "the fraction of jitter is not a number from 0 to 1",
            Self::HintSpread => "hint_spread is not a fraction from 0 to 1",
            Self::HedgeAt => "the percentile of hedges is not a number from 50 to 99.9",
            Self::Factor => "factor is not a number above 0 and below 2^64",
            Self::FactorMisplaced => "factor is set, but only an exponential backoff has one; leave it out",
            Self::EmptyList => "the list of delays is empty; it needs at least 1",
            Self::LongList { .. } => "the list of delays has too many; at most 32 fit",
            Self::Endless => "attempts is unlimited and nothing else ends the call; set deadline or lane_attempts",
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FloorAboveCap { floor, cap } => {
                write!(f, "floor is {floor:?}, above the cap of {cap:?}; lower the floor or raise the cap")
            }
            Self::LongList { length } => {
                write!(f, "the list of delays has {length}; at most {} fit", List::LIMIT)
            }
            other => f.write_str(other.message()),
        }
    }
}

impl core::error::Error for PolicyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::AtEnd;

    #[test]
    #[should_panic = "attempts is 0; a call needs at least 1"]
    fn a_policy_that_has_to_be_valid_and_is_not_panics_with_the_reason() {
        let _ = Policy::aws().attempts(0).assert_valid();
    }

    #[test]
    fn a_cap_that_stops_ends_only_what_grows() {
        let ms = Duration::from_millis;
        let ends = |policy: Policy| policy.cap_that_stops(ms(80)).unlimited_attempts().validate() == Ok(());
        for grows in [
            Policy::linear(ms(5)),
            Policy::exponential(ms(5)),
            Policy::exponential(ms(5)).factor(1.1),
            Policy::fibonacci(ms(5)),
            Policy::decorrelated(ms(5)),
        ] {
            assert!(ends(grows), "{grows:?}");
        }
        for stays in [
            Policy::zero(),
            Policy::constant(ms(5)),
            Policy::linear(ms(0)),
            Policy::exponential(ms(0)),
            Policy::exponential(ms(5)).factor(1.0),
            Policy::exponential(ms(5)).factor(0.5),
            Policy::fibonacci(ms(0)),
            Policy::decorrelated(ms(0)),
            Policy::list(List::new(&[ms(5)]), AtEnd::Repeat),
        ] {
            assert!(!ends(stays), "{stays:?}");
        }
        assert!(!ends(Policy::elastic().shape(crate::Shape::Constant { base: ms(5) })));
    }
}
