//! What a record says its driver did, done once more and looked at between any two steps; and a call whose attempts end
//! as a script says, as `insist replay` plays it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use insist_core::{Action, Call, Instant, Policy, Repeat, ResumeError, State, Verdict};

use super::{ROOM, World, kept, operate, seen};
use crate::gate::{Answers, Made, Watched};
use crate::plan::Plan;
use crate::record::{Operation, Record, Step, What};

/// Does once more what a record says its driver did, with the plan's policy and gate; with `stands` at times that
/// stand still rather than go back.
#[must_use]
pub fn again(plan: &Plan, record: &Record, stands: bool) -> Record {
    see(plan, record, stands, &mut Blind)
}

/// Looks at the state of a call between any two steps.
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
    let gate = Watched::new(plan.made, &plan.answers, &notes).hedging(plan.hedge.clone());
    let start = Instant::from_nanos(plan.start);
    let new = || Call::with_lanes::<LANES>(&plan.policy, &gate, start, plan.seed).repeat(plan.repeat);
    let mut call = Some(new());
    let mut state = None;
    let mut latest = start;
    let mut steps = Vec::new();
    for step in &record.steps {
        // A call that is put away is told nothing unless that changes something.
        let is_told = !matches!(step.what, What::Operate(..) | What::Resume(Err(_)));
        latest = if is_told { latest.max(step.at) } else { latest };
        let now = if stands && is_told { latest } else { step.at };
        let before = call.as_ref().map(seen).or(state.as_ref().map(kept));
        let what = match (step.what, &mut call) {
            (What::Poll(_), Some(call)) => What::Poll(call.poll(now).into()),
            (What::Handle(id, verdict, _), Some(call)) => What::Handle(id, verdict, call.handle(now, id, verdict)),
            (What::Withdraw(id, _), Some(call)) => What::Withdraw(id, call.withdraw(now, id)),
            (What::Cancel, Some(call)) => {
                call.cancel(now);
                What::Cancel
            }
            (What::Suspend, _) => {
                state = call.take().map(Call::suspend);
                What::Suspend
            }
            (What::Operate(operation, _), _) => {
                let before = state.clone();
                let done = state.as_mut().map_or(Ok(()), |state| operate(state, operation, &plan.policy, now));
                if state != before && !matches!(operation, Operation::Deadline(_)) {
                    latest = latest.max(step.at);
                }
                What::Operate(operation, done)
            }
            (What::Resume(_), _) => {
                let taken = state.take().map(|state| Call::try_resume(&plan.policy, &gate, now, state));
                What::Resume(match taken {
                    Some(Err(ResumeError { state: refused, error, .. })) => {
                        state = Some(refused);
                        Err(error)
                    }
                    taken => {
                        call = taken.and_then(Result::ok);
                        Ok(())
                    }
                })
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
        let seen = call.as_ref().map(seen).or(state.as_ref().map(kept)).or(before).unwrap_or_default();
        let (is_over, counts, told) = seen;
        let told = Some(told);
        steps.push(Step { at: step.at, what, asked: notes.take(), is_over, counts, told });
    }
    Record { policy: record.policy, seed: record.seed, repeat: record.repeat, room: LANES, steps }
}

/// Holds what comes of attempts, and how long after they were sent, by their ids; an attempt that is missing never
/// answers.
pub type Outcomes = BTreeMap<u32, (Duration, Verdict)>;

/// After so many actions a call is left: one with a timeout of a nanosecond makes more than fit in memory.
pub const LONGEST: usize = 2000;

/// Plays a call from the instant 0, to its end, until it is stuck, or for [`LONGEST`] actions.
#[must_use]
pub fn play(policy: &Policy, repeat: Repeat, seed: u64, outcomes: &Outcomes) -> Record {
    let notes = RefCell::new(Vec::new());
    let gate = Watched::new(Made::Alone, &[(); 3].map(|()| Answers::default()), &notes);
    let mut call = Call::with_lanes::<ROOM>(policy, &gate, Instant::ZERO, seed).repeat(repeat);
    let mut world = World::<_, ROOM>::new(policy, &gate, &notes, Instant::ZERO);
    world.note(What::Start, seen(&call));
    let mut answers: Vec<(Instant, u32, Verdict)> = Vec::new();
    for _ in 0..LONGEST {
        match world.poll(&mut call) {
            Action::Send(attempt) => {
                if let Some((after, verdict)) = outcomes.get(&attempt.id) {
                    answers.extend(world.now.checked_add(*after).map(|at| (at, attempt.id, *verdict)));
                }
            }
            Action::Cancel { attempt, .. } => answers.retain(|(_, other, _)| *other != attempt),
            Action::Wait { until, .. } => {
                let Some(next) = answers.iter().map(|(at, ..)| *at).chain(until).min() else { break };
                world.now = next;
                let (mut due, rest): (Vec<_>, _) = answers.into_iter().partition(|(at, ..)| *at <= next);
                answers = rest;
                due.sort_by_key(|(_, id, _)| *id);
                due.into_iter().for_each(|(_, id, verdict)| world.handle(&mut call, id, verdict));
            }
            Action::Return(_) | Action::GiveUp(_) => break,
        }
    }
    Record { policy: *policy, seed, repeat, room: ROOM, steps: world.steps }
}
