//! A driver that follows a plan, however odd, and records everything.

mod play;

use std::cell::RefCell;

use insist_core::{Action, Call, Gate, Hint, Instant, Policy, State, Verdict};

pub use play::{LONGEST, Outcomes, play};

use crate::gate::Watched;
use crate::plan::{Move, Plan, Shift};
use crate::record::{Asked, Counts, Record, Step, What};

/// As many lanes as a plan's call has room for, unless it has room for one.
pub const ROOM: usize = 8;

/// How many moves a plan makes after the call is over: enough for its cancels, its end, and what comes too late.
const ENCORES: usize = 6;

/// How often the end of a plan polls before it cancels the call.
const PATIENCE: usize = 60;

/// Runs a plan's call to its end, or to where the plan drops it.
#[must_use]
pub fn run(plan: &Plan) -> Record {
    if plan.room == 1 { run_in::<1>(plan) } else { run_in::<ROOM>(plan) }
}

fn run_in<const LANES: usize>(plan: &Plan) -> Record {
    let notes = RefCell::new(Vec::new());
    let gate = Watched::new(plan.made, &plan.answers, &notes);
    let start = Instant::from_nanos(plan.start);
    let call = Call::with_lanes::<LANES>(&plan.policy, &gate, start, plan.seed).repeat(plan.repeat);
    let mut world = World::<_, LANES>::new(&plan.policy, &gate, &notes, start);
    world.note(What::Start, seen(&call));
    world.follow(call, plan);
    Record { policy: plan.policy, seed: plan.seed, repeat: plan.repeat, room: LANES, steps: world.steps }
}

/// Does once more what a record says its driver did, with the plan's policy and gate; with `stands` at times that
/// stand still rather than go back.
#[must_use]
pub fn again(plan: &Plan, record: &Record, stands: bool) -> Record {
    see(plan, record, stands, &mut Blind)
}

/// What looks at the state of a call between any two steps.
pub trait Sees {
    /// Looks at it.
    fn see<const LANES: usize>(&mut self, state: &State<LANES>);
}

struct Blind;

impl Sees for Blind {
    fn see<const LANES: usize>(&mut self, _: &State<LANES>) {}
}

/// As [`again`], and shows the state after each step.
#[must_use]
pub fn see(plan: &Plan, record: &Record, stands: bool, sees: &mut impl Sees) -> Record {
    if plan.room == 1 { see_in::<1>(plan, record, stands, sees) } else { see_in::<ROOM>(plan, record, stands, sees) }
}

fn see_in<const LANES: usize>(plan: &Plan, record: &Record, stands: bool, sees: &mut impl Sees) -> Record {
    let notes = RefCell::new(Vec::new());
    let gate = Watched::new(plan.made, &plan.answers, &notes);
    let start = Instant::from_nanos(plan.start);
    let new = || Call::with_lanes::<LANES>(&plan.policy, &gate, start, plan.seed).repeat(plan.repeat);
    let mut call = Some(new());
    let mut state = None;
    let mut latest = start;
    let mut steps = Vec::new();
    for step in &record.steps {
        latest = latest.max(step.at);
        let now = if stands { latest } else { step.at };
        let before = call.as_ref().map(seen);
        let what = match (step.what, &mut call) {
            (What::Poll(_), Some(call)) => What::Poll(call.poll(now).into()),
            (What::Handle(id, verdict, _), Some(call)) => What::Handle(id, verdict, call.handle(now, id, verdict)),
            (What::Cancel, Some(call)) => {
                call.cancel(now);
                What::Cancel
            }
            (What::Suspend, _) => {
                state = call.take().map(Call::suspend);
                What::Suspend
            }
            (What::Resume, _) => {
                call = state.take().map(|state| Call::resume(&plan.policy, &gate, now, state));
                What::Resume
            }
            (What::Drop, _) => {
                call = None;
                What::Drop
            }
            (other, _) => other,
        };
        if let Some(state) = call.as_ref().map(Call::state).or(state.as_ref()) {
            sees.see(state);
        }
        let (is_over, counts) = call.as_ref().map(seen).or(before).unwrap_or_default();
        steps.push(Step { at: step.at, what, asked: notes.take(), is_over, counts });
    }
    Record { policy: record.policy, seed: record.seed, repeat: record.repeat, room: LANES, steps }
}

/// A state as it comes back from its bytes.
fn stored<const LANES: usize>(state: &State<LANES>) -> State<LANES> {
    let mut buffer = [0; State::<ROOM>::BYTES];
    let bytes = state.encode(&mut buffer).expect("it fits");
    State::decode(bytes).unwrap_or_else(|error| panic!("it was a call's: {error:?} {state:?}"))
}

/// What can be seen of a call from outside.
fn seen<G: Gate, const LANES: usize>(call: &PlannedCall<'_, G, LANES>) -> (bool, Counts) {
    let counts = Counts { attempts: call.attempts(), retries: call.retries(), hedges: call.hedges() };
    (call.is_over(), counts)
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
                        Some(id) => self.handle(&mut call, id, self.fitting(verdict)),
                        None => self.drive(&mut call),
                    }
                }
                Move::Stray(id, verdict) => self.handle(&mut call, id, verdict),
                Move::Cancel => self.cancel(&mut call),
                Move::Suspend(shift) => {
                    let seen_last = seen(&call);
                    let state = stored(&call.suspend());
                    self.in_flight.clear();
                    self.note(What::Suspend, seen_last);
                    self.shift(shift);
                    call = Call::resume(self.policy, self.gate, self.now, state);
                    self.note(What::Resume, seen(&call));
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

    /// As a good driver would, until the call has ended; a driver that loses patience cancels.
    fn finish(&mut self, call: &mut PlannedCall<'a, G, LANES>, verdict: Verdict) {
        for _ in 0..PATIENCE {
            match self.poll(call) {
                Action::Send(_) | Action::Cancel(_) => {}
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
            if !matches!(self.poll(call), Action::Send(_) | Action::Cancel(_)) {
                return;
            }
        }
    }

    fn poll(&mut self, call: &mut PlannedCall<'a, G, LANES>) -> Action {
        let action = call.poll(self.now);
        match action {
            Action::Send(attempt) => self.in_flight.push(attempt.id),
            Action::Cancel(id) => self.in_flight.retain(|other| *other != id),
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

    fn cancel(&mut self, call: &mut PlannedCall<'a, G, LANES>) {
        call.cancel(self.now);
        self.note(What::Cancel, seen(call));
    }

    /// A hint that the plan puts at the deadline, as a span from now.
    fn fitting(&self, verdict: Verdict) -> Verdict {
        let Verdict::Retry { sent, hint: Some(Hint::AtLeast(wait)) } = verdict else { return verdict };
        if wait != crate::plan::TO_THE_DEADLINE {
            return verdict;
        }
        let deadline = self.policy.get_deadline().and_then(|span| self.steps[0].at.checked_add(span));
        let left = deadline.map_or(wait, |deadline| deadline.saturating_since(self.now));
        Verdict::retry().sent(sent).after(left)
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

    fn note(&mut self, what: What, (is_over, counts): (bool, Counts)) {
        let asked = self.notes.take();
        self.steps.push(Step { at: self.now, what, asked, is_over, counts });
    }
}
