//! Settles attempts that are over: what came of each is written for whoever has the fence.

use std::collections::HashMap;

use insist_core::{Handled, Instant, Reason, State, Verdict};

use super::{Claimed, Crew, Finished, Settled};
use crate::backend::{Change, Transaction};
use crate::error::StoreError;
use crate::log::{AttemptRecord, AttemptWord};
use crate::status::Status;

impl Crew {
    /// Judges an attempt that is over. It is written by the next [`settle`](Self::settle).
    pub(crate) fn finish(&mut self, finished: Finished) {
        self.gave_back(&finished.claimed.row.target);
        let settled = match &finished.outcome {
            Some(_) => judged(finished),
            None => given_back(finished),
        };
        self.unsettled.push(settled);
    }

    /// Writes what was judged. Until [`settled`](Self::settled) says that it was committed, it is kept.
    pub(crate) fn settle(&mut self, to: &mut dyn Transaction) -> Result<(), StoreError> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        let changes: Vec<Change> = self.unsettled.iter().map(|settled| settled.change.clone()).collect();
        let are_ours = to.put(&changes)?;
        // Of many hints the one that reaches furthest, so that a target is written once.
        let mut holds: HashMap<&str, Instant> = HashMap::new();
        for (target, until) in self.unsettled.iter().filter_map(|settled| settled.hold.as_ref()) {
            let held = holds.entry(target).or_insert(*until);
            *held = (*held).max(*until);
        }
        for (target, until) in holds {
            to.hold(target, until)?;
        }
        for (settled, is_ours) in self.unsettled.iter().zip(are_ours) {
            if let (false, Some(late)) = (is_ours, &settled.late) {
                lift(to, settled.change.id, late)?;
            }
        }
        Ok(())
    }

    /// Takes note that what was judged is on disk.
    pub(crate) fn settled(&mut self) {
        self.unsettled.clear();
    }
}

fn judged(finished: Finished) -> Settled {
    let Finished { claimed, sent, ended: at, outcome } = finished;
    let Claimed { row, mut call, id, .. } = claimed;
    let Some(outcome) = outcome else { unreachable!("what was not sent is given back") };
    let end = match outcome.verdict {
        Verdict::Accept => AttemptWord::Accept,
        Verdict::Retry(_) => AttemptWord::Retry,
        _ => AttemptWord::Stop,
    };
    let record = AttemptRecord { attempt: id, sent, ended: at, end, status: outcome.status, error: outcome.error };
    let hint = match outcome.verdict {
        Verdict::Retry(failure) => failure.hint,
        _ => None,
    };
    let policy = call.policy();
    let limit = policy.get_hint_limit();
    let hint = hint.filter(|_| policy.get_hints() && outcome.holds_target && !row.target.is_empty());
    let hint = hint.map(insist_core::Hint::span).filter(|span| limit.is_none_or(|limit| *span <= limit));
    let hold = hint.and_then(|span| at.checked_add(span)).map(|until| (row.target.clone(), until));

    let handled = call.handle(at, id, outcome.verdict);
    debug_assert_ne!(handled, Handled::Unknown);
    let mut change = claimed.before;
    change.fence += 1;
    (change.last_status, change.last_error) = (record.status, record.error.clone());
    record.append(&mut change.log);
    let state = call.suspend();
    if state.has_ended() {
        ended(&mut change, &state, false, at);
    } else {
        (change.due, change.attempts) = (state.due(), state.attempts());
        change.state = Some(encoded(&state));
    }
    let late = (end == AttemptWord::Accept).then_some(AttemptRecord { end: AttemptWord::Late, ..record });
    Settled { change, late, hold }
}

/// It was not sent after all: the row is as it was before, and its gate hears so.
fn given_back(finished: Finished) -> Settled {
    let Claimed { before, mut call, id, .. } = finished.claimed;
    let _ = call.withdraw(finished.ended, id);
    let mut change = before;
    change.fence += 1;
    Settled { change, late: None, hold: None }
}

/// The row has gone on without an attempt that was accepted. If it ended without knowing, now it is known.
fn lift(to: &mut dyn Transaction, id: i64, late: &AttemptRecord) -> Result<(), StoreError> {
    let Some(row) = to.find_id(id)? else { return Ok(()) };
    if !matches!(row.status, Status::Unknown | Status::Failed) {
        return Ok(());
    }
    let mut change = Change::of(&row);
    change.status = Status::Delivered;
    (change.last_status, change.last_error) = (late.status, None);
    late.append(&mut change.log);
    to.put(&[change]).map(drop)
}

/// The call of a row is over.
pub(super) fn ended(change: &mut Change, state: &State, was_lost: bool, now: Instant) {
    change.status = match state.reason() {
        None => Status::Delivered,
        // It may have been carried out, and nobody will know: it was lost, or must not be repeated to find out.
        Some(Reason::NotRepeatable) => Status::Unknown,
        Some(_) if was_lost => Status::Unknown,
        Some(_) => Status::Failed,
    };
    if change.last_error.is_none() && change.last_status.is_none() {
        change.last_error = state.reason().map(|reason| reason.sentence().into());
    }
    (change.due, change.ended) = (None, Some(now));
    (change.state, change.attempts) = (Some(encoded(state)), state.attempts());
}

pub(super) fn encoded(state: &State) -> Vec<u8> {
    let mut buffer = [0; State::<1>::BYTES];
    // A state that a call came to has an encoding, and there is room for it.
    state.encode(&mut buffer).map(<[u8]>::to_vec).unwrap_or_default()
}
