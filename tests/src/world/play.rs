//! A call without a gate whose attempts end as a script says, as `insist replay` plays it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use insist_core::{Action, Call, Instant, Policy, Repeat, Verdict};

use super::{ROOM, World, seen};
use crate::gate::{Answers, Made, Watched};
use crate::record::{Record, What};

/// What comes of attempts, and how long after they were sent, by their ids; an attempt that is missing never answers.
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
