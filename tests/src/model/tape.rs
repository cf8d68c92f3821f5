//! What a record says of one step, read off piece by piece: the gate's questions in order.

use insist_core::{Admission, Cause, HedgeAfter, Instant, Refusal, Settled};

use crate::record::{Asked, Question, Step};

pub(super) struct Tape<'r> {
    /// Holds what has an answer that the model needs, in order.
    questions: Vec<&'r Asked>,
    /// Holds what the gate was only told; the order among them does not matter.
    told: Vec<&'r Asked>,
}

impl<'r> Tape<'r> {
    pub(super) fn new(step: &'r Step) -> Self {
        let has_answer = |asked: &&Asked| {
            matches!(asked.question, Question::Reserve(..) | Question::Admit(..) | Question::HedgeAfter(_))
        };
        let (mut questions, told): (Vec<_>, Vec<_>) = step.outer().partition(has_answer);
        questions.reverse();
        Self { questions, told }
    }

    pub(super) fn reserve(&mut self, now: u64, cause: Cause) -> Result<Result<(), Refusal>, String> {
        match self.questions.pop() {
            Some(Asked { now: at, question: Question::Reserve(asked, answer), .. })
                if *asked == cause && at.as_nanos() == now =>
            {
                Ok(*answer)
            }
            other => Err(format!("the laws expect reserve {cause:?} at {now}, but it was {other:?}")),
        }
    }

    pub(super) fn admit(&mut self, now: u64, cause: Cause) -> Result<Admission, String> {
        match self.questions.pop() {
            Some(Asked { now: at, question: Question::Admit(asked, admission), .. })
                if *asked == cause && at.as_nanos() == now =>
            {
                Ok(*admission)
            }
            other => Err(format!("the laws expect admit {cause:?} at {now}, but it was {other:?}")),
        }
    }

    pub(super) fn hedge_after(&mut self, now: u64) -> Result<HedgeAfter, String> {
        match self.questions.pop() {
            Some(Asked { now: at, question: Question::HedgeAfter(answer), .. }) if at.as_nanos() == now => Ok(*answer),
            other => Err(format!("the laws expect hedge_after at {now}, but it was {other:?}")),
        }
    }

    pub(super) fn refund(&mut self, now: u64, cause: Cause, reserved: Instant) -> Result<(), String> {
        self.tell(now, Question::Refund(cause, reserved))
    }

    pub(super) fn settle(&mut self, now: u64, cause: Cause, settled: Settled) -> Result<(), String> {
        self.tell(now, Question::Settle(cause, settled))
    }

    fn tell(&mut self, now: u64, question: Question) -> Result<(), String> {
        let found = self.told.iter().position(|asked| asked.now.as_nanos() == now && asked.question == question);
        let index = found.ok_or_else(|| format!("the gate was not told {question:?} at {now}: {:?}", self.told))?;
        self.told.remove(index);
        Ok(())
    }

    /// Nothing more was asked or told.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.questions.first().or(self.told.first()) {
            None => Ok(()),
            Some(asked) => Err(format!("the laws do not expect {asked:?}")),
        }
    }
}
