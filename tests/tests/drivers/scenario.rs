//! A scenario: what a call is given, and what has to come of it, both written by hand. Times are virtual milliseconds.

use std::fmt::{self, Display};
use std::time::Duration;

use insist_core::{Breaker, Budget, NoOutcome, Policy, Reason, Repeat, Shape, Verdict};
use insist_tests::gate::{Answer, Answers, Notes, Scripted};
use insist_tests::words::ms;

/// Says what comes of an attempt, after so many milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Ok,
    /// An error that another attempt may mend.
    Fails,
    /// The same, of an attempt that was certainly not sent.
    Unsent,
    /// An error with a wait of at least so many milliseconds.
    AtLeast(u64),
    /// An error with a wait of exactly so many milliseconds.
    Exactly(u64),
    /// An error that no attempt will mend.
    Stops,
}

/// Holds what an attempt ends with: its id, and in an error what its judge is to say.
pub(crate) type Given = Result<u32, Failure>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    Failed {
        attempt: u32,
        verdict: Verdict,
    },
    /// No attempt ended with anything.
    None(NoOutcome),
}

impl From<NoOutcome> for Failure {
    fn from(none: NoOutcome) -> Self {
        Self::None(none)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { attempt, .. } => write!(f, "attempt {attempt} failed"),
            Self::None(none) => none.fmt(f),
        }
    }
}

pub(crate) fn judge(outcome: &Given) -> Verdict {
    match outcome {
        Ok(_) => Verdict::Accept,
        Err(Failure::Failed { verdict, .. }) => *verdict,
        Err(Failure::None(none)) => panic!("no attempt ends with {none:?}"),
    }
}

/// The attempt that ended with this.
pub(crate) fn attempt(given: &Given) -> u32 {
    match given {
        Ok(attempt) | Err(Failure::Failed { attempt, .. }) => *attempt,
        Err(Failure::None(none)) => panic!("no attempt ends with {none:?}"),
    }
}

/// Holds what a call with a fallback gives when it gives up.
pub(crate) const FALLBACK: u32 = 99;

/// Says which gate a call has.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    /// None at all.
    Open,
    /// Answers by a script.
    Scripted(Answers),
    /// A retry budget with this reserve, whose share of the first sends comes to nothing.
    Budget(u32),
    /// A breaker that opens when two attempts have failed.
    Breaker,
}

/// Says what made an attempt that is expected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made {
    First,
    Hedge(u8),
    /// A retry: its lane, and its number there.
    Retry(u8, u32),
}

/// An attempt that is expected: what made it, when it is sent, when it ends, and how.
pub(crate) type Row = (Made, u64, u64, &'static str);

/// Says how a call ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Returns(u32),
    GivesUp { at: u64, reason: Reason, last: Option<u32> },
}

#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) repeat: Repeat,
    pub(crate) guard: Guard,
    /// Says whether it runs by `race` and not by `retry`.
    pub(crate) races: bool,
    pub(crate) falls_back: bool,
    /// Something happens twice at one instant, which only virtual time can do.
    pub(crate) is_tied: bool,
    /// By how much everything is slower than written: for real time, where milliseconds may be too short.
    pub(crate) slower: u32,
    pub(crate) outcomes: Vec<(u32, u64, Outcome)>,
    pub(crate) rows: Vec<Row>,
    pub(crate) end: End,
    pub(crate) hint: Option<u64>,
    /// Until when its gate holds sends back.
    pub(crate) held: Vec<u64>,
    pub(crate) refusal: Option<&'static str>,
    pub(crate) says: &'static str,
}

/// The seed of every scenario.
pub(crate) const SEED: u64 = 7;

impl Scenario {
    /// Sets what nothing else says: no gate, always repeated, and a policy with several lanes races. Returns attempt 1.
    pub(crate) fn new(name: &'static str, policy: Policy) -> Self {
        Self {
            name,
            policy,
            repeat: Repeat::Always,
            guard: Guard::Open,
            races: policy.get_lanes() > 1,
            falls_back: false,
            is_tied: false,
            slower: 1,
            outcomes: Vec::new(),
            rows: Vec::new(),
            end: End::Returns(1),
            hint: None,
            held: Vec::new(),
            refusal: None,
            says: "",
        }
    }

    pub(crate) fn repeat(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }

    pub(crate) fn guard(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// A gate that answers by a script: to reservations, and to admissions.
    pub(crate) fn gate(self, reserve: &[bool], admit: &[Answer]) -> Self {
        self.guard(Guard::Scripted(Answers { reserve: reserve.to_vec(), admit: admit.to_vec() }))
    }

    /// Runs by `retry`, whatever its policy says.
    pub(crate) fn by_retry(self) -> Self {
        Self { races: false, ..self }
    }

    pub(crate) fn with_fallback(self) -> Self {
        Self { falls_back: true, ..self }
    }

    pub(crate) fn tied(self) -> Self {
        Self { is_tied: true, ..self }
    }

    /// Sets what comes of the attempts; one that is not listed never answers.
    pub(crate) fn given(self, outcomes: &[(u32, u64, Outcome)]) -> Self {
        Self { outcomes: outcomes.to_vec(), ..self }
    }

    /// The attempts that are expected, by id.
    pub(crate) fn sends(self, rows: &[Row]) -> Self {
        Self { rows: rows.to_vec(), ..self }
    }

    pub(crate) fn returns(self, attempt: u32) -> Self {
        Self { end: End::Returns(attempt), ..self }
    }

    /// It gives up then, for this reason, with the result of this attempt; and its error says this.
    pub(crate) fn gives_up(self, at: u64, reason: Reason, last: impl Into<Option<u32>>, says: &'static str) -> Self {
        Self { end: End::GivesUp { at, reason, last: last.into() }, says, ..self }
    }

    pub(crate) fn hands_back_hint(self, millis: u64) -> Self {
        Self { hint: Some(millis), ..self }
    }

    /// The gate holds a send back until each of these.
    pub(crate) fn held_until(self, millis: &[u64]) -> Self {
        Self { held: millis.to_vec(), ..self }
    }

    pub(crate) fn refused_by(self, refusal: &'static str) -> Self {
        Self { refusal: Some(refusal), ..self }
    }

    /// The same, slower. Only its order of events is then compared.
    pub(crate) fn slower(mut self, factor: u32) -> Self {
        self.policy = slower(self.policy, factor);
        self.slower = factor;
        self
    }

    /// Returns whether the driver ends an attempt that goes on: by a timeout, or because it lost.
    pub(crate) fn interrupts(&self) -> bool {
        self.rows.iter().any(|(.., end)| matches!(*end, "timeout" | "lost" | "deadline"))
    }

    /// When an attempt answers, and what.
    pub(crate) fn answer(&self, attempt: u32) -> Option<(Duration, Given)> {
        let (_, after, outcome) = *self.outcomes.iter().find(|(id, ..)| *id == attempt)?;
        let verdict = match outcome {
            Outcome::Ok => return Some((self.span(after), Ok(attempt))),
            Outcome::Fails => Verdict::retry(),
            Outcome::Unsent => Verdict::retry().unsent(),
            Outcome::AtLeast(wait) => Verdict::retry().after(self.span(wait)),
            Outcome::Exactly(wait) => Verdict::retry().exactly_after(self.span(wait)),
            Outcome::Stops => Verdict::Stop,
        };
        Some((self.span(after), Err(Failure::Failed { attempt, verdict })))
    }

    fn span(&self, millis: u64) -> Duration {
        ms(millis) * self.slower
    }

    /// A fresh gate, which notes what it is asked if it goes by a script.
    pub(crate) fn make_gate<N: Notes>(&self, notes: N) -> Option<Gated<N>> {
        let mut made = (None, None, None);
        match &self.guard {
            Guard::Open => return None,
            Guard::Scripted(answers) => {
                let slower = |answer: &Answer| match *answer {
                    Answer::In(span) => Answer::In(span * u64::from(self.slower)),
                    other => other,
                };
                let admit = answers.admit.iter().map(slower).collect();
                made.0 = Some(Scripted::new(1, Answers { reserve: answers.reserve.clone(), admit }, notes));
            }
            Guard::Budget(reserve) => made.1 = Some(Budget::new(0.1).with_reserve(*reserve)),
            Guard::Breaker => made.2 = Some(Breaker::new(0.5).min_throughput(2)),
        }
        Some(made)
    }
}

/// One of the gates that a scenario may have.
pub(crate) type Gated<N> = (Option<Scripted<N>>, Option<Budget>, Option<Breaker>);

/// The policy with every span longer.
fn slower(policy: Policy, factor: u32) -> Policy {
    let shape = match *policy.get_backoff() {
        Shape::Constant { base } => Shape::Constant { base: base * factor },
        Shape::Exponential { base, factor: growth } => Shape::Exponential { base: base * factor, factor: growth },
        other => other,
    };
    let mut slow = policy.shape(shape);
    if let Some(cap) = policy.get_cap() {
        slow = if policy.get_cap_stops() { slow.cap_that_stops(cap * factor) } else { slow.cap(cap * factor) };
    }
    if let Some(timeout) = policy.get_attempt_timeout() {
        slow = slow.attempt_timeout(timeout * factor);
    }
    if let Some(deadline) = policy.get_deadline() {
        slow = slow.deadline(deadline * factor);
    }
    if let Some(limit) = policy.get_hint_limit() {
        slow = slow.hint_limit(limit * factor);
    }
    slow.hedge_after(policy.get_hedge_after() * factor)
}
