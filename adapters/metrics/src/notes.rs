//! The part of an event that is recorded, which can be kept until its recorder is there.

use std::time::Duration;

use insist_core::{Action, AttemptEnd, Decision, Event, Instant};

/// An event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) at: Instant,
    /// The time since the call started.
    pub(crate) elapsed: Duration,
    pub(crate) what: Noted,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Noted {
    /// An attempt ended like this.
    Ended(u32, &'static str),
    Action(Action),
}

impl Note {
    /// Returns the part of an event that is recorded, if any is.
    pub(crate) fn of<T, E>(event: &Event<'_, T, E>) -> Option<Self> {
        let what = match &event.decision {
            Decision::Judged(judged) if judged.handled.counts() => {
                Noted::Ended(judged.attempt, judged.verdict.as_str())
            }
            Decision::Withdrawn(withdrawn) if withdrawn.handled.counts() => {
                Noted::Ended(withdrawn.attempt, AttemptEnd::Withdrawn.as_str())
            }
            Decision::Action(action) => Noted::Action(*action),
            _ => return None,
        };
        Some(Self { at: event.at, elapsed: event.elapsed, what })
    }
}
