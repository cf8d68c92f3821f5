//! What random calls came across, counted, so that no change makes them pass by what matters.

use std::collections::BTreeMap;
use std::fmt;

use insist_core::{Admission, Handled, Kind, Reason, WaitReason};
use insist_tests::record::{Did, Question, Record, Step, What};

/// How often each of these has to happen at least, among ten million steps.
const ENOUGH: u64 = 5000;

const ALL: [&str; 38] = [
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
    "cancel",
    "cancel before the end",
    "handled: counted",
    "handled: late",
    "handled: over",
    "handled: unknown",
    "user gave up",
    "suspended",
    "resumed",
    "dropped",
    "time went back",
    "the end of time",
    "gate refused a reservation",
    "gate refused a send",
    "gate held back a send",
];

/// What random calls came across.
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
            self.add_what(step.what, step.is_over);
            for asked in step.outer() {
                match asked.question {
                    Question::Reserve(_, false) => self.count("gate refused a reservation"),
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

    fn add_what(&mut self, what: What, is_over: bool) {
        match what {
            What::Poll(did) => self.add_action(did, is_over),
            What::Handle(_, _, handled) => self.count(match handled {
                Handled::Counted => "handled: counted",
                Handled::Over => "handled: over",
                Handled::Late => "handled: late",
                Handled::Unknown => "handled: unknown",
            }),
            What::Cancel => self.count("user gave up"),
            What::Suspend => self.count("suspended"),
            What::Resume => self.count("resumed"),
            What::Drop => self.count("dropped"),
            What::Start => {}
        }
    }

    fn add_action(&mut self, did: Did, is_over: bool) {
        match did {
            Did::Send(sending) => {
                self.count(match sending.kind {
                    Kind::First => "send: first",
                    Kind::Retry => "send: retry",
                    Kind::Hedge => "send: hedge",
                });
                if sending.lane >= 4 {
                    self.count("send in lane 4 or above");
                }
                if sending.id >= 10 {
                    self.count("send of attempt 10 or above");
                }
            }
            Did::Cancel(_) => {
                self.count("cancel");
                if !is_over {
                    self.count("cancel before the end");
                }
            }
            Did::Wait(until, reason) => {
                self.count(match reason {
                    WaitReason::Outcome => "wait: outcome",
                    WaitReason::Backoff => "wait: backoff",
                    WaitReason::Hedge => "wait: hedge",
                    WaitReason::AttemptTimeout => "wait: attempt_timeout",
                    WaitReason::Deadline => "wait: deadline",
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
            Did::GiveUp(reason, last, hint) => {
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

/// How much of everything.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} steps of {} calls", self.steps, self.calls)?;
        for (what, count) in &self.counts {
            writeln!(f, "{count:>10}  {what}")?;
        }
        Ok(())
    }
}
