//! Changes a call for whoever has its fence.

use rusqlite::params;

use super::errors::told;
use super::rows::nanos;
use super::transaction::SqliteTransaction;
use crate::backend::Change;
use crate::error::StoreError;

impl SqliteTransaction<'_> {
    pub(super) fn change(&mut self, change: &Change) -> Result<bool, StoreError> {
        let mut update = self
            .inner
            .prepare_cached(
                "UPDATE insist_calls SET status = ?, fence = fence + 1, due = ?, claimed = ?, ended = ?, attempts = ?, last_status = ?,
                 last_error = ?, state = ?, log = ? WHERE id = ? AND fence = ?",
            )
            .map_err(told)?;
        let row = params![
            change.status.as_str(),
            change.due.map(nanos),
            change.claimed.map(nanos),
            change.ended.map(nanos),
            change.attempts,
            change.last_status,
            change.last_error,
            change.state,
            change.log,
            change.id,
            change.fence
        ];
        if update.execute(row).map_err(told)? == 0 {
            return Ok(false);
        }
        if change.from != change.status {
            self.moved(change.queue, change.from, -1);
            self.moved(change.queue, change.status, 1);
        }
        Ok(true)
    }
}
