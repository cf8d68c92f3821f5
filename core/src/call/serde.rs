//! A state through serde: version 1, words and numbers, null for never, without the lanes that were never touched.

use alloc::vec::Vec;

use ::serde::de::Error;
use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lane::{DueBy, Lane};
use super::state::{NEVER, Phase, State};
use super::validate::StateError;
use crate::action::Reason;
use crate::attempt::{Failed, Hinted, Why};
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
    Unopened {
        since: u64,
        not_before: Option<u64>,
    },
    Opening {
        due: u64,
        not_before: Option<u64>,
    },
    Waiting {
        due: u64,
        began: u64,
        retry: u32,
        attempt: Option<u32>,
        after: Option<WhyForm>,
        due_by: DueBy,
        /// The retry after which the backoff began anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restart: Option<u32>,
        /// The number of attempts that no limit counts.
        #[serde(default, skip_serializing_if = "is_none")]
        unsent: u8,
    },
    InFlight {
        sent: u64,
        waited: u64,
        retry: u32,
        attempt: u32,
        after: Option<WhyForm>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restart: Option<u32>,
        #[serde(default, skip_serializing_if = "is_none")]
        unsent: u8,
    },
    Ended {
        retry: u32,
        attempt: Option<u32>,
        /// The instant until which a hint holds up the other lanes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<u64>,
        #[serde(default, skip_serializing_if = "is_none")]
        unsent: u8,
    },
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

/// That no attempt was left uncounted is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_none(unsent: &u8) -> bool {
    *unsent == 0
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
            Lane::Waiting { due, began, retry, attempt, why, hint_or_restart, unsent, due_by } => {
                let (after, restart) = WhyForm::of(why, hint_or_restart);
                Self::Waiting { due, began, retry, attempt: some(attempt), after, due_by, restart, unsent }
            }
            Lane::InFlight { sent, waited, retry, attempt, why, hint_or_restart, unsent } => {
                let (after, restart) = WhyForm::of(why, hint_or_restart);
                Self::InFlight { sent, waited, retry, attempt, after, restart, unsent }
            }
            Lane::Ended { retry, attempt, held, unsent } => {
                Self::Ended { retry, attempt: some(attempt), held: some(held), unsent }
            }
        }
    }
}

impl From<&LaneForm> for Lane {
    fn from(form: &LaneForm) -> Self {
        match *form {
            LaneForm::Unopened { since, not_before } => Self::Unopened { since, not_before: not_before.unwrap_or(0) },
            LaneForm::Opening { due, not_before } => Self::Opening { due, not_before: not_before.unwrap_or(0) },
            LaneForm::Waiting { due, began, retry, attempt, ref after, due_by, restart, unsent } => {
                let (why, hint_or_restart) = WhyForm::read(after.as_ref(), restart);
                Self::Waiting { due, began, retry, attempt: attempt.unwrap_or(0), why, hint_or_restart, unsent, due_by }
            }
            LaneForm::InFlight { sent, waited, retry, attempt, ref after, restart, unsent } => {
                let (why, hint_or_restart) = WhyForm::read(after.as_ref(), restart);
                Self::InFlight { sent, waited, retry, attempt, why, hint_or_restart, unsent }
            }
            LaneForm::Ended { retry, attempt, held, unsent } => {
                Self::Ended { retry, attempt: attempt.unwrap_or(0), held: held.unwrap_or(0), unsent }
            }
        }
    }
}

impl WhyForm {
    /// The form, and the retry after which the backoff began anew if that is kept in the hint's place.
    fn of(why: Why, hint_or_restart: u32) -> (Option<Self>, Option<u32>) {
        let (failure, hinted) = (why.failure(), why.hinted());
        let (hint_ms, restart) = match hinted {
            Hinted::No => (None, some(hint_or_restart)),
            Hinted::AtLeast | Hinted::Exactly => (some(hint_or_restart), None),
        };
        let form = Self { failure, hint_ms, exact: hinted == Hinted::Exactly };
        ((failure != Failed::Nothing).then_some(form), restart)
    }

    fn read(form: Option<&Self>, restart: Option<u32>) -> (Why, u32) {
        let restart = restart.unwrap_or(0);
        form.map_or((Why::NOTHING, restart), |form| {
            let hinted = match (form.hint_ms, form.exact) {
                (None, false) => Hinted::No,
                (Some(_), false) => Hinted::AtLeast,
                (_, true) => Hinted::Exactly,
            };
            (Why::new(form.failure, hinted), form.hint_ms.unwrap_or(restart))
        })
    }
}
