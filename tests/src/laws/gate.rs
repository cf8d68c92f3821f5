//! What a gate may rely on: laws 11 and 12.

use insist_core::{Admission, AttemptEnd, Cause, Failure, Handled, Instant, Kind, Reason, Refusal, Settled, Verdict};

use crate::expected::told;
use crate::reading::Reading;
use crate::record::{Broken, Did, Ending, Operation, Question, Record, Step, What};

/// A refusal stops the one attempt that it is about, and a refused hedge leaves the call as it was.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_11(record: &Record) -> Result<(), Broken> {
    let mut lane_refused = false;
    let mut said = None;
    record.walk(|before, step, after| {
        let refusals = step.outer().filter_map(|asked| match asked.question {
            Question::Reserve(cause, Err(refusal)) => Some((cause.kind, refusal)),
            Question::Admit(cause, Admission::No(refusal)) => Some((cause.kind, refusal)),
            Question::Admit(cause, answer) if after.refuses(answer) => Some((cause.kind, TOO_LATE)),
            _ => None,
        });
        let refused: Vec<(Kind, Refusal)> = refusals.collect();
        match step.what {
            What::Operate(Operation::Revive, Ok(())) => lane_refused = false,
            // What was said before is not kept.
            What::Resume(Ok(())) => said = None,
            _ => {}
        }
        for (_, refusal) in refused.iter().filter(|(kind, _)| *kind != Kind::Hedge) {
            (lane_refused, said) = (true, Some(*refusal));
        }
        if let What::Poll(Did::GiveUp(Ending { reason, refusal, .. })) = step.what {
            if reason == Reason::Refused && !lane_refused {
                return Some("it gives up as refused, and only hedges were".into());
            }
            let expected = said.filter(|_| reason == Reason::Refused);
            if refusal != expected {
                return Some(format!("the gate that refused said {expected:?}, and it tells {refusal:?}"));
            }
        }
        let refused: Vec<Kind> = refused.into_iter().map(|(kind, _)| kind).collect();
        if refused.is_empty() || matches!(step.what, What::Suspend | What::Drop) {
            return None;
        }
        if let Some(flight) = after.flights.first().filter(|_| step.is_over && !before.is_over) {
            return Some(format!("a refusal ended the call, and attempt {} is in flight", flight.sending.id));
        }
        let is_alone =
            refused.iter().all(|kind| *kind == Kind::Hedge) && !matches!(step.what, What::Poll(Did::Cancel(..)));
        let keeps = before.promises.iter().all(|promise| {
            after.promises.iter().any(|other| other.reserved == promise.reserved)
                || step.did().is_some_and(|did| matches!(did, Did::Send(_)))
        });
        (is_alone && !step.is_over && !keeps).then(|| "a refused hedge cost a lane its wait".into())
    })
}

/// What the machine says where a gate asks for a wait that is past, or that the deadline does not leave.
const TOO_LATE: Refusal = Refusal::new(&"the wait that a gate asks for leaves no time");

/// Whatever was reserved is sent or refunded, and whatever was admitted is settled, exactly once, by every gate;
/// and of every retry the gates are told how the attempt before it failed, after a resume too.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_12(record: &Record) -> Result<(), Broken> {
    let mut accounts = vec![Account::default(); usize::from(record.gates()) + 1];
    let mut kept = Vec::new();
    record.walk(|before, step, after| {
        for asked in &step.asked {
            let account = &mut accounts[usize::from(asked.gate)];
            if let Some(why) = account.note(asked.now, asked.question, step) {
                return Some(format!("gate {}: {why}", asked.gate));
            }
        }
        if let Some(why) = tells_another_cause(&mut kept, before, step) {
            return Some(why);
        }
        if matches!(step.what, What::Operate(Operation::Revive, Ok(()))) {
            // It was put away, so nothing is open, whatever could not be followed until then.
            accounts.iter_mut().for_each(|account| *account = Account::default());
        }
        let is_closed = step.is_over || matches!(step.what, What::Suspend | What::Drop);
        if is_closed && after.is_sure && !after.promises.is_empty() {
            return Some(format!("nothing is to come, and {:?} is still reserved", after.promises));
        }
        let is_asked = |gate: usize| {
            gate == 0 || record.steps.iter().flat_map(|step| &step.asked).any(|asked| usize::from(asked.gate) == gate)
        };
        let judged = accounts.iter_mut().enumerate().filter(|(gate, _)| after.is_sure && is_asked(*gate));
        for (gate, account) in judged {
            if let Some(Did::Send(sending)) = step.did() {
                let since = match sending.kind {
                    Kind::Hedge => Some((Cause::HEDGE, after.clock)),
                    Kind::Retry => before.promise_of(sending.lane, step.admitted()).map(|index| {
                        let promise = &before.promises[index];
                        (promise.cause, promise.reserved)
                    }),
                    _ => None,
                };
                if since.is_some_and(|(cause, since)| !account.give(cause, since)) {
                    return Some(format!("gate {gate}: {sending:?} was not reserved"));
                }
            }
            let mut promised: Vec<_> = after.promises.iter().map(|promise| (promise.cause, promise.reserved)).collect();
            let mut in_flight: Vec<_> = after.flights.iter().map(|flight| (flight.cause, flight.at)).collect();
            if !is_same(&mut promised, &mut account.reserved) {
                return Some(format!("gate {gate}: {:?} is reserved for {promised:?}", account.reserved));
            }
            if !is_same(&mut in_flight, &mut account.admitted) {
                return Some(format!("gate {gate}: {:?} is admitted for {in_flight:?}", account.admitted));
            }
        }
        None
    })
}

/// What one gate holds, with the instants since when.
#[derive(Clone, Debug, Default)]
struct Account {
    reserved: Vec<(Cause, u64)>,
    admitted: Vec<(Cause, u64)>,
}

impl Account {
    fn note(&mut self, now: Instant, question: Question, step: &Step) -> Option<String> {
        match question {
            Question::Reserve(cause, Ok(())) => self.reserved.push((cause, now.as_nanos())),
            Question::Admit(cause, Admission::Yes) => self.admitted.push((cause, now.as_nanos())),
            Question::Refund(cause, reserved) if !self.give(cause, reserved.as_nanos()) => {
                return Some(format!("a {} is refunded that was not reserved at {reserved}", cause.kind));
            }
            Question::Settle(cause, settled) => {
                let (end, since) = match settled {
                    Settled::Ended(end, sent) => (Some(end), sent.as_nanos()),
                    _ => (None, now.as_nanos()),
                };
                let index = self.admitted.iter().position(|one| *one == (cause, since));
                let Some(index) = index else {
                    return Some(format!("a {} is settled that was not admitted at {since}", cause.kind));
                };
                self.admitted.remove(index);
                if end.is_some_and(|end| !is_end_of(end, step)) {
                    return Some(format!("{end:?} is not how the attempt ended"));
                }
            }
            _ => {}
        }
        None
    }

    fn give(&mut self, cause: Cause, since: u64) -> bool {
        let index = self.reserved.iter().position(|one| *one == (cause, since));
        index.map(|index| self.reserved.remove(index)).is_some()
    }
}

fn is_end_of(end: AttemptEnd, step: &Step) -> bool {
    match step.what {
        What::Handle(_, Verdict::Accept, Handled::Over) => end == AttemptEnd::Accept,
        What::Handle(_, Verdict::Stop, Handled::Over) => end == AttemptEnd::Stop,
        What::Handle(_, Verdict::Retry(failure), handled) if handled.counts() => end == AttemptEnd::Retry(failure),
        What::Poll(Did::Cancel(_, reason)) => end == reason.into(),
        What::Suspend | What::Drop => end == AttemptEnd::Cancelled,
        _ => false,
    }
}

/// A gate is told of a retry that follows another failure than the one before it. What was kept while the call was put
/// away is what was reserved then, and what was in flight, which counts as failed and possibly sent.
fn tells_another_cause(kept: &mut Vec<AttemptEnd>, before: &Reading<'_>, step: &Step) -> Option<String> {
    let asked = step.outer().filter_map(|asked| match asked.question {
        Question::Reserve(cause, _) if cause.kind == Kind::Retry => Some(cause.after()),
        _ => None,
    });
    match step.what {
        What::Suspend => {
            let reserved = step.outer().filter_map(|asked| match asked.question {
                Question::Refund(cause, _) => cause.after(),
                _ => None,
            });
            let lost = before.flights.iter().map(|_| AttemptEnd::Retry(Failure::new()));
            *kept = reserved.chain(lost).collect();
        }
        What::Resume(_) => {
            for after in asked {
                let place = kept.iter().position(|kept| Some(*kept) == after);
                let Some(place) = place else { return Some(format!("a retry after {after:?}, and {kept:?} was kept")) };
                kept.remove(place);
            }
        }
        What::Handle(_, Verdict::Retry(failure), _) => return wrong(told(AttemptEnd::Retry(failure)), asked),
        What::Poll(Did::Cancel(..)) => return wrong(AttemptEnd::Timeout, asked),
        _ => {}
    }
    None
}

fn wrong(end: AttemptEnd, mut asked: impl Iterator<Item = Option<AttemptEnd>>) -> Option<String> {
    let other = asked.find(|after| *after != Some(end))?;
    Some(format!("the attempt before it ended as {end:?}, and the gate is told {other:?}"))
}

fn is_same(some: &mut [(Cause, u64)], others: &mut [(Cause, u64)]) -> bool {
    let key = |(cause, at): &(Cause, u64)| (cause.kind.as_str(), *at, format!("{:?}", cause.after()));
    some.sort_by_cached_key(key);
    others.sort_by_cached_key(key);
    some == others
}
