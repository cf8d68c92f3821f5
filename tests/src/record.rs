//! Everything that happened to one call, step by step: what its driver did, what the machine answered, and what the
//! gate was asked meanwhile. The laws are read from it, so a record that breaks one can be written by hand.

use std::fmt;

use insist_core::{Action, Admission, Handled, Instant, Kind, Policy, Reason, Repeat, Settled, Verdict, WaitReason};

use crate::expected::nanos;

/// Everything that happened to one call.
#[derive(Clone, Debug)]
pub struct Record {
    /// What the call went by.
    pub policy: Policy,
    /// What its waits were drawn from.
    pub seed: u64,
    /// Which failures could be repeated.
    pub repeat: Repeat,
    /// How many lanes it had room for.
    pub room: usize,
    /// What happened, in order; the first step starts the call.
    pub steps: Vec<Step>,
}

/// One thing that a driver did, and all that came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When, as the driver said; it may lie before the step before.
    pub at: Instant,
    /// What.
    pub what: What,
    /// What the gate was asked meanwhile, in order.
    pub asked: Vec<Asked>,
    /// Whether the call was over afterwards.
    pub is_over: bool,
    /// Sends so far, as the machine counts them.
    pub counts: Counts,
}

/// How often a call sent, as the machine counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sends in all.
    pub attempts: u32,
    /// Sends after the first of their lane.
    pub retries: u32,
    /// Lanes that opened after the first.
    pub hedges: u32,
}

/// What a driver did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Made the call.
    Start,
    /// Polled, and was told this.
    Poll(Did),
    /// Handed in a verdict, and was told this.
    Handle(u32, Verdict, Handled),
    /// Gave up.
    Cancel,
    /// Put the call away.
    Suspend,
    /// Took it up again.
    Resume,
    /// Dropped the call.
    Drop,
}

/// An action with nothing hidden, so that one can be written by hand. Spans and instants are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// Asked to send an attempt.
    Send(Sending),
    /// Asked to cancel one.
    Cancel(u32),
    /// Asked to wait.
    Wait(Option<u64>, WaitReason),
    /// Ended with the result of an attempt.
    Return(u32),
    /// Ended without: why, the attempt whose result is handed back, and the hint.
    GiveUp(Reason, Option<u32>, Option<u64>),
}

/// An attempt that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Its number.
    pub id: u32,
    /// How many its lane sent before.
    pub retry: u32,
    /// Its lane.
    pub lane: u8,
    /// What made it.
    pub kind: Kind,
    /// How long it may take.
    pub timeout: Option<u64>,
}

impl Did {
    /// Whether this ends the call.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Return(_) | Self::GiveUp(..))
    }
}

impl From<Action> for Did {
    fn from(action: Action) -> Self {
        match action {
            Action::Send(attempt) => Self::Send(Sending {
                id: attempt.id,
                retry: attempt.retry,
                lane: attempt.lane,
                kind: attempt.kind,
                timeout: attempt.timeout().map(nanos),
            }),
            Action::Cancel(id) => Self::Cancel(id),
            Action::Wait { until, reason } => Self::Wait(until.map(Instant::as_nanos), reason),
            Action::Return(id) => Self::Return(id),
            Action::GiveUp(stop) => Self::GiveUp(stop.reason(), stop.last(), stop.hint().map(nanos)),
        }
    }
}

/// One question to a gate, and its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// 0 is the gate that the machine has; its members, if it has several, count from 1.
    pub gate: u8,
    /// The instant that the gate was told.
    pub now: Instant,
    /// What was asked or told.
    pub question: Question,
}

/// What a gate was asked or told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Question {
    /// May it be scheduled? With the answer.
    Reserve(Kind, bool),
    /// It was never sent, and was reserved then.
    Refund(Kind, Instant),
    /// May it be sent? With the answer.
    Admit(Kind, Admission),
    /// It ended.
    Settle(Kind, Settled),
}

impl Step {
    /// What the gate that the machine has was asked, without what its members were.
    pub fn outer(&self) -> impl DoubleEndedIterator<Item = &Asked> {
        self.asked.iter().filter(|asked| asked.gate == 0)
    }

    /// The action, if this was a poll.
    #[must_use]
    pub fn did(&self) -> Option<Did> {
        if let What::Poll(did) = self.what { Some(did) } else { None }
    }
}

impl Record {
    /// How many members the gate had, on top of itself.
    #[must_use]
    pub fn gates(&self) -> u8 {
        self.steps.iter().flat_map(|step| &step.asked).map(|asked| asked.gate).max().unwrap_or(0)
    }

    /// The first step, by its number, for which this finds something wrong.
    pub(crate) fn find(&self, mut wrong: impl FnMut(usize, &Step) -> Option<String>) -> Result<(), Broken> {
        for (index, step) in self.steps.iter().enumerate() {
            if let Some(why) = wrong(index, step) {
                return Err(Broken { step: index, why });
            }
        }
        Ok(())
    }
}

/// Where a record breaks a law, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number of the step.
    pub step: usize,
    /// In a sentence.
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}", self.step, self.why)
    }
}

/// One line a step, for the message of a test that fails.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}, repeat {:?}, seed {}", self.policy, self.repeat, self.seed)?;
        for (index, step) in self.steps.iter().enumerate() {
            write!(f, "{index}: at {}ns {:?}", step.at.as_nanos(), step.what)?;
            if step.is_over {
                f.write_str(", over")?;
            }
            writeln!(f)?;
            for Asked { gate, now, question } in &step.asked {
                writeln!(f, "      gate {gate} at {}ns {question:?}", now.as_nanos())?;
            }
        }
        Ok(())
    }
}
