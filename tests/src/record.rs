//! Everything that happened to one call, step by step: what its driver did, what the machine answered, and what the
//! gate was asked meanwhile. The laws are read from it, so a record that breaks one can be written by hand.

use std::fmt;

use insist_core::{
    Action, Admission, CancelReason, Cause, Handled, HedgeAfter, Instant, Kind, Policy, Reason, Refusal, Repeat,
    Settled, State, StateError, Verdict, WaitReason,
};

use crate::expected::nanos;

/// Everything that happened to one call.
#[derive(Clone, Debug)]
pub struct Record {
    /// The policy that the call went by.
    pub policy: Policy,
    /// The seed that its waits were drawn from.
    pub seed: u64,
    /// Says which failures could be repeated.
    pub repeat: Repeat,
    /// Counts how many lanes it had room for.
    pub room: usize,
    /// Holds what happened, in order; the first step starts the call.
    pub steps: Vec<Step>,
}

/// One thing that a driver did, and all that came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When, as the driver said; it may lie before the step before.
    pub at: Instant,
    /// Says what was done.
    pub what: What,
    /// Holds what the gate was asked meanwhile, in order.
    pub asked: Vec<Asked>,
    /// Says whether the call was over afterwards.
    pub is_over: bool,
    /// Sends so far, as the machine counts them.
    pub counts: Counts,
    /// Holds what else the machine said of the call afterwards, if it was asked.
    pub told: Option<Told>,
}

/// Holds what the machine says of a call when it is asked. Instants are in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// When it wants to be polled again, or to be taken up if it was put away.
    pub due: Option<u64>,
    /// Says why it gave up.
    pub reason: Option<Reason>,
    /// When it has to end.
    pub deadline: Option<u64>,
}

impl Told {
    /// Returns what a call says that has come to this state; when it is due is known to whoever has it.
    #[must_use]
    pub fn of<const LANES: usize>(due: Option<Instant>, state: &State<LANES>) -> Self {
        let nanos = Instant::as_nanos;
        Self { due: due.map(nanos), reason: state.reason(), deadline: state.deadline().map(nanos) }
    }
}

/// Counts how often a call sent, as the machine counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sends in all.
    pub attempts: u32,
    /// Sends after the first of their lane.
    pub retries: u32,
    /// Lanes that opened after the first.
    pub hedges: u32,
}

/// Says what a driver did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Made the call.
    Start,
    /// Polled, and was told this.
    Poll(Did),
    /// Handed in a verdict, and was told this.
    Handle(u32, Verdict, Handled),
    /// Took back an attempt that was never sent, and was told this.
    Withdraw(u32, Handled),
    /// Gave up.
    Cancel,
    /// Put the call away.
    Suspend,
    /// Changed the call that was put away, which was done or refused.
    Operate(Operation, Result<(), StateError>),
    /// Took it up again, or was refused to; then it stays put away.
    Resume(Result<(), StateError>),
    /// Dropped the call.
    Drop,
}

/// Says what an operator changes in a call that is put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Makes due now what is promised.
    Hasten,
    /// A call that gave up lives again.
    Revive,
    /// It has to end by another instant, or by none.
    Deadline(Option<u64>),
}

/// An action with nothing hidden, so that one can be written by hand. Spans and instants are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// Asked to send an attempt.
    Send(Sending),
    /// Asked to cancel one, and why.
    Cancel(u32, CancelReason),
    /// Asked to wait.
    Wait(Option<u64>, WaitReason),
    /// Ended with the result of an attempt.
    Return(u32),
    /// Ended without.
    GiveUp(Ending),
}

/// Holds what a call that gave up tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Says why it did.
    pub reason: Reason,
    /// Holds what the gate said that refused, where that is the reason.
    pub refusal: Option<Refusal>,
    /// The attempt whose result is handed back.
    pub last: Option<u32>,
    /// The largest hint that was too long.
    pub hint: Option<u64>,
}

/// An attempt that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Its number.
    pub id: u32,
    /// Counts how many its lane sent before.
    pub retry: u32,
    /// Its lane.
    pub lane: u8,
    /// Holds what made it.
    pub kind: Kind,
    /// Says how long it may take.
    pub timeout: Option<u64>,
}

impl Did {
    /// Returns whether this ends the call.
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
            Action::Cancel { attempt, reason } => Self::Cancel(attempt, reason),
            Action::Wait { until, reason } => Self::Wait(until.map(Instant::as_nanos), reason),
            Action::Return(id) => Self::Return(id),
            Action::GiveUp(give_up) => Self::GiveUp(Ending {
                reason: give_up.reason(),
                refusal: give_up.refusal(),
                last: give_up.last(),
                hint: give_up.hint().map(nanos),
            }),
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
    /// Holds what was asked or told.
    pub question: Question,
}

/// Says what a gate was asked or told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Question {
    /// May it be scheduled? With the answer.
    Reserve(Cause, Result<(), Refusal>),
    /// It was never sent, and was reserved then.
    Refund(Cause, Instant),
    /// May it be sent? With the answer.
    Admit(Cause, Admission),
    /// It ended.
    Settle(Cause, Settled),
    /// After how long is a hedge worth while? With the answer.
    HedgeAfter(HedgeAfter),
}

impl Step {
    /// Returns what the gate that the machine has was asked, without what its members were.
    pub fn outer(&self) -> impl DoubleEndedIterator<Item = &Asked> {
        self.asked.iter().filter(|asked| asked.gate == 0)
    }

    /// Returns what the last attempt was for that the gate admitted.
    #[must_use]
    pub fn admitted(&self) -> Option<Cause> {
        self.outer().rev().find_map(|asked| match asked.question {
            Question::Admit(cause, Admission::Yes) => Some(cause),
            _ => None,
        })
    }

    /// The action, if this was a poll.
    #[must_use]
    pub fn did(&self) -> Option<Did> {
        if let What::Poll(did) = self.what { Some(did) } else { None }
    }
}

impl Record {
    /// Returns how many members the gate had, on top of itself.
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

/// Says where a record breaks a law, and how.
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
