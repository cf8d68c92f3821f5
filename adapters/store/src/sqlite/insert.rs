//! Enqueues calls.

use insist_core::Instant;
use rusqlite::params;

use super::errors::told;
use super::rows::nanos;
use super::transaction::SqliteTransaction;
use crate::error::StoreError;
use crate::new_call::NewCall;
use crate::status::Status;

impl SqliteTransaction<'_> {
    pub(super) fn insert_calls(&mut self, now: Instant, calls: &[NewCall]) -> Result<Vec<bool>, StoreError> {
        calls.iter().map(|call| self.insert_call(now, call)).collect()
    }

    fn insert_call(&mut self, now: Instant, call: &NewCall) -> Result<bool, StoreError> {
        call.check()?;
        let queue = match self.queues.find(self.inner, &call.target, &call.policy)? {
            Some(queue) => queue,
            // A key that is known makes no queue.
            None if self.is_known(&call.key)? => return Ok(false),
            None => self.queues.make(self.inner, &call.target, &call.policy)?,
        };
        let mut insert = self
            .inner
            .prepare_cached(
                "INSERT INTO insist_calls (key, queue, status, due, repeat, seed, created) VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (key) DO NOTHING",
            )
            .map_err(told)?;
        let (status, due, repeat) = (Status::Pending, call.due.unwrap_or(now), call.repeat.as_str());
        let row = params![call.key, queue, status.as_str(), nanos(due), repeat, call.seed as i64, nanos(now)];
        if insert.execute(row).map_err(told)? == 0 {
            return Ok(false);
        }
        if !call.body.is_empty() {
            let id = self.inner.last_insert_rowid();
            let mut insert =
                self.inner.prepare_cached("INSERT INTO insist_bodies (call, body) VALUES (?, ?)").map_err(told)?;
            insert.execute(params![id, call.body]).map_err(told)?;
        }
        self.moved(queue, Status::Pending, 1);
        Ok(true)
    }

    fn is_known(&self, key: &str) -> Result<bool, StoreError> {
        let mut find = self.inner.prepare_cached("SELECT 1 FROM insist_calls WHERE key = ?").map_err(told)?;
        find.exists([key]).map_err(told)
    }
}
