//! A state through serde: version 1, words and numbers, null for never, without the lanes that were never touched.

use alloc::vec::Vec;

use ::serde::de::Error;
use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lane::{DueBy, Lane};
use super::state::{NEVER, Phase, State};
use super::validate::StateError;
use crate::action::Reason;
use crate::attempt::{Failed, Why};
use crate::verdict::Repeat;

const VERSION: u32 = 1;

/// Instants and spans are nanoseconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateForm {
    version: u32,
    status: Phase,
    /// The reason why it gave up, or why the lane that ended last did; null before any has.
    reason: Option<Reason>,
    seed: u64,
    deadline: Option<u64>,
    /// The latest instant that it has seen.
    clock: u64,
    /// The largest hint that was too long.
    hint: Option<u64>,
    attempts: u32,
    /// The latest attempt that had a verdict.
    last: Option<u32>,
    /// The number of attempts before it was revived.
    forgiven: u32,
    repeat: Repeat,
    opened: u8,
    lanes: Vec<LaneForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum LaneForm {
    Unopened { since: u64, not_before: Option<u64> },
    Opening { due: u64, not_before: Option<u64> },
    Waiting { due: u64, began: u64, retry: u32, attempt: Option<u32>, after: Option<WhyForm>, due_by: DueBy },
    InFlight { sent: u64, waited: u64, retry: u32, attempt: u32, after: Option<WhyForm> },
    Ended { retry: u32, attempt: Option<u32> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhyForm {
    failure: Failed,
    hint_ms: Option<u32>,
    exact: bool,
}

impl<const LANES: usize> Serialize for State<LANES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_reason = match self.phase {
            Phase::Running => self.reason != Reason::Invalid,
            Phase::Returned => false,
            Phase::GaveUp => true,
        };
        let form = StateForm {
            version: VERSION,
            status: self.phase,
            reason: has_reason.then_some(self.reason),
            seed: self.seed,
            deadline: (self.deadline != NEVER).then_some(self.deadline),
            clock: self.clock,
            hint: some(self.hint),
            attempts: self.sent,
            last: some(self.last),
            forgiven: self.forgiven,
            repeat: self.repeat,
            opened: self.opened,
            lanes: self.touched().iter().map(LaneForm::from).collect(),
        };
        form.serialize(serializer)
    }
}

impl<'de, const LANES: usize> Deserialize<'de> for State<LANES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        StateForm::deserialize(deserializer)?.state().map_err(D::Error::custom)
    }
}

/// Nothing is written as null, not as 0.
fn some<N: Default + PartialEq>(number: N) -> Option<N> {
    (number != N::default()).then_some(number)
}

impl StateForm {
    fn state<const LANES: usize>(&self) -> Result<State<LANES>, StateError> {
        if self.version != VERSION {
            return Err(StateError::JsonVersion(self.version));
        }
        let without_reason = if self.status == Phase::Returned { Reason::Stopped } else { Reason::Invalid };
        let room = StateError::Room { lanes: self.lanes.len(), room: LANES };
        let mut lanes = [Lane::UNOPENED; LANES];
        let touched = lanes.get_mut(..self.lanes.len()).ok_or(room)?;
        for (lane, form) in touched.iter_mut().zip(&self.lanes) {
            *lane = form.into();
        }
        let state = State {
            seed: self.seed,
            deadline: self.deadline.unwrap_or(NEVER),
            clock: self.clock,
            hint: self.hint.unwrap_or(0),
            sent: self.attempts,
            last: self.last.unwrap_or(0),
            forgiven: self.forgiven,
            phase: self.status,
            reason: self.reason.unwrap_or(without_reason),
            repeat: self.repeat,
            opened: self.opened,
            lanes,
        };
        state.check()?;
        Ok(state)
    }
}

impl From<&Lane> for LaneForm {
    fn from(lane: &Lane) -> Self {
        match *lane {
            Lane::Unopened { since, not_before } => Self::Unopened { since, not_before: some(not_before) },
            Lane::Opening { due, not_before } => Self::Opening { due, not_before: some(not_before) },
            Lane::Waiting { due, began, retry, attempt, why, hint_ms, due_by } => {
                let after = WhyForm::of(why, hint_ms);
                Self::Waiting { due, began, retry, attempt: some(attempt), after, due_by }
            }
            Lane::InFlight { sent, waited, retry, attempt, why, hint_ms } => {
                Self::InFlight { sent, waited, retry, attempt, after: WhyForm::of(why, hint_ms) }
            }
            Lane::Ended { retry, attempt } => Self::Ended { retry, attempt: some(attempt) },
        }
    }
}

impl From<&LaneForm> for Lane {
    fn from(form: &LaneForm) -> Self {
        match *form {
            LaneForm::Unopened { since, not_before } => Self::Unopened { since, not_before: not_before.unwrap_or(0) },
            LaneForm::Opening { due, not_before } => Self::Opening { due, not_before: not_before.unwrap_or(0) },
            LaneForm::Waiting { due, began, retry, attempt, ref after, due_by } => {
                let (why, hint_ms) = WhyForm::read(after.as_ref());
                Self::Waiting { due, began, retry, attempt: attempt.unwrap_or(0), why, hint_ms, due_by }
            }
            LaneForm::InFlight { sent, waited, retry, attempt, ref after } => {
                let (why, hint_ms) = WhyForm::read(after.as_ref());
                Self::InFlight { sent, waited, retry, attempt, why, hint_ms }
            }
            LaneForm::Ended { retry, attempt } => Self::Ended { retry, attempt: attempt.unwrap_or(0) },
        }
    }
}

impl WhyForm {
    fn of(why: Why, hint_ms: u32) -> Option<Self> {
        let Why { failure, is_exact } = why;
        (failure != Failed::Nothing).then(|| Self { failure, hint_ms: some(hint_ms), exact: is_exact })
    }

    fn read(form: Option<&Self>) -> (Why, u32) {
        form.map_or((Why::NOTHING, 0), |form| {
            (Why { failure: form.failure, is_exact: form.exact }, form.hint_ms.unwrap_or(0))
        })
    }
}
