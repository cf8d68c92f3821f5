//! Claims calls that are due: each is resumed and polled, and what that comes to is written before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use insist_core::{Action, Call, Instant, Policy, State, StateError};

use super::settle::{encoded, ended};
use super::{Claimed, Crew, LiveCall, Patient};
use crate::backend::{Ask, Change, Row, Transaction};
use crate::error::StoreError;
use crate::log::{AttemptRecord, AttemptWord, one_line};
use crate::status::Status;

/// Says what a row that was due comes to.
enum Looked {
    Send(Box<Claimed>, Change),
    Put(Change),
}

impl Crew {
    /// Claims at most this many calls, and says whether more may be due. What is returned is to be sent once the transaction
    /// has been committed.
    pub(crate) fn claim(
        &mut self,
        to: &mut dyn Transaction,
        now: Instant,
        want: usize,
    ) -> Result<(Vec<Claimed>, bool), StoreError> {
        let ask = Ask { now, want, policies: &self.names, per_target: self.per_target, busy: &self.busy };
        let rows = to.due(&ask)?;
        let has_more = rows.len() >= want;
        let (mut changes, mut claims) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            let Some(policy) = self.policies.get(&row.policy) else { continue };
            match self.look(row, policy, now) {
                Looked::Send(claimed, change) => {
                    claims.push((changes.len(), claimed));
                    changes.push(change);
                }
                Looked::Put(change) => changes.push(change),
            }
        }
        if changes.is_empty() {
            return Ok((Vec::new(), has_more));
        }
        let are_ours = to.put(&changes)?;
        Ok((claims.into_iter().filter(|(at, _)| are_ours[*at]).map(|(_, claimed)| *claimed).collect(), has_more))
    }

    /// Returns whether there is anything to claim.
    pub(crate) fn is_anything_due(&self, from: &mut dyn Transaction, now: Instant) -> Result<bool, StoreError> {
        let ask = Ask { now, want: 1, policies: &self.names, per_target: self.per_target, busy: &self.busy };
        Ok(!from.due(&ask)?.is_empty())
    }

    /// Takes note of claims that were committed.
    pub(crate) fn begin(&mut self, claims: &[Claimed]) {
        claims.iter().for_each(|claimed| self.took(&claimed.row.target));
    }

    fn look(&self, row: Row, policy: &Arc<Policy>, now: Instant) -> Looked {
        let mut change = Change::of(&row);
        let was_lost = match self.resume(&row, policy, now) {
            Ok((call, lost)) => return self.poll(row, change, call, lost, now),
            Err(error) => error,
        };
        // It waits for a policy, or an insist, with which it can go on.
        (change.status, change.due) = (Status::Parked, None);
        change.last_error = Some(one_line(&was_lost.to_string()));
        Looked::Put(change)
    }

    /// Goes on with the call of a row, or begins it; and says which attempt was lost since.
    fn resume(
        &self,
        row: &Row,
        policy: &Arc<Policy>,
        now: Instant,
    ) -> Result<(LiveCall, Option<(u32, Instant)>), StateError> {
        let gate = Patient::new(self.gate.clone());
        let Some(bytes) = &row.state else {
            // It began when it was due, however late it is sent: its deadline counts from then.
            let start = row.due.unwrap_or(now).min(now);
            return Ok((Call::new(Arc::clone(policy), gate, start, row.seed).repeat(row.repeat), None));
        };
        let mut state = State::<1>::decode(bytes)?;
        if state.has_ended() {
            state.revive(&**policy, now)?;
        }
        let lost = state.in_flight_after(0).map(|(id, _)| (id, row.claimed.unwrap_or(now)));
        let call = Call::try_resume(Arc::clone(policy), gate, now, state).map_err(|refused| refused.error)?;
        Ok((call, lost))
    }

    fn poll(
        &self,
        row: Row,
        mut change: Change,
        mut call: LiveCall,
        lost: Option<(u32, Instant)>,
        now: Instant,
    ) -> Looked {
        if let Some((attempt, sent)) = lost {
            let end = AttemptWord::Lost;
            AttemptRecord { attempt, sent, ended: now, end, status: None, error: None }.append(&mut change.log);
            (change.last_status, change.last_error) =
                (None, Some("its worker died, or took longer than its lease".into()));
        }
        loop {
            match call.poll(now) {
                Action::Send(attempt) => {
                    let timeout = attempt.timeout().unwrap_or(Duration::from_secs(60));
                    let before = Change::of(&row);
                    (change.state, change.attempts) = (Some(encoded(call.state())), call.state().attempts());
                    change.claimed = Some(now);
                    change.due = now.checked_add(timeout).and_then(|end| end.checked_add(self.margin));
                    let begin_by = now.checked_add(self.margin / 2).unwrap_or(now);
                    let claimed = Claimed { row, before, call, id: attempt.id, timeout, begin_by };
                    return Looked::Send(Box::new(claimed), change);
                }
                // Nothing is in flight in a call that was just resumed.
                Action::Cancel { .. } => {}
                Action::Wait { until, .. } => {
                    change.due = until.or(change.due);
                    (change.state, change.attempts) = (Some(encoded(call.state())), call.state().attempts());
                    return Looked::Put(change);
                }
                Action::Return(_) | Action::GiveUp(_) => {
                    let state = call.suspend();
                    ended(&mut change, &state, lost.is_some(), now);
                    return Looked::Put(change);
                }
            }
        }
    }
}
