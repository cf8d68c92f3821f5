//! The builder of policies. Every step is a `const fn`, and updates the result of the check.

use core::time::Duration;

use super::facts::Facts;
use super::{Flaw, NONE, Policy};
use crate::backoff::{AtEnd, Backoff, Factor, List, Shape};
use crate::jitter::{Fraction, Jitter};
use crate::percentile::Percentile;
use crate::time::nanos;

/// The default cap of a backoff that grows: 10 s.
const GROWING_CAP: u64 = 10_000_000_000;
/// The default of `attempts`.
const ATTEMPTS: u32 = 3;
/// The default of the hint limit: 5 minutes.
const HINT_LIMIT: u64 = 300_000_000_000;

impl Policy {
    /// Makes a policy that retries at once.
    pub const fn zero() -> Self {
        Self::shaped(Shape::Zero, NONE)
    }

    /// Makes a policy that never retries: the first failure of a lane ends it.
    pub const fn stop() -> Self {
        Self::shaped(Shape::Stop, NONE)
    }

    /// Makes a policy that waits the same each time: `base`, to the nanosecond. No cap, no jitter.
    pub const fn constant(base: Duration) -> Self {
        Self::shaped(Shape::Constant { base }, NONE)
    }

    /// Makes a policy that waits `base × n` before retry n. Capped at 10 s.
    pub const fn linear(base: Duration) -> Self {
        Self::shaped(Shape::Linear { base }, GROWING_CAP)
    }

    /// Makes a policy that waits `base × 2^(n-1)` before retry n; [`factor`](Self::factor) puts another number in place of
    /// the 2. Capped at 10 s.
    pub const fn exponential(base: Duration) -> Self {
        let factor = Factor::DOUBLE;
        Self::shaped(Shape::Exponential { base, factor }, GROWING_CAP)
    }

    /// Makes a policy that waits `base × F(n)` before retry n, with F = 1, 1, 2, 3, 5 … Capped at 10 s.
    pub const fn fibonacci(base: Duration) -> Self {
        Self::shaped(Shape::Fibonacci { base }, GROWING_CAP)
    }

    /// Makes a policy whose waits are drawn from `base` up to 3 × the previous wait, or 3 × `base` before the first. Capped
    /// at 10 s.
    ///
    /// It is its own jitter: that of the policy is not applied. The article that it comes from (AWS Architecture Blog,
    /// "Exponential Backoff And Jitter", 2015) cuts the draw at the cap, so that many waits are exactly the cap; here the
    /// range is cut before the draw. With a base of 100 ms and a cap of 2 s, retry 6 waits 817 ms in the mean, and 1118 ms
    /// there.
    pub const fn decorrelated(base: Duration) -> Self {
        Self::shaped(Shape::Decorrelated { base }, GROWING_CAP)
    }

    /// Makes a policy that waits these delays, one after the other, and then does what `at_end` says: at least 1, at most
    /// 32. No cap, no jitter.
    pub const fn list(delays: List, at_end: AtEnd) -> Self {
        Self::shaped(Shape::List { delays, at_end }, NONE)
    }

    /// Sets what an exponential backoff multiplies with: above 0, and below 1 if delays are to shrink. Default: 2.
    pub const fn factor(mut self, factor: f64) -> Self {
        if let Shape::Exponential { factor: kept, .. } = &mut self.backoff {
            *kept = Factor::new(factor);
            self.facts = Facts::of(&self.backoff);
        } else {
            self.facts.flaw = Some(Flaw::FactorMisplaced);
        }
        self.checked()
    }

    const fn shaped(backoff: Shape, cap: u64) -> Self {
        let (facts, jitter) = (Facts::of(&backoff), backoff.default_jitter());
        let mut policy = Self::bare(backoff, cap, facts);
        policy.jitter = jitter;
        policy.checked()
    }
}

impl<B: Backoff> Policy<B> {
    /// Makes a policy with a backoff of one's own: a type that is a [`Backoff`], or a closure. No cap, full jitter.
    ///
    /// The built-in backoffs have constructors of their own, which know what each needs.
    pub const fn new(backoff: B) -> Self {
        Self::bare(backoff, NONE, Facts::NOTHING).checked()
    }
}

impl<B> Policy<B> {
    const fn bare(backoff: B, cap: u64, facts: Facts) -> Self {
        Self {
            backoff,
            jitter: Jitter::Full,
            floor: 0,
            cap,
            attempt_timeout: NONE,
            deadline: NONE,
            hedge_after: 0,
            hedge_at: 0,
            hint_limit: HINT_LIMIT,
            throttled_base: NONE,
            hint_spread: Fraction::ZERO,
            attempts: ATTEMPTS,
            lane_attempts: u32::MAX,
            lanes: 1,
            unsent_attempts: 0,
            cap_stops: false,
            hedge_on_failure: false,
            hints: true,
            restart_after_hint: false,
            separate_targets: false,
            facts,
            reach: 0,
            is_plain: false,
            is_valid: false,
        }
    }

    /// Puts a backoff of one's own in place of this policy's, and keeps its limits, the cap too.
    ///
    /// For a built-in one there is [`shape`](Policy::shape), which knows what it needs.
    pub fn backoff<C: Backoff>(self, backoff: C) -> Policy<C> {
        let fresh = Policy::bare(backoff, self.cap, Facts::NOTHING);
        Policy {
            jitter: self.jitter,
            floor: self.floor,
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline,
            hedge_after: self.hedge_after,
            hedge_at: self.hedge_at,
            hint_limit: self.hint_limit,
            throttled_base: self.throttled_base,
            hint_spread: self.hint_spread,
            attempts: self.attempts,
            lane_attempts: self.lane_attempts,
            lanes: self.lanes,
            unsent_attempts: self.unsent_attempts,
            cap_stops: self.cap_stops,
            hedge_on_failure: self.hedge_on_failure,
            hints: self.hints,
            restart_after_hint: self.restart_after_hint,
            separate_targets: self.separate_targets,
            ..fresh
        }
        .checked()
    }

    /// Sets how delays are spread. Default: full for the shapes that grow and for backoffs of one's own, none for constants and
    /// lists.
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self.checked()
    }

    /// Sets the most that a delay may be, jitter included. Default: 10 s for the shapes that grow, none for the others.
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = nanos(cap);
        self.cap_stops = false;
        self.checked()
    }

    /// Sets a cap that ends the lane: a delay that reaches it, jitter included, is not waited for (as in elastic).
    pub const fn cap_that_stops(mut self, cap: Duration) -> Self {
        self.cap = nanos(cap);
        self.cap_stops = true;
        self.checked()
    }

    /// Removes the cap.
    pub const fn no_cap(mut self) -> Self {
        self.cap = NONE;
        self.cap_stops = false;
        self.checked()
    }

    /// Sets the least that a delay may be, jitter included. Default: 0.
    pub const fn floor(mut self, floor: Duration) -> Self {
        self.floor = nanos(floor);
        self.checked()
    }

    /// Sets how many sends there may be in all, the first and those of every lane included. Default: 3.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self.checked()
    }

    /// Allows as many sends as there is time for. Something else must end the call: a deadline, a limit for each lane, or
    /// a backoff that stops.
    pub const fn unlimited_attempts(mut self) -> Self {
        self.attempts = u32::MAX;
        self.checked()
    }

    /// Sets how many sends each lane may make, its first included. Default: as many as the call has.
    pub const fn lane_attempts(mut self, attempts: u32) -> Self {
        self.lane_attempts = attempts;
        self.checked()
    }

    /// Sets how many attempts of a call that failed without being sent are counted by neither of the limits above, as gRPC
    /// leaves its transparent retries uncounted (proposal A6). They wait as other retries do. Default: 0.
    ///
    /// ```
    /// use insist_core::{Action, Call, Instant, Policy, Verdict};
    ///
    /// let policy = Policy::zero().attempts(2).unsent_attempts(8);
    /// let mut call = Call::new(&policy, &(), Instant::ZERO, 7);
    /// for id in 1..=8 {
    ///     assert!(matches!(call.poll(Instant::ZERO), Action::Send(_)));
    ///     call.handle(Instant::ZERO, id, Verdict::retry().unsent()); // The connection was refused, for example.
    /// }
    /// assert!(matches!(call.poll(Instant::ZERO), Action::Send(attempt) if attempt.id == 9));
    /// ```
    pub const fn unsent_attempts(mut self, attempts: u8) -> Self {
        self.unsent_attempts = attempts;
        self.checked()
    }

    /// Sets how many attempts may be in flight at once. Default: 1. More race, or hedge with
    /// [`hedge_after`](Self::hedge_after) or [`hedge_at`](Self::hedge_at). Each lane has its own retries and backoff.
    pub const fn lanes(mut self, lanes: u8) -> Self {
        self.lanes = lanes;
        self.checked()
    }

    /// Sets the base of the delays that follow a [throttled](crate::Failure::throttled) failure, as AWS's SDKs have it: a
    /// server that has too much to do is given more time. Default: the backoff's own base. Lists and backoffs without a base
    /// have none.
    pub const fn throttled_base(mut self, base: Duration) -> Self {
        self.throttled_base = nanos(base);
        self.checked()
    }

    /// Sets how long what is in flight may take before the next lane opens. Default: 0, all lanes open at the start.
    pub const fn hedge_after(mut self, delay: Duration) -> Self {
        (self.hedge_after, self.hedge_at) = (nanos(delay), 0);
        self.checked()
    }

    /// Opens the next lane when what is in flight takes longer than this percentile of recent latencies, from 50 to 99.9.
    /// Default: a fixed delay.
    ///
    /// The call's gate has to know the latencies: [`Latencies`](crate::Latencies). Without one no hedge opens.
    ///
    /// ```
    /// use insist_core::{Percentile, Policy};
    ///
    /// const HEDGED: Policy = Policy::aws().lanes(2).hedge_at(95.0);
    /// assert_eq!(HEDGED.get_hedge_at(), Some(Percentile::P95));
    /// ```
    pub const fn hedge_at(mut self, percentile: f64) -> Self {
        let mut thousandths = Percentile::new(percentile).thousandths();
        if thousandths == 0 {
            // What is none is refused, and does not become a race.
            thousandths = 1;
        }
        (self.hedge_after, self.hedge_at) = (NONE, thousandths);
        self.checked()
    }

    /// Sets whether a failure opens the next lane at once, as in gRPC (proposal A6), or when its hint has passed. Default:
    /// no.
    pub const fn hedge_on_failure(mut self, yes: bool) -> Self {
        self.hedge_on_failure = yes;
        self.checked()
    }

    /// Sets how long an attempt may take before it is cancelled and retried. Default: as long as it likes.
    pub const fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = nanos(timeout);
        self.checked()
    }

    /// Sets how long the call may take, waits included. Default: as long as it likes.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = nanos(deadline);
        self.checked()
    }

    /// Sets the longest hint that is waited for; a longer one ends its lane and is handed to the caller. Default: 5 minutes.
    pub const fn hint_limit(mut self, limit: Duration) -> Self {
        self.hint_limit = nanos(limit);
        self.checked()
    }

    /// Sets how much longer than hinted a wait may be, as a share of the hint from 0 to 1, so that clients which were given the
    /// same hint do not come back together: 0.1 spreads those that were told 60 s over 6 s more. Default: 0.
    ///
    /// It is drawn for each wait, comes on top of the backoff, and leads to no wait beyond the deadline. An
    /// [exact](crate::Verdict::exactly_after) hint is not spread.
    pub const fn hint_spread(mut self, share: f64) -> Self {
        self.hint_spread = Fraction::new(share);
        self.checked()
    }

    /// Sets whether the backoff starts anew after a hint, as in gRPC (proposal A6): the wait after a hint is as long as the
    /// first. Default: no, it goes on.
    pub const fn restart_after_hint(mut self, yes: bool) -> Self {
        self.restart_after_hint = yes;
        self.checked()
    }

    /// Sets whether each lane has a target of its own, such as a replica: then a hint holds up the retry of its lane only.
    /// Default: no, all attempts have one target, and a hint holds up every later send of the call.
    pub const fn separate_targets(mut self, yes: bool) -> Self {
        self.separate_targets = yes;
        self.checked()
    }

    /// Makes calls wait as the backoff says, whatever was hinted.
    pub const fn ignore_hints(mut self) -> Self {
        self.hints = false;
        self.checked()
    }

    /// Ends every step: stores the result of the check, so that a call has one flag to look at.
    pub(super) const fn checked(mut self) -> Self {
        self.is_valid = self.problem().is_none();
        self.reach = self.find_reach();
        self.is_plain = self.is_plain();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RetryContext;

    #[test]
    fn a_backoff_of_ones_own_goes_by_all_the_limits_that_were_set() {
        let ms = Duration::from_millis;
        let limits = Policy::constant(ms(1))
            .jitter(Jitter::Equal)
            .floor(ms(2))
            .cap_that_stops(ms(20))
            .attempt_timeout(ms(3))
            .deadline(ms(4))
            .hedge_after(ms(5))
            .hint_limit(ms(6))
            .attempts(7)
            .lane_attempts(8)
            .lanes(9)
            .hedge_on_failure(true)
            .ignore_hints();
        let own = limits.backoff(|retry: RetryContext| (retry.number < 3).then_some(ms(10)));
        assert_eq!((own.get_jitter(), own.get_floor(), own.get_cap()), (Jitter::Equal, ms(2), Some(ms(20))));
        assert_eq!((own.get_attempt_timeout(), own.get_deadline()), (Some(ms(3)), Some(ms(4))));
        assert_eq!((own.get_hedge_after(), own.get_hint_limit()), (ms(5), Some(ms(6))));
        assert_eq!((own.get_attempts(), own.get_lane_attempts(), own.get_lanes()), (Some(7), Some(8), 9));
        assert!(own.get_cap_stops() && own.get_hedge_on_failure() && !own.get_hints());
        assert_eq!((own.validate(), own.delays(1).count()), (Ok(()), 2));
        assert_eq!(own.unlimited_attempts().validate(), Ok(()));
    }
}
