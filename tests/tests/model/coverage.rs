//! What random calls came across, counted, so that no change makes them pass by what matters.

use std::collections::BTreeMap;
use std::fmt;

use insist_core::{Admission, CancelReason, Cause, Handled, HedgeAfter, Kind, Reason, Settled, StateError, WaitReason};
use insist_tests::record::{Did, Ending, Operation, Question, Record, Step, What};

/// Sets how often each of these has to happen at least, among ten million steps.
const ENOUGH: u64 = 2000;

const ALL: [&str; 62] = [
    "return",
    "give up: attempts",
    "give up: backoff",
    "give up: cancelled",
    "give up: deadline",
    "give up: invalid",
    "give up: not_repeatable",
    "give up: refused",
    "give up: retry_after",
    "give up: stopped",
    "give up with a hint",
    "give up without an attempt",
    "wait: attempt_timeout",
    "wait: backoff",
    "wait: deadline",
    "wait: hedge",
    "wait: outcome",
    "wait for ever",
    "send: first",
    "send: hedge",
    "send: retry",
    "send in lane 4 or above",
    "send of attempt 10 or above",
    "wait: gate",
    "cancel: cancelled",
    "cancel: deadline",
    "cancel: lost",
    "cancel: timeout",
    "handled: lane ended",
    "handled: late",
    "handled: over",
    "handled: retry",
    "handled: unknown",
    "withdrawn: retry",
    "withdrawn: lane ended",
    "withdrawn: over",
    "withdrawn: late",
    "withdrawn: unknown",
    "withdrawn: a hedge",
    "user gave up",
    "suspended",
    "resumed",
    "resumed a minute late or more",
    "resumed: origin",
    "hastened",
    "revived",
    "revived: alive",
    "revived: policy",
    "revived: repeat",
    "revived: room",
    "revived: sent again",
    "new deadline",
    "new deadline: a send is promised",
    "give up: the gate's words",
    "dropped",
    "time went back",
    "the end of time",
    "gate refused a reservation",
    "gate refused a send",
    "gate held back a send",
    "gate said when to hedge",
    "gate said not to hedge",
];

/// Counts what random calls came across.
#[derive(Default)]
pub(crate) struct Coverage {
    /// Polls, verdicts handed in, cancels and resumes.
    pub(crate) steps: u64,
    pub(crate) calls: u64,
    counts: BTreeMap<&'static str, u64>,
}

impl Coverage {
    pub(crate) fn add(&mut self, record: &Record) {
        self.calls += 1;
        let mut before = 0;
        let mut due = None;
        let mut is_revived = false;
        for step in &record.steps {
            let is_step = !matches!(step.what, What::Start | What::Suspend | What::Drop);
            self.steps += u64::from(is_step);
            let at = step.at.as_nanos();
            if at < before {
                self.count("time went back");
            }
            if at == u64::MAX {
                self.count("the end of time");
            }
            before = at;
            self.add_what(step.what);
            match step.what {
                What::Resume(Ok(())) if due.is_some_and(|due| at.saturating_sub(due) >= 60_000_000_000) => {
                    self.count("resumed a minute late or more");
                }
                What::Operate(Operation::Revive, Ok(())) => is_revived = true,
                What::Poll(Did::Send(_)) if is_revived => {
                    self.count("revived: sent again");
                    is_revived = false;
                }
                _ => {}
            }
            due = step.told.and_then(|told| told.due);
            for asked in step.outer() {
                match asked.question {
                    Question::Reserve(_, Err(_)) => self.count("gate refused a reservation"),
                    Question::Settle(Cause::HEDGE, Settled::Unsent(_)) if matches!(step.what, What::Withdraw(..)) => {
                        self.count("withdrawn: a hedge");
                    }
                    Question::HedgeAfter(HedgeAfter::Delay(_)) => self.count("gate said when to hedge"),
                    Question::HedgeAfter(HedgeAfter::Never) => self.count("gate said not to hedge"),
                    Question::Admit(_, Admission::No(_)) => self.count("gate refused a send"),
                    Question::Admit(_, Admission::NotBefore(_)) => self.count("gate held back a send"),
                    _ => {}
                }
            }
        }
        // The end is given again for ever; it counts once.
        let end = record.steps.iter().filter_map(Step::did).find(|did| did.is_terminal());
        end.into_iter().for_each(|end| self.add_end(end));
    }

    fn add_what(&mut self, what: What) {
        match what {
            What::Poll(did) => self.add_action(did),
            What::Handle(_, _, handled) => self.count(match handled {
                Handled::Retry { .. } => "handled: retry",
                Handled::LaneEnded { .. } => "handled: lane ended",
                Handled::Over => "handled: over",
                Handled::Late => "handled: late",
                Handled::Unknown => "handled: unknown",
                _ => "handled: in a way that is new",
            }),
            What::Operate(operation, done) => self.count(match (operation, done) {
                (Operation::Hasten, _) => "hastened",
                (Operation::Revive, Ok(())) => "revived",
                (Operation::Revive, Err(StateError::Alive)) => "revived: alive",
                (Operation::Revive, Err(StateError::Policy(_))) => "revived: policy",
                (Operation::Revive, Err(StateError::Repeat)) => "revived: repeat",
                (Operation::Revive, Err(StateError::Room { .. })) => "revived: room",
                (Operation::Deadline(_), Ok(())) => "new deadline",
                (Operation::Deadline(_), Err(StateError::Deadline { .. })) => "new deadline: a send is promised",
                _ => "an operation that is refused for a reason that is new",
            }),
            What::Withdraw(_, handled) => self.count(match handled {
                Handled::Retry { .. } => "withdrawn: retry",
                Handled::LaneEnded { .. } => "withdrawn: lane ended",
                Handled::Over => "withdrawn: over",
                Handled::Late => "withdrawn: late",
                Handled::Unknown => "withdrawn: unknown",
                _ => "withdrawn: in a way that is new",
            }),
            What::Cancel => self.count("user gave up"),
            What::Suspend => self.count("suspended"),
            What::Resume(Ok(())) => self.count("resumed"),
            What::Resume(Err(StateError::Origin { .. })) => self.count("resumed: origin"),
            What::Resume(Err(_)) => self.count("resumed: not for a reason that is new"),
            What::Drop => self.count("dropped"),
            What::Start => {}
        }
    }

    fn add_action(&mut self, did: Did) {
        match did {
            Did::Send(sending) => {
                self.count(match sending.kind {
                    Kind::First => "send: first",
                    Kind::Retry => "send: retry",
                    Kind::Hedge => "send: hedge",
                    _ => "send: of a kind that is new",
                });
                if sending.lane >= 4 {
                    self.count("send in lane 4 or above");
                }
                if sending.id >= 10 {
                    self.count("send of attempt 10 or above");
                }
            }
            Did::Cancel(_, reason) => self.count(match reason {
                CancelReason::Timeout => "cancel: timeout",
                CancelReason::Lost => "cancel: lost",
                CancelReason::Deadline => "cancel: deadline",
                CancelReason::Cancelled => "cancel: cancelled",
                _ => "cancel: for a reason that is new",
            }),
            Did::Wait(until, reason) => {
                self.count(match reason {
                    WaitReason::Outcome => "wait: outcome",
                    WaitReason::Backoff => "wait: backoff",
                    WaitReason::Hedge => "wait: hedge",
                    WaitReason::AttemptTimeout => "wait: attempt_timeout",
                    WaitReason::Deadline => "wait: deadline",
                    WaitReason::Gate => "wait: gate",
                    _ => "wait: for a reason that is new",
                });
                if until.is_none() {
                    self.count("wait for ever");
                }
            }
            Did::Return(_) | Did::GiveUp(..) => {}
        }
    }

    fn add_end(&mut self, did: Did) {
        match did {
            Did::GiveUp(Ending { reason, refusal, last, hint }) => {
                if refusal.is_some() {
                    self.count("give up: the gate's words");
                }
                self.count(match reason {
                    Reason::Attempts => "give up: attempts",
                    Reason::Backoff => "give up: backoff",
                    Reason::Cancelled => "give up: cancelled",
                    Reason::Deadline => "give up: deadline",
                    Reason::Invalid => "give up: invalid",
                    Reason::NotRepeatable => "give up: not_repeatable",
                    Reason::Refused => "give up: refused",
                    Reason::RetryAfter => "give up: retry_after",
                    Reason::Stopped => "give up: stopped",
                    _ => "give up: for a reason that is new",
                });
                if hint.is_some() {
                    self.count("give up with a hint");
                }
                if last.is_none() {
                    self.count("give up without an attempt");
                }
            }
            _ => self.count("return"),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.steps += other.steps;
        self.calls += other.calls;
        for (what, count) in &other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }

    /// # Panics
    ///
    /// If something happened too rarely, or is not on the list of what has to happen.
    pub(crate) fn assert_nothing_is_missing(&self) {
        for what in ALL {
            let count = self.counts.get(what).copied().unwrap_or(0);
            assert!(count >= ENOUGH, "`{what}` happened {count} times; {self}");
        }
        let unlisted: Vec<_> = self.counts.keys().filter(|what| !ALL.contains(what)).collect();
        assert!(unlisted.is_empty(), "{unlisted:?} are not on the list of what has to happen");
    }
}

/// Writes how much there was of everything.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} steps of {} calls", self.steps, self.calls)?;
        for (what, count) in &self.counts {
            writeln!(f, "{count:>10}  {what}")?;
        }
        Ok(())
    }
}
