//! A call that is put away, and taken up again, perhaps in another process.

use super::state::{Lane, Phase, State, Status};
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
        let is_late = now.as_nanos() >= call.state.deadline;
        if call.is_over() {
            call.close_lanes();
        } else if !fits || is_late {
            call.close_lanes();
            call.state.phase = Phase::GaveUp;
            call.state.reason = if fits { Reason::Deadline } else { Reason::Invalid };
        } else {
            call.reserve_anew(now);
            call.fail_lost(now);
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

    fn reserve_anew(&mut self, now: Instant) {
        for index in 0..LANES {
            let lane = self.state.lanes[index];
            if lane.status != Status::Waiting || lane.retry == 0 {
                continue;
            }
            let lane = &mut self.state.lanes[index];
            if self.gate.reserve(now, Kind::Retry).is_ok() {
                lane.since = now.as_nanos();
            } else {
                lane.status = Status::Ended;
                lane.retry -= 1;
                self.state.reason = Reason::Refused;
            }
        }
    }

    fn fail_lost(&mut self, now: Instant) {
        // All at first, so that none of them keeps the call alive while another is judged.
        let was_in_flight = self.state.lanes.map(|lane| lane.status == Status::InFlight);
        for (lane, was) in self.state.lanes.iter_mut().zip(was_in_flight) {
            if was {
                lane.status = Status::Ended;
            }
        }
        for index in (0..LANES).filter(|index| was_in_flight[*index]) {
            if !self.is_over() {
                self.fail(index, now, Sent::Maybe, None);
            }
        }
        if !self.is_over() {
            self.finish_if_no_lane_can_go_on();
        }
    }
}
