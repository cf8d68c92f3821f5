//! Removes calls that are over, a bounded number at a time.

use std::collections::HashMap;

use insist_core::Instant;
use rusqlite::params;

use super::errors::told;
use super::rows::nanos;
use super::transaction::SqliteTransaction;
use crate::error::StoreError;
use crate::status::Status;

impl SqliteTransaction<'_> {
    pub(super) fn prune_calls(&mut self, status: Status, before: Instant, most: usize) -> Result<u64, StoreError> {
        let find =
            "SELECT id, queue FROM insist_calls WHERE due IS NULL AND status = ? AND ended < ? ORDER BY ended LIMIT ?";
        let found: Vec<(i64, i64)> = {
            let mut statement = self.inner.prepare_cached(find).map_err(told)?;
            let row = params![status.as_str(), nanos(before), most as i64];
            let rows = statement.query_map(row, |row| Ok((row.get(0)?, row.get(1)?))).map_err(told)?;
            rows.collect::<Result<_, _>>().map_err(told)?
        };
        let mut queues: HashMap<i64, i64> = HashMap::new();
        for (id, queue) in &found {
            for sql in ["DELETE FROM insist_calls WHERE id = ?", "DELETE FROM insist_bodies WHERE call = ?"] {
                self.inner.prepare_cached(sql).and_then(|mut s| s.execute([id])).map_err(told)?;
            }
            *queues.entry(*queue).or_default() += 1;
        }
        for (queue, count) in queues {
            self.moved(queue, status, -count);
        }
        Ok(found.len() as u64)
    }
}
