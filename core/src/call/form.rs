//! A state through serde: words and numbers, without the lanes that were never touched.

use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fits::StateError;
use super::state::{Lane, Phase, State, Status};
use crate::action::Reason;
use crate::verdict::Repeat;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    seed: u64,
    /// Nanoseconds from the origin; all ones are never.
    deadline: u64,
    clock: u64,
    #[serde(default)]
    hint: u64,
    sent: u32,
    last: u32,
    phase: Phase,
    reason: Reason,
    repeat: Repeat,
    opened: u8,
    lanes: Vec<LaneForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LaneForm {
    status: Status,
    at: u64,
    since: u64,
    retry: u32,
    id: u32,
    #[serde(default, skip_serializing_if = "is_nothing")]
    carried: [u8; 7],
}

fn is_nothing(carried: &[u8; 7]) -> bool {
    *carried == [0; 7]
}

impl<const LANES: usize> Serialize for State<LANES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { seed, deadline, clock, hint, sent, last, phase, reason, repeat, opened, .. } = *self;
        let lanes = self.touched().iter().map(LaneForm::of).collect();
        Form { seed, deadline, clock, hint, sent, last, phase, reason, repeat, opened, lanes }.serialize(serializer)
    }
}

impl<'de, const LANES: usize> Deserialize<'de> for State<LANES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Form::deserialize(deserializer)?.state().map_err(D::Error::custom)
    }
}

impl Form {
    fn state<const LANES: usize>(&self) -> Result<State<LANES>, StateError> {
        let Self { seed, deadline, clock, hint, sent, last, phase, reason, repeat, opened, .. } = *self;
        let room = StateError::Room { lanes: self.lanes.len(), room: LANES };
        let mut lanes = [Lane::UNOPENED; LANES];
        let touched = lanes.get_mut(..self.lanes.len()).ok_or(room)?;
        for (lane, form) in touched.iter_mut().zip(&self.lanes) {
            *lane = form.lane();
        }
        let state = State { seed, deadline, clock, hint, sent, last, phase, reason, repeat, opened, lanes };
        state.check()?;
        Ok(state)
    }
}

impl LaneForm {
    const fn of(lane: &Lane) -> Self {
        let Lane { at, since, retry, id, status, carried } = *lane;
        Self { at, since, retry, id, status, carried }
    }

    const fn lane(&self) -> Lane {
        let Self { at, since, retry, id, status, carried } = *self;
        Lane { at, since, retry, id, status, carried }
    }
}
