//! An attempt that was never sent is taken back: it is not counted, and its gates are as they were.

use super::lane::{DueBy, Lane};
use super::state::NEVER;
use super::{Call, Handled};
use crate::action::Reason;
use crate::attempt::Kind;
use crate::gate::{Gate, Settled};
use crate::policy::AsPolicy;
use crate::time::Instant;

impl<P: AsPolicy, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Takes back an attempt in flight that was never sent: it waited for a connection or for a place, and what waited is
    /// given up. Poll after it.
    ///
    /// Such an attempt counts for nothing. It is none of the policy's `attempts`, only its id is not given again; its gates
    /// hear [`Settled::Unsent`], and what they had reserved for it is refunded. Its lane sends again after a wait that is
    /// as long as if the attempt had failed, whatever [`Repeat`](crate::Repeat) says. The lane ends once as many
    /// attempts of the call were withdrawn as the policy may send.
    ///
    /// A driver withdraws an attempt before the poll that would time it out or cancel it, and before it drops a call whose
    /// attempts have not been sent. In a call that is over this ends the attempt in place of its cancel.
    ///
    /// ```
    /// use core::time::Duration;
    /// use insist_core::{Action, Budget, Call, Handled, Instant, Policy};
    ///
    /// static BUDGET: Budget = Budget::new(0.1);
    /// let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
    /// let policy = Policy::constant(Duration::from_millis(10)).attempts(3).attempt_timeout(Duration::from_millis(50));
    /// let mut call = Call::new(&policy, &BUDGET, at(0), 7);
    /// assert!(matches!(call.poll(at(0)), Action::Send(_)));
    ///
    /// // The service had no place for the attempt until its timeout.
    /// assert_eq!(call.withdraw(at(50), 1), Handled::Retry { due: at(60) });
    /// assert_eq!(BUDGET.state(at(50)).firsts, 0);
    /// assert!(matches!(call.poll(at(60)), Action::Send(attempt) if attempt.id == 2 && attempt.retry == 0));
    /// assert_eq!(call.state().attempts(), 1);
    /// ```
    pub fn withdraw(&mut self, now: Instant, id: u32) -> Handled {
        let now = self.advance(now);
        for index in 0..LANES {
            match self.state.lanes[index] {
                lane @ Lane::InFlight { sent, attempt, .. } if attempt == id => {
                    let cause = lane.cause(index);
                    self.gate.settle(now, &cause, &Settled::Unsent(Instant::from_nanos(sent)));
                    if cause.kind != Kind::First {
                        self.gate.refund(now, &cause, Instant::from_nanos(self.gate_times[index]));
                    }
                    self.state.lanes[index] = lane.withdrawn();
                    return self.go_on_without(index, now, &lane);
                }
                _ => {}
            }
        }
        if id == 0 || id > self.state.sent { Handled::Unknown } else { Handled::Late }
    }

    /// The lane had this attempt in flight, and has taken it back.
    fn go_on_without(&mut self, index: usize, now: Instant, lane: &Lane) -> Handled {
        if !self.is_over() {
            match self.promise_again(index, now, lane) {
                Ok(due) => return Handled::Retry { due },
                Err(reason) => self.state.reason = reason,
            }
            self.finish_if_no_lane_can_go_on();
        }
        if self.is_over() { Handled::Over } else { Handled::LaneEnded { reason: self.state.reason } }
    }

    /// Promises the same send once more.
    fn promise_again(&mut self, index: usize, now: Instant, lane: &Lane) -> Result<Instant, Reason> {
        let Lane::InFlight { waited, retry, why, hint_or_restart, unsent, .. } = *lane else {
            return Err(Reason::Attempts);
        };
        if now.as_nanos() >= self.state.deadline && self.state.deadline != NEVER {
            return Err(Reason::Deadline);
        }
        let limits = self.policy.as_policy().limits();
        let withdrawn = self.state.withdrawn();
        let most = limits.attempts.min(limits.lane_attempts.saturating_mul(limits.lanes.into()));
        if withdrawn >= most
            || lane.counted(retry, limits.unsent_attempts) >= limits.lane_attempts
            || !self.has_attempt_left()
        {
            return Err(Reason::Attempts);
        }
        if self.is_shut() {
            return Err(Reason::RetryAfter);
        }
        // With what was taken back counted as retries, so that a backoff which stops ends this too.
        let number = retry.saturating_add(withdrawn);
        let restart = if limits.restarts { lane.restart() } else { 0 };
        let delay =
            self.draw(self.state.seed, index, number, waited, why.is_throttled(), restart).ok_or(Reason::Backoff)?;
        let due = now.plus(delay).filter(|due| due.as_nanos() < NEVER).ok_or(Reason::Backoff)?;
        let due = due.max(Instant::from_nanos(self.held()));
        if due.as_nanos() >= self.state.deadline {
            return Err(Reason::Deadline);
        }
        let cause = lane.cause(index);
        if cause.kind != Kind::First {
            if let Err(refusal) = self.gate.reserve(now, &cause) {
                self.refused(refusal);
                return Err(Reason::Refused);
            }
        }
        self.gate_times[index] = now.as_nanos();
        self.state.lanes[index] = Lane::Waiting {
            due: due.as_nanos(),
            began: now.as_nanos(),
            retry,
            attempt: self.state.lanes[index].attempt(),
            why,
            hint_or_restart,
            unsent,
            due_by: DueBy::Backoff,
        };
        Ok(due)
    }
}
