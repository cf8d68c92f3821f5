//! Changes calls for whoever has their fences.

use std::collections::HashSet;

use ::postgres::GenericClient;

use super::rows::nanos;
use super::transaction::PostgresTransaction;
use crate::backend::Change;
use crate::error::StoreError;
use crate::status::Status;

impl<C: GenericClient> PostgresTransaction<'_, C> {
    pub(super) fn change(&mut self, changes: &[Change]) -> Result<Vec<bool>, StoreError> {
        const CHANGE: &str = "UPDATE insist_calls c SET status = u.status, fence = c.fence + 1, due = u.due,
            claimed = u.claimed, ended = u.ended, attempts = u.attempts, last_status = u.last_status,
            last_error = u.last_error, state = u.state, log = u.log
            FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::integer[],
                $8::integer[], $9::text[], $10::bytea[], $11::text[])
            u(id, fence, status, due, claimed, ended, attempts, last_status, last_error, state, log)
            WHERE c.id = u.id AND c.fence = u.fence RETURNING u.id, u.fence";
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        // Rows are locked in the order of their numbers, so that two do not wait for each other in a circle.
        let mut sorted: Vec<&Change> = changes.iter().collect();
        sorted.sort_unstable_by_key(|change| change.id);
        let ids: Vec<i64> = sorted.iter().map(|change| change.id).collect();
        let fences: Vec<i64> = sorted.iter().map(|change| change.fence).collect();
        let statuses: Vec<&str> = sorted.iter().map(|change| change.status.as_str()).collect();
        let due: Vec<Option<i64>> = sorted.iter().map(|change| change.due.map(nanos)).collect();
        let claimed: Vec<Option<i64>> = sorted.iter().map(|change| change.claimed.map(nanos)).collect();
        let ended: Vec<Option<i64>> = sorted.iter().map(|change| change.ended.map(nanos)).collect();
        let attempts: Vec<i32> = sorted.iter().map(|change| change.attempts as i32).collect();
        let last: Vec<Option<i32>> = sorted.iter().map(|change| change.last_status.map(i32::from)).collect();
        let errors: Vec<Option<&str>> = sorted.iter().map(|change| change.last_error.as_deref()).collect();
        let states: Vec<Option<&[u8]>> = sorted.iter().map(|change| change.state.as_deref()).collect();
        let logs: Vec<&str> = sorted.iter().map(|change| change.log.as_str()).collect();
        let done = self.query(
            CHANGE,
            &[&ids, &fences, &statuses, &due, &claimed, &ended, &attempts, &last, &errors, &states, &logs],
        )?;
        let done: HashSet<(i64, i64)> = done.iter().map(|row| (row.get(0), row.get(1))).collect();
        let are_done: Vec<bool> = changes.iter().map(|change| done.contains(&(change.id, change.fence))).collect();
        for (change, _) in changes.iter().zip(&are_done).filter(|(_, is_done)| **is_done) {
            if change.from != change.status {
                self.moved(change.queue, change.from, -1);
                self.moved(change.queue, change.status, 1);
            }
            if let Some(due) = change.due.filter(|_| change.status == Status::Pending) {
                self.is_due(due);
            }
        }
        Ok(are_done)
    }
}
