//! What is to happen to one call: policy, seed, gates, and what its driver does, sensible or not.

use core::time::Duration;

use insist_core::{HedgeAfter, Policy, Repeat, Verdict};

use crate::gate::{Answers, Made};

/// A hint of this span stands for one that reaches exactly to the deadline.
pub const TO_THE_DEADLINE: Duration = Duration::from_nanos(u64::MAX - 7);

/// Holds what is to happen to one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The policy that it goes by.
    pub policy: Policy,
    /// The seed that its waits are drawn from.
    pub seed: u64,
    /// Says which failures may be repeated.
    pub repeat: Repeat,
    /// When it starts, in nanoseconds.
    pub start: u64,
    /// Counts how many lanes the call has room for: 1, or 8.
    pub room: usize,
    /// Says how its gate is made.
    pub made: Made,
    /// Holds what the gate's members answer.
    pub answers: [Answers; 3],
    /// Holds what the first of them answers to `hedge_after`.
    pub hedge: Vec<HedgeAfter>,
    /// Holds what the driver does.
    pub moves: Vec<Move>,
    /// Says how whatever is in flight after that ends.
    pub last: Verdict,
}

/// One thing that the driver does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// Polls once.
    Poll(Shift),
    /// Polls until there is something to wait for.
    Drive(Shift),
    /// Ends one of the attempts in flight with a verdict; if there is none, polls until there is something to wait for.
    End(u8, Shift, Verdict),
    /// Takes back one of the attempts in flight; if there is none, one with this number, which may never have been sent.
    Withdraw(u8, Shift),
    /// Hands in a verdict for an id that may never have been sent, or ended long ago.
    Stray(u32, Verdict),
    /// Gives up.
    Cancel,
    /// Puts the call away, and takes it up again at another time.
    Suspend(Shift),
    /// Puts the call away, changes it at another time, and takes it up again at yet another.
    Operate(Shift, Change, Shift),
    /// Drops the call; nothing comes after it.
    Drop,
}

/// Says what an operator changes in a call that was put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Makes due now what is promised.
    Hasten,
    /// A call that gave up lives again.
    Revive,
    /// It has to end so many nanoseconds later.
    DeadlineIn(u64),
    /// It has no deadline.
    NoDeadline,
}

/// Says how the time goes on before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Not at all.
    Stay,
    /// By so many nanoseconds.
    By(u64),
    /// Back by so many.
    Back(u64),
    /// To the end of the last wait that was asked for.
    Due,
    /// A nanosecond less.
    JustBefore,
    /// A nanosecond more.
    JustAfter,
    /// To the last instant that there is.
    ToTheEnd,
}
