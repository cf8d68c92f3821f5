//! A driver that follows a plan, however odd, and records everything.

mod again;

use std::cell::RefCell;

use insist_core::{Action, Call, Gate, Hint, Instant, Policy, ResumeError, State, StateError, Verdict};

use crate::gate::Watched;
use crate::plan::{Change, Move, Plan, Shift};
use crate::record::{Asked, Counts, Operation, Record, Step, Told, What};

pub use again::{LONGEST, Outcomes, Sees, again, play, see};

/// As many lanes as a plan's call has room for, unless it has room for one.
pub const ROOM: usize = 8;

/// Sets how many moves a plan makes after the call is over: enough for its cancels, its end, and what comes too late.
const ENCORES: usize = 6;

/// Sets how often the end of a plan polls before it cancels the call.
const PATIENCE: usize = 60;

/// Runs a plan's call to its end, or to where the plan drops it.
#[must_use]
pub fn run(plan: &Plan) -> Record {
    if plan.room == 1 { run_in::<1>(plan) } else { run_in::<ROOM>(plan) }
}

fn run_in<const LANES: usize>(plan: &Plan) -> Record {
    let notes = RefCell::new(Vec::new());
    let gate = Watched::new(plan.made, &plan.answers, &notes).hedging(plan.hedge.clone());
    let start = Instant::from_nanos(plan.start);
    let call = Call::with_lanes::<LANES>(&plan.policy, &gate, start, plan.seed).repeat(plan.repeat);
    let mut world = World::<_, LANES>::new(&plan.policy, &gate, &notes, start);
    world.note(What::Start, seen(&call));
    world.follow(call, plan);
    Record { policy: plan.policy, seed: plan.seed, repeat: plan.repeat, room: LANES, steps: world.steps }
}

/// A state as it comes back from its bytes.
fn stored<const LANES: usize>(state: &State<LANES>) -> State<LANES> {
    let mut buffer = [0; State::<ROOM>::BYTES];
    let bytes = state.encode(&mut buffer).expect("it fits");
    State::decode(bytes).unwrap_or_else(|error| panic!("it was a call's: {error:?} {state:?}"))
}

/// Does to a state what an operator does.
fn operate<const LANES: usize>(
    state: &mut State<LANES>,
    operation: Operation,
    policy: &Policy,
    now: Instant,
) -> Result<(), StateError> {
    match operation {
        Operation::Hasten => {
            state.hasten(now);
            Ok(())
        }
        Operation::Revive => state.revive(policy, now),
        Operation::Deadline(at) => state.set_deadline(at.map(Instant::from_nanos)),
    }
}

/// Holds what can be seen of a call from outside: whether it is over, what it counts, and what it tells.
type Seen = (bool, Counts, Told);

fn seen<G: Gate, const LANES: usize>(call: &PlannedCall<'_, G, LANES>) -> Seen {
    (call.is_over(), counts(call.state()), Told::of(call.due(), call.state()))
}

/// The same, of one that was put away.
fn kept<const LANES: usize>(state: &State<LANES>) -> Seen {
    (state.has_ended(), counts(state), Told::of(state.due(), state))
}

fn counts<const LANES: usize>(state: &State<LANES>) -> Counts {
    Counts { attempts: state.attempts(), retries: state.retries(), hedges: state.hedges() }
}

type PlannedCall<'a, G, const LANES: usize> = Call<&'a Policy, &'a G, LANES>;

struct World<'a, G: Gate, const LANES: usize> {
    policy: &'a Policy,
    gate: &'a G,
    notes: &'a RefCell<Vec<Asked>>,
    now: Instant,
    until: Option<Instant>,
    in_flight: Vec<u32>,
    steps: Vec<Step>,
}

impl<'a, G: Gate, const LANES: usize> World<'a, G, LANES> {
    fn new(policy: &'a Policy, gate: &'a G, notes: &'a RefCell<Vec<Asked>>, now: Instant) -> Self {
        Self { policy, gate, notes, now, until: None, in_flight: Vec::new(), steps: Vec::new() }
    }

    fn follow(&mut self, mut call: PlannedCall<'a, G, LANES>, plan: &Plan) {
        let mut after_the_end = 0;
        for planned in &plan.moves {
            after_the_end += usize::from(call.is_over());
            if after_the_end > ENCORES {
                break;
            }
            match *planned {
                Move::Poll(shift) => {
                    self.shift(shift);
                    let _ = self.poll(&mut call);
                }
                Move::Drive(shift) => {
                    self.shift(shift);
                    self.drive(&mut call);
                }
                Move::End(pick, shift, verdict) => {
                    self.shift(shift);
                    match self.in_flight.get(usize::from(pick) % self.in_flight.len().max(1)).copied() {
                        Some(id) => {
                            let verdict = self.fitting(call.state().deadline(), verdict);
                            self.handle(&mut call, id, verdict);
                        }
                        None => self.drive(&mut call),
                    }
                }
                Move::Withdraw(pick, shift) => {
                    self.shift(shift);
                    let picked = self.in_flight.get(usize::from(pick) % self.in_flight.len().max(1)).copied();
                    self.withdraw(&mut call, picked.unwrap_or(u32::from(pick % 8)));
                }
                Move::Stray(id, verdict) => self.handle(&mut call, id, verdict),
                Move::Cancel => self.cancel(&mut call),
                Move::Suspend(shift) => {
                    let state = self.suspend(call);
                    self.shift(shift);
                    call = self.resume(state);
                }
                Move::Operate(before, change, after) => {
                    let mut state = self.suspend(call);
                    self.shift(before);
                    self.change(&mut state, change);
                    self.shift(after);
                    call = self.resume(state);
                }
                Move::Drop => {
                    let seen_last = seen(&call);
                    drop(call);
                    self.note(What::Drop, seen_last);
                    return;
                }
            }
        }
        self.finish(&mut call, plan.last);
        let seen_last = seen(&call);
        drop(call);
        self.note(What::Drop, seen_last);
    }

    fn suspend(&mut self, call: PlannedCall<'a, G, LANES>) -> State<LANES> {
        let state = stored(&call.suspend());
        self.in_flight.clear();
        self.note(What::Suspend, kept(&state));
        state
    }

    /// Takes the call up, where now is too far off, at the latest instant that it has seen, or may have.
    fn resume(&mut self, mut state: State<LANES>) -> PlannedCall<'a, G, LANES> {
        loop {
            match Call::try_resume(self.policy, self.gate, self.now, state) {
                Ok(call) => {
                    self.note(What::Resume(Ok(())), seen(&call));
                    return call;
                }
                Err(ResumeError { state: refused, error, .. }) => {
                    state = refused;
                    self.note(What::Resume(Err(error)), kept(&state));
                    let StateError::Origin { state: latest, .. } = error else { panic!("{error}") };
                    self.now = latest;
                }
            }
        }
    }

    fn change(&mut self, state: &mut State<LANES>, change: Change) {
        let operation = match change {
            Change::Hasten => Operation::Hasten,
            Change::Revive => Operation::Revive,
            Change::DeadlineIn(span) => Operation::Deadline(Some(self.now.as_nanos().saturating_add(span))),
            Change::NoDeadline => Operation::Deadline(None),
        };
        let done = operate(state, operation, self.policy, self.now);
        *state = stored(state);
        self.note(What::Operate(operation, done), kept(state));
    }

    /// As a good driver would, until the call has ended; a driver that loses patience cancels.
    fn finish(&mut self, call: &mut PlannedCall<'a, G, LANES>, verdict: Verdict) {
        for _ in 0..PATIENCE {
            match self.poll(call) {
                Action::Send(_) | Action::Cancel { .. } => {}
                Action::Return(_) | Action::GiveUp(_) => break,
                Action::Wait { until, .. } => match (self.in_flight.first().copied(), until) {
                    (Some(id), _) => self.handle(call, id, verdict),
                    (None, Some(until)) => self.now = self.now.max(until),
                    (None, None) => break,
                },
            }
        }
        self.cancel(call);
        // The cancels, the end, and the end again.
        for _ in 0..self.in_flight.len() + 2 {
            let _ = self.poll(call);
        }
        self.handle(call, 1, Verdict::Accept);
        let _ = self.poll(call);
    }

    /// Polls until there is something to wait for.
    fn drive(&mut self, call: &mut PlannedCall<'a, G, LANES>) {
        for _ in 0..2 * LANES + 2 {
            if !matches!(self.poll(call), Action::Send(_) | Action::Cancel { .. }) {
                return;
            }
        }
    }

    fn poll(&mut self, call: &mut PlannedCall<'a, G, LANES>) -> Action {
        let action = call.poll(self.now);
        match action {
            Action::Send(attempt) => self.in_flight.push(attempt.id),
            Action::Cancel { attempt, .. } => self.in_flight.retain(|other| *other != attempt),
            Action::Wait { until, .. } => self.until = until,
            Action::Return(_) | Action::GiveUp(_) => {}
        }
        self.note(What::Poll(action.into()), seen(call));
        action
    }

    fn handle(&mut self, call: &mut PlannedCall<'a, G, LANES>, id: u32, verdict: Verdict) {
        let handled = call.handle(self.now, id, verdict);
        self.in_flight.retain(|other| *other != id);
        self.note(What::Handle(id, verdict, handled), seen(call));
    }

    fn withdraw(&mut self, call: &mut PlannedCall<'a, G, LANES>, id: u32) {
        let handled = call.withdraw(self.now, id);
        self.in_flight.retain(|other| *other != id);
        self.note(What::Withdraw(id, handled), seen(call));
    }

    fn cancel(&mut self, call: &mut PlannedCall<'a, G, LANES>) {
        call.cancel(self.now);
        self.note(What::Cancel, seen(call));
    }

    /// A hint that the plan puts at the deadline, as a span from now.
    fn fitting(&self, deadline: Option<Instant>, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Retry(failure) if failure.hint == Some(Hint::AtLeast(crate::plan::TO_THE_DEADLINE)) => {
                let left = deadline.map(|deadline| deadline.saturating_since(self.now));
                verdict.after(left.unwrap_or(crate::plan::TO_THE_DEADLINE))
            }
            _ => verdict,
        }
    }

    fn shift(&mut self, shift: Shift) {
        let now = self.now.as_nanos();
        let to = |nanos: u64| Instant::from_nanos(nanos);
        self.now = match shift {
            Shift::Stay => self.now,
            Shift::By(span) => to(now.saturating_add(span)),
            Shift::Back(span) => to(now.saturating_sub(span)),
            Shift::Due => self.until.unwrap_or(self.now),
            Shift::JustBefore => to(self.until.map_or(now, |until| until.as_nanos().saturating_sub(1))),
            Shift::JustAfter => to(self.until.map_or(now, |until| until.as_nanos().saturating_add(1))),
            Shift::ToTheEnd => to(u64::MAX),
        };
    }

    fn note(&mut self, what: What, (is_over, counts, told): Seen) {
        let asked = self.notes.take();
        self.steps.push(Step { at: self.now, what, asked, is_over, counts, told: Some(told) });
    }
}
