//! A call that is put away, and taken up again, perhaps in another process.

use super::state::{Lane, NEVER, Phase, State, Status};
use super::{Call, Reason};
use crate::attempt::Kind;
use crate::backoff::Backoff;
use crate::gate::Gate;
use crate::policy::Policy;
use crate::time::Instant;
use crate::verdict::Sent;

impl<B, G: Gate, const LANES: usize> Call<'_, B, G, LANES> {
    /// Puts the call away: what is reserved is refunded, what is in flight is settled as cancelled.
    ///
    /// The driver stops what is in flight. Instants in the state count from the origin of whoever polled it, so a
    /// call that is to outlive its process counts from the Unix epoch.
    pub fn suspend(mut self) -> State<LANES> {
        self.release();
        // What is left behind has nothing open that dropping it would give back again.
        let rest = State { lanes: [Lane { status: Status::Ended, ..Lane::UNOPENED }; LANES], ..self.state.clone() };
        core::mem::replace(&mut self.state, rest)
    }
}

impl<'a, B: Backoff, G: Gate, const LANES: usize> Call<'a, B, G, LANES> {
    /// Takes a call up where [`suspend`](Self::suspend) left it: waits are reserved anew, and attempts that were in
    /// flight count as failed, possibly sent.
    ///
    /// A policy that is invalid, or that has fewer lanes than were opened, gives up at the first poll with
    /// [`Reason::Invalid`]; a deadline that has passed gives up at once too.
    pub fn resume(policy: &'a Policy<B>, gate: &'a G, now: Instant, state: State<LANES>) -> Self {
        let lanes = usize::from(policy.limits().lanes);
        let fits = policy.limits().is_valid && lanes <= LANES && usize::from(state.opened) <= lanes;
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
                    }
                }
                Some(_) if is_opening => lane.status = Status::Unopened,
                Some(reason) => {
                    lane.status = Status::Ended;
                    lane.retry = lane.retry.saturating_sub(1);
                    self.state.reason = reason;
                }
            }
        }
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
