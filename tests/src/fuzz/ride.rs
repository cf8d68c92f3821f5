//! A driver that goes on with a call from wherever it is, as its bytes say, and holds each action against the laws.

mod answer;
mod operate;

use insist_core::{
    Action, Call, CancelReason, Gate, Handled, Instant, Kind, Policy, Reason, State, Verdict, WaitReason,
};

use super::ledger::Ledger;
use super::plan::Words;
use super::stored::Head;
use crate::expected::nanos;
use crate::record::Did;
use crate::world::ROOM;

/// Then the driver cancels.
const PATIENCE: u32 = 120;

const ALWAYS: u8 = 0;

const NEVER: u8 = 2;

/// Holds what can be known of a call that was taken up.
pub(super) struct Ride {
    pub(super) policy: Policy,
    now: u64,
    /// The latest instant.
    clock: u64,
    /// All ones for none.
    deadline: u64,
    hint: u64,
    sent: u32,
    last: u32,
    /// Counts how many were sent before it was revived.
    forgiven: u32,
    /// Counts how many were taken back since.
    withdrawn: u32,
    repeat: u8,
    /// Something may have reached the server, and the call may not be repeated.
    is_spent: bool,
    in_flight: Vec<u32>,
    /// Says how it has to end, as far as is known.
    is_over: bool,
    returned: Option<u32>,
    reason: Option<Reason>,
    /// Says why what is in flight has to be cancelled, once it is over.
    losers: Option<CancelReason>,
    end: Option<Did>,
}

impl Ride {
    pub(super) fn new<const LANES: usize>(policy: Policy, state: &State<LANES>) -> Self {
        let head = Head::of(state);
        Self {
            policy,
            now: head.clock,
            clock: head.clock,
            deadline: head.deadline,
            hint: head.hint,
            sent: head.sent,
            last: head.last,
            forgiven: head.forgiven,
            withdrawn: head.sent - head.forgiven - head.sends,
            repeat: head.repeat,
            is_spent: false,
            in_flight: Vec::new(),
            is_over: !head.is_running,
            returned: head.has_returned.then_some(head.last),
            reason: None,
            losers: None,
            end: None,
        }
    }

    /// The time goes on, or back.
    pub(super) fn shift(&mut self, words: &mut Words<'_>) {
        self.now = match words.below(8) {
            0..=2 => self.clock,
            3..=4 => self.clock.saturating_add(words.span()),
            5 => words.span(),
            6 => self.deadline.saturating_sub(u64::from(words.below(3))),
            _ => self.clock.saturating_sub(words.span()),
        };
    }

    pub(super) const fn now(&self) -> Instant {
        Instant::from_nanos(self.now)
    }

    /// Returns whether a call can be taken up from this: the policy says so, and now is of the same origin.
    pub(super) fn fits<const LANES: usize>(&self, state: &State<LANES>) -> bool {
        const YEARS_30: u64 = 30 * 365 * 86_400_000_000_000;
        state.fits(&self.policy).is_ok() && Head::of(state).clock.abs_diff(self.now) <= YEARS_30
    }

    /// Notes what is known of a call that is taken up from this.
    pub(super) fn wake<const LANES: usize>(&mut self, state: &State<LANES>) {
        let head = Head::of(state);
        assert_eq!(head.sent, self.sent, "it forgets what it sent");
        assert_eq!(head.last, self.last, "it forgets what it sent");
        assert_eq!(head.deadline, self.deadline, "it forgets its deadline");
        self.clock = head.clock.max(self.now);
        self.is_spent |= self.repeat != ALWAYS && head.has_in_flight;
        self.in_flight.clear();
        self.is_over = !head.is_running;
        if let Some(Did::GiveUp(ending)) = &mut self.end {
            // What a gate said is not kept.
            ending.refusal = None;
        }
        if self.is_over {
            return;
        }
        if self.deadline != u64::MAX && self.clock >= self.deadline {
            self.is_over = true;
            self.reason = Some(Reason::Deadline);
        }
    }

    /// Drives the call to its end, or until it is dropped or put away.
    pub(super) fn go<G: Gate, const LANES: usize>(
        &mut self,
        mut call: Call<&Policy, &Ledger<G>, LANES>,
        words: &mut Words<'_>,
        gate: &Ledger<G>,
    ) -> Option<State<LANES>> {
        for step in 0..PATIENCE {
            let action = self.poll(&mut call, gate);
            if self.end.is_some() {
                self.stays_ended(&mut call);
                return words.is_rare(16).then(|| put_away(call));
            }
            match words.below(32) {
                0 => self.cancel(&mut call),
                1 => return None,
                2..=3 => return Some(put_away(call)),
                _ if step > PATIENCE / 2 => self.cancel(&mut call),
                _ => self.answer(&mut call, action, words),
            }
        }
        self.cancel(&mut call);
        for _ in 0..=LANES {
            let _ = self.poll(&mut call, gate);
        }
        self.stays_ended(&mut call);
        None
    }

    fn poll<G: Gate, const LANES: usize>(
        &mut self,
        call: &mut Call<&Policy, &Ledger<G>, LANES>,
        gate: &Ledger<G>,
    ) -> Action {
        self.clock = self.clock.max(self.now);
        let was_over = call.is_over();
        assert!(was_over || !self.is_over, "law 1: it is over, and goes on");
        let action = call.poll(Instant::from_nanos(self.now));
        let is_late = self.deadline != u64::MAX && self.clock >= self.deadline;
        if !was_over && is_late {
            self.losers = Some(CancelReason::Deadline);
        }
        match action {
            Action::Send(attempt) => {
                assert!(!was_over, "law 1: it is over, and sends");
                self.sent += 1;
                let most = self.policy.get_attempts().unwrap_or(u32::MAX);
                assert_eq!(attempt.id, self.sent, "law 2");
                assert!(attempt.id - self.forgiven - self.withdrawn <= most, "law 2: {attempt:?} of {most}");
                let lane_attempts = self.policy.get_lane_attempts().unwrap_or(u32::MAX);
                assert!(attempt.retry < lane_attempts, "law 2: {attempt:?} of {lane_attempts} in a lane");
                assert!(attempt.lane < self.policy.get_lanes(), "law 2: {attempt:?}");
                self.in_flight.push(attempt.id);
                assert!(self.in_flight.len() <= usize::from(self.policy.get_lanes()), "law 2: {:?}", self.in_flight);
                let left = if self.deadline == u64::MAX { None } else { Some(self.deadline - self.clock) };
                let timeout = self.policy.get_attempt_timeout().map(nanos).into_iter().chain(left).min();
                assert_eq!(attempt.timeout().map(nanos), timeout.filter(|span| *span < u64::MAX), "law 7");
                assert_ne!(timeout, Some(0), "law 7: no time is left");
                let is_again = attempt.kind == Kind::Retry || attempt.kind == Kind::Hedge;
                assert!(!self.is_spent, "law 16: {attempt:?} follows what may have reached the server");
                assert!(!is_again || self.repeat != NEVER, "law 16: {attempt:?}, and the call may not be repeated");
                assert!(attempt.kind != Kind::Hedge || self.repeat == ALWAYS, "law 16: {attempt:?} races");
                gate.sent(attempt.kind);
            }
            Action::Cancel { attempt: id, reason } => {
                let expected = if was_over || is_late { self.losers } else { Some(CancelReason::Timeout) };
                assert_eq!(Some(reason), expected, "law 3: {action}");
                let place = self.in_flight.iter().position(|other| *other == id);
                self.in_flight.remove(place.unwrap_or_else(|| panic!("law 3: {id} is not in flight")));
                self.is_spent |= self.repeat != ALWAYS;
            }
            Action::Wait { until, reason } => {
                assert!(!was_over, "law 1: it is over, and waits");
                let until = until.map(Instant::as_nanos);
                assert!(until.is_none_or(|until| until > self.clock && until < u64::MAX), "law 6: {action}");
                assert!(until.unwrap_or(u64::MAX) <= self.deadline, "law 6: {action} is after the deadline");
                if matches!(reason, WaitReason::Backoff | WaitReason::Gate | WaitReason::Hedge) {
                    assert!(until.is_some_and(|until| until < self.deadline), "law 6: {action} leads to no send");
                }
                assert!(until.is_some() || !self.in_flight.is_empty(), "law 6: {action}, and nothing is in flight");
            }
            Action::Return(id) => {
                assert_eq!(self.returned, Some(id), "law 5");
                self.finish(action);
            }
            Action::GiveUp(stop) => {
                assert_eq!(self.returned, None, "law 5: {action}");
                assert_eq!(stop.last().unwrap_or(0), self.last, "{action} hands back another result");
                assert!(
                    self.reason.is_none_or(|reason| reason == stop.reason()),
                    "{action}, and not {:?}",
                    self.reason
                );
                assert!(stop.refusal().is_none() || stop.reason() == Reason::Refused, "{action} was not refused");
                assert!(stop.hint().map_or(0, nanos) >= self.hint, "law 9: {action} forgets a hint");
                self.finish(action);
            }
        }
        assert_eq!(call.state().newest(), self.sent, "law 2: it counts otherwise");
        assert_eq!(gate.in_flight(), self.in_flight.len(), "law 12");
        let _ = stored(call.state());
        action
    }

    fn finish(&mut self, action: Action) {
        assert!(self.in_flight.is_empty(), "law 4: {:?} are left running", self.in_flight);
        let end = Did::from(action);
        assert!(self.end.is_none_or(|before| before == end), "law 1: {:?}, then {end:?}", self.end);
        self.is_over = true;
        self.end = Some(end);
    }

    fn stays_ended<G: Gate, const LANES: usize>(&mut self, call: &mut Call<&Policy, &Ledger<G>, LANES>) {
        let end = self.end.expect("law 15: it does not end");
        assert!(call.is_over(), "law 1: it ended, and is not over");
        for id in [0, 1, self.sent, u32::MAX] {
            let handled = call.handle(Instant::from_nanos(self.now), id, Verdict::Accept);
            let was_sent = id > 0 && id <= self.sent;
            assert_eq!(handled, if was_sent { Handled::Late } else { Handled::Unknown }, "law 3: {id}");
        }
        assert_eq!(Did::from(call.poll(Instant::from_nanos(u64::MAX))), end, "law 1");
        self.clock = u64::MAX;
    }

    fn cancel<G: Gate, const LANES: usize>(&mut self, call: &mut Call<&Policy, &Ledger<G>, LANES>) {
        if !call.is_over() {
            self.reason = Some(Reason::Cancelled);
            self.losers = Some(CancelReason::Cancelled);
        }
        call.cancel(Instant::from_nanos(self.now));
        assert!(call.is_over(), "law 1: it was cancelled, and goes on");
        self.is_over = true;
    }
}

/// Puts it away, and reads back what was written of it.
fn put_away<G: Gate, const LANES: usize>(call: Call<&Policy, &Ledger<G>, LANES>) -> State<LANES> {
    stored(&call.suspend())
}

/// Reads back what a call has come to, whatever the call began with.
fn stored<const LANES: usize>(state: &State<LANES>) -> State<LANES> {
    let mut buffer = [0; State::<ROOM>::BYTES];
    let bytes = state.encode(&mut buffer).expect("it fits");
    let again = State::decode(bytes).unwrap_or_else(|error| panic!("it cannot be read back: {error}: {state:?}"));
    assert_eq!(&again, state, "it is read back as another");
    again
}
