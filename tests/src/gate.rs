//! A gate that answers by a script and notes every question, alone or as a member of others.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex};

use insist_core::{Admission, Cause, Gate, HedgeAfter, Instant, Percentile, Refusal, Settled};

use crate::record::{Asked, Question};

/// Says what a scripted gate answers to `admit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send it.
    Yes,
    /// Do not send it.
    No,
    /// Not before so many nanoseconds from now; 0 is not in the future.
    In(u64),
    /// Not before this instant, which may be past.
    At(u64),
}

/// Says how the gate that the machine has is made of scripted ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// One scripted gate.
    Alone,
    /// The same by reference, twice over.
    Borrowed,
    /// A tuple of two.
    Pair,
    /// A tuple of three, the last one in a `Box`.
    Triple,
    /// A tuple in a tuple.
    Nested,
}

/// The answers of one scripted gate. Each list is gone through again and again; an empty one always says yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// To `reserve`.
    pub reserve: Vec<bool>,
    /// To `admit`.
    pub admit: Vec<Answer>,
}

/// The notes of a scripted gate.
pub trait Notes {
    /// Adds a question, with its answer.
    fn add(&self, asked: Asked);
}

impl Notes for &RefCell<Vec<Asked>> {
    fn add(&self, asked: Asked) {
        self.borrow_mut().push(asked);
    }
}

/// Those of a call that several threads drive.
impl Notes for Arc<Mutex<Vec<Asked>>> {
    fn add(&self, asked: Asked) {
        self.lock().expect("a gate does not panic").push(asked);
    }
}

/// A gate that answers by a script and notes every question.
#[derive(Debug)]
pub struct Scripted<N> {
    number: u8,
    answers: Answers,
    hedge: Vec<HedgeAfter>,
    reserved: Cell<usize>,
    admitted: Cell<usize>,
    hedged: Cell<usize>,
    notes: N,
}

impl<N: Notes> Scripted<N> {
    /// A gate with these answers, which notes what it is asked under this number.
    #[must_use]
    pub fn new(number: u8, answers: Answers, notes: N) -> Self {
        let place = || Cell::new(0);
        Self { number, answers, hedge: Vec::new(), reserved: place(), admitted: place(), hedged: place(), notes }
    }

    /// The same with these answers to `hedge_after`, which are noted. Without any it leaves that to the policy.
    #[must_use]
    pub fn hedging(self, hedge: Vec<HedgeAfter>) -> Self {
        Self { hedge, ..self }
    }

    fn note(&self, now: Instant, question: Question) {
        self.notes.add(Asked { gate: self.number, now, question });
    }

    /// In words of its own, so that it can be told which gate said no.
    fn refusal(&self, words: &'static [&'static str; 4]) -> Refusal {
        Refusal::new(&words[usize::from(self.number) % words.len()])
    }
}

/// Holds what the gates of these numbers say when they refuse.
const RESERVE: [&str; 4] =
    ["the gate reserves none", "gate 1 reserves none", "gate 2 reserves none", "gate 3 reserves none"];
const ADMIT: [&str; 4] = ["the gate admits none", "gate 1 admits none", "gate 2 admits none", "gate 3 admits none"];

fn next<T: Copy>(list: &[T], place: &Cell<usize>) -> Option<T> {
    let answer = list.get(place.get() % list.len().max(1)).copied();
    place.set(place.get() + 1);
    answer
}

impl<N: Notes> Gate for Scripted<N> {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        let yes = next(&self.answers.reserve, &self.reserved).unwrap_or(true);
        let answer = if yes { Ok(()) } else { Err(self.refusal(&RESERVE)) };
        self.note(now, Question::Reserve(*cause, answer));
        answer
    }

    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        self.note(now, Question::Refund(*cause, reserved));
    }

    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        let admission = match next(&self.answers.admit, &self.admitted).unwrap_or(Answer::Yes) {
            Answer::Yes => Admission::Yes,
            Answer::No => Admission::No(self.refusal(&ADMIT)),
            Answer::In(span) => Admission::NotBefore(Instant::from_nanos(now.as_nanos().saturating_add(span))),
            Answer::At(at) => Admission::NotBefore(Instant::from_nanos(at)),
        };
        self.note(now, Question::Admit(*cause, admission));
        admission
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        self.note(now, Question::Settle(*cause, *settled));
    }

    fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
        let _ = percentile;
        let Some(answer) = next(&self.hedge, &self.hedged) else { return HedgeAfter::Policy };
        self.note(now, Question::HedgeAfter(answer));
        answer
    }
}

/// The gate that the machine has: notes what it is asked as gate 0, and is made of scripted ones.
#[derive(Debug)]
pub struct Watched<'a> {
    made: Made,
    members: [Scripted<&'a RefCell<Vec<Asked>>>; 3],
    notes: &'a RefCell<Vec<Asked>>,
}

impl<'a> Watched<'a> {
    /// A gate that is made like this of members with these answers.
    #[must_use]
    pub fn new(made: Made, answers: &[Answers; 3], notes: &'a RefCell<Vec<Asked>>) -> Self {
        let member = |number: u8| Scripted::new(number + 1, answers[usize::from(number)].clone(), notes);
        Self { made, members: [member(0), member(1), member(2)], notes }
    }

    /// The same, whose first member answers so to `hedge_after`.
    #[must_use]
    pub fn hedging(self, hedge: Vec<HedgeAfter>) -> Self {
        let [first, second, third] = self.members;
        Self { members: [first.hedging(hedge), second, third], ..self }
    }

    fn ask<T>(&self, question: impl Fn(&dyn Gate) -> T) -> T {
        let [first, second, third] = &self.members;
        match self.made {
            Made::Alone => question(first),
            Made::Borrowed => question(&&&first),
            Made::Pair => question(&(first, second)),
            Made::Triple => question(&(first, second, Box::new(third))),
            Made::Nested => question(&((first, second), third)),
        }
    }

    fn note(&self, now: Instant, question: Question) {
        self.notes.borrow_mut().push(Asked { gate: 0, now, question });
    }
}

impl Gate for Watched<'_> {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        let answer = self.ask(|gate| gate.reserve(now, cause));
        self.note(now, Question::Reserve(*cause, answer));
        answer
    }

    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        self.ask(|gate| gate.refund(now, cause, reserved));
        self.note(now, Question::Refund(*cause, reserved));
    }

    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        let answer = self.ask(|gate| gate.admit(now, cause));
        self.note(now, Question::Admit(*cause, answer));
        answer
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        self.ask(|gate| gate.settle(now, cause, settled));
        self.note(now, Question::Settle(*cause, *settled));
    }

    fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
        let answer = self.ask(|gate| gate.hedge_after(now, percentile));
        if !self.members[0].hedge.is_empty() {
            self.note(now, Question::HedgeAfter(answer));
        }
        answer
    }
}
