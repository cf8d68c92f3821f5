//! The bulkhead: only so many attempts in flight at once.

use insist_core::{Bulkhead, Instant};
use serde::Deserialize;

use super::number::whole;
use super::setting::{Setting, others_wait};
use crate::span::Span;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkheadSetting {
    #[serde(deserialize_with = "whole")]
    room: u32,
    /// 0 refuses.
    #[serde(default)]
    ask_again: Span,
}

impl Setting for BulkheadSetting {
    type Gate = Bulkhead;

    const SHORT: &'static str = "room";
    const RIGHT: &'static str = "a whole number of attempts from 1";
    const VALUE: &'static str = "N";
    const HELP: &'static str =
        "Have at most this many attempts in flight at once, and refuse others [default: no limit]";
    const MORE: &'static str =
        "With ask_again=10ms, those that find no room wait and ask again every 10 ms, until the deadline.";

    fn check(&self) -> Result<(), String> {
        match self.room {
            0 => Err("room is 0; a bulkhead needs room for at least 1 attempt".into()),
            _ => Ok(()),
        }
    }

    fn make(&self, _: u64) -> Bulkhead {
        let bulkhead = Bulkhead::new(self.room);
        if self.ask_again.0.is_zero() { bulkhead } else { bulkhead.waiting(self.ask_again.0) }
    }

    fn told(&self) -> String {
        let attempts = if self.room == 1 { "1 attempt is" } else { &format!("{} attempts are", self.room) };
        let others = others_wait(self.ask_again);
        format!("At most {attempts} in flight at once, of all calls together; {others}.")
    }

    fn brief(&self) -> String {
        self.room.to_string()
    }

    fn state(gate: &Bulkhead, _: Instant) -> String {
        format!("bulkhead: {} of {} in flight", gate.in_flight(), gate.room())
    }
}
