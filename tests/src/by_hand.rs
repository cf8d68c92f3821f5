//! Records written by hand, to show that a law's reader sees what breaks it; and short words for times and sends.

use core::time::Duration;

use insist_core::{Action, Handled, Instant, Kind, Policy, Repeat, Verdict};

use crate::record::{Asked, Did, Question, Record, Sending, Step, What};

/// So many milliseconds.
#[must_use]
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many milliseconds after the origin.
#[must_use]
pub const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// The first send of lane 0.
#[must_use]
pub const fn first(id: u32) -> Did {
    Did::Send(Sending { id, retry: 0, lane: 0, kind: Kind::First, timeout: None })
}

/// The first send of another lane.
#[must_use]
pub const fn hedge(id: u32, lane: u8) -> Did {
    Did::Send(Sending { id, retry: 0, lane, kind: Kind::Hedge, timeout: None })
}

/// A further send of a lane.
#[must_use]
pub const fn retry(id: u32, retry: u32, lane: u8) -> Did {
    Did::Send(Sending { id, retry, lane, kind: Kind::Retry, timeout: None })
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

    /// The same, for a call with this repeat.
    #[must_use]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.0.repeat = repeat;
        self
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
        self.0.steps.push(Step { at: at(millis), what, asked: Vec::new(), is_over, counts });
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
    pub fn told(self, question: Question) -> Self {
        self.told_by(0, question)
    }

    /// In the last step, this gate was asked or told this.
    #[must_use]
    pub fn told_by(mut self, gate: u8, question: Question) -> Self {
        if let Some(step) = self.0.steps.last_mut() {
            step.asked.push(Asked { gate, now: step.at, question });
        }
        self
    }

    /// In the last step, a retry was reserved.
    #[must_use]
    pub fn reserved(self) -> Self {
        self.told(Question::Reserve(Kind::Retry, true))
    }

    /// The record.
    #[must_use]
    pub fn record(self) -> Record {
        self.0
    }
}
