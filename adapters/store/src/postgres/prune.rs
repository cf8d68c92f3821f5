//! Removes calls that are over, a bounded number at a time.

use ::postgres::GenericClient;
use insist_core::Instant;

use super::rows::nanos;
use super::transaction::PostgresTransaction;
use crate::error::StoreError;
use crate::status::Status;

impl<C: GenericClient> PostgresTransaction<'_, C> {
    pub(super) fn prune_calls(&mut self, status: Status, before: Instant, most: usize) -> Result<u64, StoreError> {
        const PRUNE: &str =
            "DELETE FROM insist_calls WHERE id = ANY(ARRAY(SELECT id FROM insist_calls WHERE due IS NULL
            AND status = $1 AND ended < $2 ORDER BY ended LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING id, queue";
        let pruned = self.query(PRUNE, &[&status.as_str(), &nanos(before), &(most as i64)])?;
        let ids: Vec<i64> = pruned.iter().map(|row| row.get(0)).collect();
        self.query("DELETE FROM insist_bodies WHERE call = ANY($1)", &[&ids])?;
        for row in &pruned {
            self.moved(row.get(1), status, -1);
        }
        Ok(ids.len() as u64)
    }
}
