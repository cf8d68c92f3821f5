//! Pauses targets and policies, and keeps what is known of policies. No call is written for it.

use ::postgres::GenericClient;
use insist_core::Instant;

use super::queues::named;
use super::rows::{instant, nanos};
use super::transaction::PostgresTransaction;
use crate::error::StoreError;
use crate::shown::StoredPolicy;
use crate::status::Status;

impl<C: GenericClient> PostgresTransaction<'_, C> {
    pub(super) fn hold_target(&mut self, target: &str, until: Instant) -> Result<(), StoreError> {
        const HOLD: &str = "UPDATE insist_targets SET held_until = $1 WHERE name = $2 AND coalesce(held_until, 0) < $1";
        self.query(HOLD, &[&nanos(until), &target]).map(drop)
    }

    pub(super) fn pause(&mut self, sql: &'static str, name: &str, until: Option<Instant>) -> Result<bool, StoreError> {
        if until.is_none() {
            // Its calls go on.
            self.is_due(Instant::ZERO);
        }
        Ok(!self.query(sql, &[&until.map(nanos), &name])?.is_empty())
    }

    pub(super) fn note_policies(&mut self, policies: &[String], now: Instant) -> Result<(), StoreError> {
        const NOTE: &str = "UPDATE insist_policies SET seen = $1 WHERE id = $2 AND coalesce(seen, 0) < $1";
        let mut policies: Vec<&String> = policies.iter().collect();
        policies.sort_unstable();
        for policy in policies {
            let id = named(self.client, "insist_policies", policy)?;
            self.query(NOTE, &[&nanos(now), &id])?;
        }
        Ok(())
    }

    pub(super) fn unpark_calls(&mut self, policies: &[String], now: Instant) -> Result<u64, StoreError> {
        const UNPARK: &str =
            "UPDATE insist_calls SET status = 'pending', fence = fence + 1, due = $1, last_error = NULL
            WHERE due IS NULL AND status = 'parked' AND queue IN (SELECT q.id FROM insist_queues q
            JOIN insist_policies p ON p.id = q.policy WHERE p.name = ANY($2)) RETURNING queue";
        let queues = self.query(UNPARK, &[&nanos(now), &policies])?;
        for row in &queues {
            self.moved(row.get(0), Status::Parked, -1);
            self.moved(row.get(0), Status::Pending, 1);
            self.is_due(now);
        }
        Ok(queues.len() as u64)
    }

    pub(super) fn define(&mut self, policy: &str, text: &str) -> Result<(), StoreError> {
        const DEFINE: &str =
            "UPDATE insist_policies SET definition = $1 WHERE id = $2 AND definition IS DISTINCT FROM $1";
        let id = named(self.client, "insist_policies", policy)?;
        self.query(DEFINE, &[&text, &id]).map(drop)
    }

    pub(super) fn list_policies(&mut self) -> Result<Vec<StoredPolicy>, StoreError> {
        const LIST: &str =
            "SELECT name, definition, paused_until, seen FROM insist_policies ORDER BY name COLLATE \"C\"";
        let policies = self.query(LIST, &[])?;
        let read = |row: &::postgres::Row| StoredPolicy {
            name: row.get(0),
            definition: row.get(1),
            paused_until: row.get::<_, Option<i64>>(2).map(instant),
            seen: row.get::<_, Option<i64>>(3).map(instant),
        };
        Ok(policies.iter().map(read).collect())
    }
}
