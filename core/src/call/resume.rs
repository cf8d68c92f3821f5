//! A call that is put away, and taken up again, perhaps in another process.

use core::ops::Deref;

use super::state::{Lane, NEVER, Phase, State, Status};
use super::{Call, Reason};
use crate::attempt::Kind;
use crate::backoff::Backoff;
use crate::draw::PLACE;
use crate::gate::Gate;
use crate::jitter::Jitter;
use crate::policy::Policy;
use crate::time::Instant;
use crate::verdict::Sent;

/// Overdue retries draw from places that no lane has, beyond those of lane 255.
const OVERDUE: u64 = PLACE << 40;

impl<P, G: Gate, const LANES: usize> Call<P, G, LANES> {
    /// Puts the call away: what is reserved is refunded, what is in flight is settled as cancelled.
    ///
    /// The driver stops what is in flight. [`State`] says how it is kept, and from which origin a call counts that is
    /// to outlive its process.
    pub fn suspend(mut self) -> State<LANES> {
        self.release();
        // What is left behind has nothing open that dropping it would give back again.
        let rest = State { lanes: [Lane::UNOPENED; LANES], ..self.state.clone() };
        core::mem::replace(&mut self.state, rest)
    }
}

impl<P, B, G, const LANES: usize> Call<P, G, LANES>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    G: Gate,
{
    /// Takes a call up where [`suspend`](Self::suspend) left it: waits are reserved anew, and attempts that were in
    /// flight count as failed, possibly sent.
    ///
    /// A policy that the state does not fit ([`State::fits`] says why) gives up at the first poll with
    /// [`Reason::Invalid`]; a deadline that has passed gives up at once too. The deadline is the one that the call
    /// started with; everything else is the policy's that it is given now.
    ///
    /// A retry that should have been sent by now is overdue. After a long outage thousands may be, so each is put off
    /// by a delay drawn anew from the policy's jittered range, by no more than it is late, and so that it still comes
    /// before the deadline. Someone who comes a millisecond late waits a millisecond at most, and each wait is put off
    /// only once, so that a job that looks in every minute gets its send done. A policy without jitter puts nothing
    /// off. Nor is a first send put off: nothing has failed, so there is no backoff that could spread it.
    pub fn resume(policy: P, gate: G, now: Instant, state: State<LANES>) -> Self {
        let fits = state.fits(&policy).is_ok();
        let mut call = Self { policy, gate, state };
        let now = call.advance(now);
        let is_late = now.as_nanos() >= call.state.deadline && call.state.deadline != NEVER;
        if call.is_over() {
            call.close_lanes();
        } else if !fits || is_late {
            call.close_lanes();
            call.state.phase = Phase::GaveUp;
            call.state.reason = if fits { Reason::Deadline } else { Reason::Invalid };
        } else {
            call.keep_promises(now);
            call.fail_lost(now);
            call.finish_if_no_lane_can_go_on();
        }
        call
    }

    /// Nothing is open in a state that was suspended, so there is nothing to give back.
    fn close_lanes(&mut self) {
        for lane in &mut self.state.lanes {
            if lane.status == Status::Waiting {
                lane.retry = lane.retry.saturating_sub(1);
            }
            lane.status = Status::Ended;
        }
    }

    /// Waits are reserved anew; a send that the policy no longer allows ends its lane.
    fn keep_promises(&mut self, now: Instant) {
        let limits = self.policy.limits();
        let mut left = limits.attempts.saturating_sub(self.state.sent);
        for index in 0..LANES {
            let lane = self.state.lanes[index];
            let is_opening = lane.status == Status::Opening;
            if !is_opening && lane.status != Status::Waiting {
                continue;
            }
            let is_allowed = left > 0 && lane.retry < limits.lane_attempts && index < usize::from(limits.lanes);
            let refused = if !is_allowed {
                Some(Reason::Attempts)
            } else if lane.retry > 0 && self.gate.reserve(now, Kind::Retry).is_err() {
                Some(Reason::Refused)
            } else {
                None
            };
            let lane = &mut self.state.lanes[index];
            match refused {
                None => {
                    left -= 1;
                    if !is_opening {
                        lane.reserve_anew(now.as_nanos());
                        self.put_off(index);
                    }
                }
                // It counts its hedge delay from now, as if the lane before it had just opened.
                Some(_) if is_opening => *lane = Lane { status: Status::Unopened, at: now.as_nanos(), ..*lane },
                Some(reason) => {
                    lane.status = Status::Ended;
                    lane.retry = lane.retry.saturating_sub(1);
                    self.state.reason = reason;
                }
            }
        }
    }

    /// An overdue retry comes a little later, each at a time of its own.
    fn put_off(&mut self, index: usize) {
        let lane = &self.state.lanes[index];
        let (now, late) = (lane.since, lane.since.saturating_sub(lane.at));
        // At the end of time there is nothing to put it off to.
        let stays_due = lane.retry == 0 || late == 0 || now == NEVER;
        if stays_due || lane.was_put_off() || self.policy.get_jitter() == Jitter::None {
            return;
        }
        let seed = self.state.seed.wrapping_add(OVERDUE);
        let Some(drawn) = self.policy.draw(seed, index as u8, lane.retry, lane.waited()) else { return };
        // A remainder, and not the lesser of two, so that what does not fit is spread as well.
        let most = late.min(self.state.deadline.saturating_sub(1).saturating_sub(now));
        self.state.lanes[index].put_off(drawn % most.saturating_add(1));
    }

    /// What was in flight is judged by id. Until all are, none of them ends the call.
    fn fail_lost(&mut self, now: Instant) {
        let lost = |lanes: &[Lane; LANES]| {
            let in_flight = (0..LANES).filter(|index| lanes[*index].status == Status::InFlight);
            in_flight.min_by_key(|index| lanes[*index].id)
        };
        while let Some(index) = lost(&self.state.lanes) {
            self.state.lanes[index].status = Status::Ended;
            self.open_next(now, None);
            if let Err(reason) = self.schedule(index, now, Sent::Maybe, None) {
                self.state.reason = reason;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::action::Action;
    use crate::verdict::Verdict;

    /// Lane 0 waits for its retry and lane 1 is to open after the hint, and one attempt is left.
    #[test]
    fn a_lane_that_may_not_open_after_all_is_unopened_again() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let policy = Policy::zero().lanes(2).hedge_after(Duration::from_secs(1)).hedge_on_failure(true);
        let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 7);
        assert!(matches!(call.poll(at(0)), Action::Send(_)));
        let _ = call.handle(at(10), 1, Verdict::retry().after(Duration::from_millis(500)));
        let state = call.suspend();
        assert_eq!(state.lanes.map(|lane| lane.status), [Status::Waiting, Status::Opening]);
        let policy = policy.attempts(2);
        let mut call = Call::resume(&policy, &(), at(20), state);
        assert_eq!(call.state.lanes.map(|lane| lane.status), [Status::Waiting, Status::Unopened]);
        assert_eq!((call.state.lanes[1].at, call.state.opened), (20_000_000, 1));
        assert!(matches!(call.poll(at(510)), Action::Send(attempt) if attempt.lane == 0));
        assert!(matches!(call.poll(at(9000)), Action::Wait { until: None, .. }));
    }
}
