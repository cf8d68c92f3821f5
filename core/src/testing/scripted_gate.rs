//! A gate with scripted answers, which counts what it lets through.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::time::Duration;

use crate::attempt::Cause;
use crate::gate::{Admission, Gate, Refusal, Settled};
use crate::time::Instant;

/// A gate that answers what it was told to, one answer a question, and then lets everything pass. It counts what it
/// reserved and admitted, so that a test can assert that nothing leaks.
///
/// ```
/// use core::time::Duration;
/// use insist_core::testing::{Answer, ScriptedGate, rehearse};
/// use insist_core::{Policy, Verdict};
///
/// let gate = ScriptedGate::new([Answer::Hold(Duration::from_secs(1))]);
/// rehearse(&Policy::zero())
///     .gate(&gate)
///     .outcome(1, Duration::ZERO, Verdict::Accept)
///     .play()
///     .assert_waits([Duration::from_secs(1)])
///     .assert_returns(1);
/// gate.assert_nothing_open();
/// ```
#[derive(Debug, Default)]
pub struct ScriptedGate {
    /// The answers in reverse: the next one is last.
    answers: RefCell<Vec<Answer>>,
    reserved: Cell<i64>,
    admitted: Cell<i64>,
}

/// Says what a [`ScriptedGate`] answers to one question: whether a retry or hedge may be, or an attempt be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Lets the attempt pass.
    Pass,
    /// Delays the attempt by this span; a reservation passes.
    Hold(Duration),
    /// Refuses the attempt.
    Refuse,
}

const REFUSAL: Refusal = Refusal::new(&"the test's gate refuses");

impl ScriptedGate {
    /// Makes a gate that gives these answers, in order.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: Vec<Answer> = answers.into_iter().collect();
        answers.reverse();
        Self { answers: answers.into(), ..Self::default() }
    }

    /// Returns how many reservations were neither sent nor refunded.
    #[must_use]
    pub fn reserved(&self) -> i64 {
        self.reserved.get()
    }

    /// Returns how many attempts were admitted and not settled.
    #[must_use]
    pub fn in_flight(&self) -> i64 {
        self.admitted.get()
    }

    /// Asserts that whatever was reserved was sent or refunded, and whatever was admitted was settled, once each.
    ///
    /// # Panics
    ///
    /// If something is still open, or was given back twice.
    #[track_caller]
    pub fn assert_nothing_open(&self) {
        let (reserved, admitted) = (self.reserved(), self.in_flight());
        assert!(reserved == 0 && admitted == 0, "{reserved} reservations and {admitted} attempts are open");
    }

    fn answer(&self) -> Answer {
        self.answers.borrow_mut().pop().unwrap_or(Answer::Pass)
    }

    fn is_reserved(cause: &Cause) -> bool {
        *cause != Cause::FIRST
    }
}

fn add(cell: &Cell<i64>, number: i64) {
    cell.set(cell.get() + number);
}

impl Gate for ScriptedGate {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.answer() == Answer::Refuse {
            return Err(REFUSAL);
        }
        add(&self.reserved, 1);
        Ok(())
    }

    fn refund(&self, _: Instant, _: &Cause, _: Instant) {
        add(&self.reserved, -1);
    }

    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        match self.answer() {
            Answer::Refuse => return Admission::No(REFUSAL),
            Answer::Hold(span) => {
                return now.checked_add(span).map_or(Admission::No(REFUSAL), Admission::NotBefore);
            }
            Answer::Pass => {}
        }
        add(&self.admitted, 1);
        if Self::is_reserved(cause) {
            add(&self.reserved, -1);
        }
        Admission::Yes
    }

    fn settle(&self, _: Instant, cause: &Cause, settled: &Settled) {
        add(&self.admitted, -1);
        if matches!(settled, Settled::Unsent(_)) && Self::is_reserved(cause) {
            add(&self.reserved, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Reason;
    use crate::policy::Policy;
    use crate::testing::rehearse;
    use crate::verdict::Verdict;

    #[test]
    fn each_question_has_its_answer_and_nothing_leaks() {
        let second = Duration::from_secs(1);
        let gate = ScriptedGate::new([Answer::Hold(second), Answer::Pass, Answer::Refuse]);
        rehearse(&Policy::zero())
            .gate(&gate)
            .outcome(1, second, Verdict::retry())
            .play()
            .assert_waits([second])
            .assert_sends(1)
            .assert_gives_up(Reason::Refused);
        gate.assert_nothing_open();
        let hedge = ScriptedGate::new([Answer::Pass, Answer::Pass, Answer::Pass]);
        let race = Policy::zero().lanes(2);
        rehearse(&race).gate((&hedge, &hedge)).outcome(2, second, Verdict::Accept).play().assert_returns(2);
        hedge.assert_nothing_open();
    }

    #[test]
    #[should_panic = "0 reservations and 1 attempts are open"]
    fn what_is_open_is_told() {
        let gate = ScriptedGate::default();
        let _ = gate.admit(Instant::ZERO, &Cause::FIRST);
        gate.assert_nothing_open();
    }
}
