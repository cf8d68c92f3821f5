//! Pauses targets and policies, and keeps what is known of policies. No call is written for it.

use insist_core::Instant;
use rusqlite::params;

use super::errors::told;
use super::queues::named;
use super::rows::{instant, nanos};
use super::transaction::SqliteTransaction;
use crate::error::StoreError;
use crate::shown::StoredPolicy;
use crate::status::Status;

impl SqliteTransaction<'_> {
    pub(super) fn hold_target(&mut self, target: &str, until: Instant) -> Result<(), StoreError> {
        let hold = "UPDATE insist_targets SET held_until = ?1 WHERE name = ?2 AND coalesce(held_until, 0) < ?1";
        let mut hold = self.inner.prepare_cached(hold).map_err(told)?;
        hold.execute(params![nanos(until), target]).map_err(told)?;
        Ok(())
    }

    pub(super) fn pause(
        &mut self,
        table: &'static str,
        name: &str,
        until: Option<Instant>,
    ) -> Result<bool, StoreError> {
        let also = if until.is_none() && table == "insist_targets" { ", held_until = NULL" } else { "" };
        let pause = format!("UPDATE {table} SET paused_until = ?{also} WHERE name = ?");
        Ok(self.inner.execute(&pause, params![until.map(nanos), name]).map_err(told)? > 0)
    }

    pub(super) fn note_policies(&mut self, policies: &[String], now: Instant) -> Result<(), StoreError> {
        for policy in policies {
            let id = named(self.inner, "insist_policies", policy).map_err(told)?;
            let note = "UPDATE insist_policies SET seen = ?1 WHERE id = ?2 AND coalesce(seen, 0) < ?1";
            self.inner.execute(note, params![nanos(now), id]).map_err(told)?;
        }
        Ok(())
    }

    pub(super) fn unpark_calls(&mut self, policies: &[String], now: Instant) -> Result<u64, StoreError> {
        let mut unparked = 0;
        for policy in policies {
            let queues: Vec<i64> = {
                let queues = "SELECT q.id FROM insist_queues q JOIN insist_policies p ON p.id = q.policy
                              WHERE p.name = ? AND q.parked > 0";
                let mut statement = self.inner.prepare_cached(queues).map_err(told)?;
                let ids = statement.query_map([policy], |row| row.get(0)).map_err(told)?;
                ids.collect::<Result<_, _>>().map_err(told)?
            };
            for queue in queues {
                let unpark = "UPDATE insist_calls SET status = ?, fence = fence + 1, due = ?, last_error = NULL
                              WHERE due IS NULL AND status = ? AND queue = ?";
                let row = params![Status::Pending.as_str(), nanos(now), Status::Parked.as_str(), queue];
                let count = self.inner.execute(unpark, row).map_err(told)? as i64;
                self.moved(queue, Status::Parked, -count);
                self.moved(queue, Status::Pending, count);
                unparked += count as u64;
            }
        }
        Ok(unparked)
    }

    pub(super) fn define(&mut self, policy: &str, text: &str) -> Result<(), StoreError> {
        let id = named(self.inner, "insist_policies", policy).map_err(told)?;
        let define = "UPDATE insist_policies SET definition = ?1 WHERE id = ?2 AND definition IS NOT ?1";
        self.inner.execute(define, params![text, id]).map_err(told)?;
        Ok(())
    }

    pub(super) fn list_policies(&mut self) -> Result<Vec<StoredPolicy>, StoreError> {
        let list = "SELECT name, definition, paused_until, seen FROM insist_policies ORDER BY name";
        let mut statement = self.inner.prepare_cached(list).map_err(told)?;
        let policies = statement
            .query_map([], |row| {
                Ok(StoredPolicy {
                    name: row.get(0)?,
                    definition: row.get(1)?,
                    paused_until: row.get::<_, Option<i64>>(2)?.map(instant),
                    seen: row.get::<_, Option<i64>>(3)?.map(instant),
                })
            })
            .map_err(told)?;
        policies.collect::<Result<_, _>>().map_err(told)
    }
}
