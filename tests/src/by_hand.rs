//! Short words for what a call driven by hand says; and records written by hand, to show what the model sees.

use insist_core::{Action, CancelReason, Cause, Handled, Kind, Policy, Reason, Repeat, Verdict};

use crate::record::{Asked, Did, Ending, Question, Record, Sending, Step, What};
use crate::words::at;

/// The first send of lane 0.
#[must_use]
pub const fn first(id: u32) -> Did {
    Did::Send(Sending { id, retry: 0, lane: 0, kind: Kind::First, timeout: None })
}

/// Returns what the machine asks for when an attempt is to be stopped.
pub const fn cancel(attempt: u32, reason: CancelReason) -> Action {
    Action::Cancel { attempt, reason }
}

/// A give-up with nothing but its reason, and the attempt whose result is handed back.
#[must_use]
pub const fn gave_up(reason: Reason, last: Option<u32>) -> Did {
    Did::GiveUp(Ending { reason, refusal: None, last, hint: None })
}

/// Returns what a verdict led to whose lane waits until then.
#[must_use]
pub const fn due(millis: u64) -> Handled {
    Handled::Retry { due: at(millis) }
}

/// A retry after a failure of which nothing is known.
pub const RETRY: Cause = Cause::retry(insist_core::AttemptEnd::Retry(insist_core::Failure::new()));

/// When the lane of a verdict that was handed in retries, in milliseconds.
///
/// # Panics
///
/// If it does not.
#[track_caller]
pub fn retries(handled: Handled) -> u64 {
    match handled {
        Handled::Retry { due } => due.as_nanos() / 1_000_000,
        other => panic!("{other:?}, and its lane does not retry"),
    }
}

/// Returns why the lane of a verdict that was handed in ended, while others go on.
///
/// # Panics
///
/// If it did not.
#[track_caller]
pub fn lane_ends(handled: Handled) -> Reason {
    match handled {
        Handled::LaneEnded { reason } => reason,
        other => panic!("{other:?}, and its lane does not end"),
    }
}

/// The id of an attempt that the machine asks to send.
///
/// # Panics
///
/// If it asks for something else.
#[must_use]
pub fn sent(action: Action) -> u32 {
    match action {
        Action::Send(attempt) => attempt.id,
        other => panic!("{other} is no send"),
    }
}

/// The instant that the machine waits for, in milliseconds.
///
/// # Panics
///
/// If it does something else, or waits for an outcome alone.
#[must_use]
pub fn waits_until(action: Action) -> u64 {
    match action {
        Action::Wait { until: Some(until), .. } => until.as_nanos() / 1_000_000,
        other => panic!("{other} is no wait until an instant"),
    }
}

/// A record that is written step by step. Times are milliseconds from the start.
#[derive(Clone, Debug)]
pub struct ByHand(Record);

impl ByHand {
    /// A call that starts at 0.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self(Record { policy, seed: 1, repeat: Repeat::Always, room: crate::world::ROOM, steps: Vec::new() })
            .step(0, What::Start)
    }

    /// Another step. What was over stays over.
    #[must_use]
    pub fn step(mut self, millis: u64, what: What) -> Self {
        let (is_over, mut counts) =
            self.0.steps.last().map_or_else(Default::default, |step| (step.is_over, step.counts));
        if let What::Poll(Did::Send(sending)) = what {
            counts.attempts += 1;
            counts.retries += u32::from(sending.kind == Kind::Retry);
            counts.hedges += u32::from(sending.kind == Kind::Hedge);
        }
        self.0.steps.push(Step { at: at(millis), what, asked: Vec::new(), is_over, counts, told: None });
        self
    }

    /// A poll.
    #[must_use]
    pub fn poll(self, millis: u64, did: Did) -> Self {
        self.step(millis, What::Poll(did))
    }

    /// A verdict.
    #[must_use]
    pub fn handle(self, millis: u64, id: u32, verdict: Verdict, handled: Handled) -> Self {
        self.step(millis, What::Handle(id, verdict, handled))
    }

    /// In the last step, the call was over.
    #[must_use]
    pub fn over(mut self) -> Self {
        if let Some(step) = self.0.steps.last_mut() {
            step.is_over = true;
        }
        self
    }

    /// In the last step, the machine's gate was asked or told this.
    #[must_use]
    pub fn told(mut self, question: Question) -> Self {
        if let Some(step) = self.0.steps.last_mut() {
            step.asked.push(Asked { gate: 0, now: step.at, question });
        }
        self
    }

    /// The record.
    #[must_use]
    pub fn record(self) -> Record {
        self.0
    }
}
