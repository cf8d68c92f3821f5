//! A hint holds up every later send of its call, not only the retry of the lane that was given it.

use core::time::Duration;

use super::Call;
use super::lane::Lane;
use crate::action::Reason;
use crate::attempt::millis;
use crate::gate::Gate;
use crate::policy::AsPolicy;
use crate::time::Instant;

impl<P: AsPolicy, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Returns whether a hint that one lane is given is about the sends of others too.
    #[inline]
    fn shares_hints(&self) -> bool {
        self.has_lane(1) && !self.policy.as_policy().limits().separate_targets
    }

    /// The instant until which hints hold up whatever is to be sent; 0 if none does.
    #[inline]
    pub(super) fn held(&self) -> u64 {
        if !self.shares_hints() {
            return 0;
        }
        self.state.lanes.iter().map(Lane::held).max().unwrap_or(0)
    }

    /// Returns whether a hint was too long to wait for, so that nothing more is sent.
    #[inline]
    pub(super) fn is_shut(&self) -> bool {
        LANES > 1 && self.state.hint > 0 && self.shares_hints()
    }

    /// A lane was given a hint to wait so long, and the others wait for it too. If it is too long, they send no more.
    pub(super) fn hold_others(&mut self, index: usize, now: Instant, wait: u64) {
        if wait == 0 || !self.shares_hints() {
            return;
        }
        match now.plus(wait).filter(|until| self.is_within_limits(wait, *until)) {
            Some(until) => self.hold_until(index, until.as_nanos(), now.as_nanos(), wait),
            None => self.shut(now.as_nanos(), wait),
        }
    }

    fn hold_until(&mut self, index: usize, until: u64, now: u64, wait: u64) {
        if let Lane::Ended { held, .. } = &mut self.state.lanes[index] {
            // To the millisecond above, as a lane that waits keeps it.
            *held = now.saturating_add(u64::from(millis(Duration::from_nanos(wait))) * 1_000_000);
        }
        for other in 0..LANES {
            let may_open = self.has_lane(other);
            match &mut self.state.lanes[other] {
                Lane::Waiting { due, .. } if other != index => *due = until.max(*due),
                Lane::Opening { due, not_before } => {
                    *due = until.max(*due);
                    *not_before = until.max(*not_before);
                }
                Lane::Unopened { not_before, .. } if may_open => *not_before = until.max(*not_before),
                _ => {}
            }
        }
    }

    fn shut(&mut self, now: u64, wait: u64) {
        self.state.hint = self.state.hint.max(wait);
        for index in 0..LANES {
            match self.state.lanes[index] {
                Lane::Waiting { .. } => {
                    self.give_up_wait(index);
                    self.state.reason = Reason::RetryAfter;
                }
                Lane::Opening { not_before, .. } => {
                    self.state.lanes[index] = Lane::Unopened { since: now, not_before };
                }
                _ => {}
            }
        }
    }
}
