//! What a gate may rely on: laws 11 and 12.

use core::time::Duration;

use insist_core::{Admission, End, Handled, Instant, Kind, Reason, Settled, Verdict};

use crate::record::{Broken, Did, Question, Record, Step, What};

/// A refusal stops the one attempt that it is about, and a refused hedge leaves the call as it was.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_11(record: &Record) -> Result<(), Broken> {
    let mut lane_refused = false;
    record.walk(|before, step, after| {
        let refusals = step.outer().filter_map(|asked| match asked.question {
            Question::Reserve(kind, false) => Some(kind),
            Question::Admit(kind, answer) if after.refuses(answer) => Some(kind),
            _ => None,
        });
        let refused: Vec<Kind> = refusals.collect();
        lane_refused |= refused.iter().any(|kind| *kind != Kind::Hedge);
        if matches!(step.what, What::Poll(Did::GiveUp(Reason::Refused, ..))) && !lane_refused {
            return Some("it gives up as refused, and only hedges were".into());
        }
        if refused.is_empty() || matches!(step.what, What::Suspend | What::Drop) {
            return None;
        }
        if let Some(flight) = after.flights.first().filter(|_| step.is_over && !before.is_over) {
            return Some(format!("a refusal ended the call, and attempt {} is in flight", flight.sending.id));
        }
        let is_alone =
            refused.iter().all(|kind| *kind == Kind::Hedge) && !matches!(step.what, What::Poll(Did::Cancel(_)));
        let keeps = before.promises.iter().all(|promise| {
            after.promises.iter().any(|other| other.reserved == promise.reserved)
                || step.did().is_some_and(|did| matches!(did, Did::Send(_)))
        });
        (is_alone && !step.is_over && !keeps).then(|| "a refused hedge cost a lane its wait".into())
    })
}

/// Whatever was reserved is sent or refunded, and whatever was admitted is settled, exactly once, by every gate.
///
/// # Errors
///
/// Where the record breaks it.
pub fn law_12(record: &Record) -> Result<(), Broken> {
    let mut accounts = vec![Account::default(); usize::from(record.gates()) + 1];
    record.walk(|before, step, after| {
        // A cancel is a timeout's unless the call is over.
        let is_timeout = !before.is_over && after.deadline.is_none_or(|deadline| after.clock < deadline);
        for asked in &step.asked {
            let account = &mut accounts[usize::from(asked.gate)];
            if let Some(why) = account.note(asked.now, asked.question, step, is_timeout) {
                return Some(format!("gate {}: {why}", asked.gate));
            }
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
                    Kind::First => None,
                    Kind::Hedge => Some(after.clock),
                    Kind::Retry => before.promise_of(sending.lane).map(|index| before.promises[index].reserved),
                };
                if since.is_some_and(|since| !account.give(sending.kind, since)) {
                    return Some(format!("gate {gate}: {sending:?} was not reserved"));
                }
            }
            let mut promised: Vec<_> = after.promises.iter().map(|promise| (Kind::Retry, promise.reserved)).collect();
            let mut in_flight: Vec<_> = after.flights.iter().map(|flight| (flight.sending.kind, flight.at)).collect();
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
    reserved: Vec<(Kind, u64)>,
    admitted: Vec<(Kind, u64)>,
}

impl Account {
    fn note(&mut self, now: Instant, question: Question, step: &Step, is_timeout: bool) -> Option<String> {
        match question {
            Question::Reserve(kind, true) => self.reserved.push((kind, now.as_nanos())),
            Question::Admit(kind, Admission::Yes) => self.admitted.push((kind, now.as_nanos())),
            Question::Refund(kind, reserved) if !self.give(kind, reserved.as_nanos()) => {
                return Some(format!("a {kind} is refunded that was not reserved at {reserved}"));
            }
            Question::Settle(kind, settled) => {
                let (end, span) = match settled {
                    Settled::Unsent => (None, Duration::ZERO),
                    Settled::Ended(end, span) => (Some(end), span),
                };
                let since = now.as_nanos() - span.as_nanos() as u64;
                let index = self.admitted.iter().position(|one| *one == (kind, since));
                let Some(index) = index else {
                    return Some(format!("a {kind} is settled that was not admitted at {since}"));
                };
                self.admitted.remove(index);
                if end.is_some_and(|end| !is_end_of(end, step, is_timeout)) {
                    return Some(format!("{end:?} is not how the attempt ended"));
                }
            }
            _ => {}
        }
        None
    }

    fn give(&mut self, kind: Kind, since: u64) -> bool {
        let index = self.reserved.iter().position(|one| *one == (kind, since));
        index.map(|index| self.reserved.remove(index)).is_some()
    }
}

fn is_end_of(end: End, step: &Step, is_timeout: bool) -> bool {
    match step.what {
        What::Handle(_, Verdict::Accept, Handled::Over) => end == End::Accept,
        What::Handle(_, Verdict::Stop, Handled::Over) => end == End::Stop,
        What::Handle(_, Verdict::Retry { sent, .. }, Handled::Counted | Handled::Over) => end == End::Retry(sent),
        What::Poll(Did::Cancel(_)) => end == if is_timeout { End::Timeout } else { End::Cancelled },
        What::Suspend | What::Drop => end == End::Cancelled,
        _ => false,
    }
}

fn is_same(some: &mut [(Kind, u64)], others: &mut [(Kind, u64)]) -> bool {
    let key = |(kind, at): &(Kind, u64)| (kind.as_str(), *at);
    some.sort_unstable_by_key(key);
    others.sort_unstable_by_key(key);
    some == others
}
