//! Lists and counts calls.

use insist_core::Instant;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::errors::told;
use super::rows::{columns, instant, read};
use super::transaction::SqliteTransaction;
use crate::backend::Row;
use crate::error::StoreError;
use crate::filter::Filter;
use crate::shown::QueueCounts;
use crate::status::Status;

impl SqliteTransaction<'_> {
    pub(super) fn list_calls(&mut self, now: Instant, filter: &Filter) -> Result<Vec<Row>, StoreError> {
        let mut sql = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE 1").to_string();
        let mut values: Vec<Value> = Vec::new();
        let queues: Vec<QueueCounts> = self.count_calls(now)?;
        // Paused and parked are worked out for each queue, so a filter becomes a list of queues.
        let ids: Vec<String> =
            queues.iter().filter(|queue| filter.fits(queue, now)).map(|queue| queue.id.to_string()).collect();
        if ids.len() < queues.len() {
            sql.push_str(&format!(" AND queue IN ({})", ids.join(",")));
        }
        match filter.status {
            Some(Status::Parked) => {
                let unserved: Vec<String> =
                    queues.iter().filter(|queue| queue.is_unserved).map(|queue| queue.id.to_string()).collect();
                sql.push_str(&format!(
                    " AND (status = 'parked' OR (status = 'pending' AND queue IN ({})))",
                    unserved.join(",")
                ));
            }
            Some(Status::Paused | Status::Pending) => sql.push_str(" AND due IS NOT NULL"),
            Some(status) => {
                sql.push_str(" AND due IS NULL AND status = ?");
                values.push(Value::Text(status.as_str().into()));
            }
            None => {}
        }
        if let Some(after) = filter.below {
            sql.push_str(" AND id < ?");
            values.push(Value::Integer(after));
        }
        sql.push_str(" ORDER BY id DESC LIMIT ?");
        values.push(Value::Integer(filter.limit as i64));
        let found: Vec<Row> = {
            let mut statement = self.inner.prepare(&sql).map_err(told)?;
            let rows = statement.query_map(params_from_iter(values), read).map_err(told)?;
            rows.collect::<Result<_, _>>().map_err(told)?
        };
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let mut row = self.named(row)?;
            if row.status == Status::Pending {
                if let Some(queue) = queues.iter().find(|queue| queue.id == row.queue) {
                    row.status = queue.shown(now);
                }
            }
            rows.push(row);
        }
        Ok(rows)
    }

    pub(super) fn count_calls(&mut self, _: Instant) -> Result<Vec<QueueCounts>, StoreError> {
        const COUNT: &str =
            "SELECT q.id, t.name, p.name, q.pending, q.parked, q.delivered, q.failed, q.unknown, q.cancelled,
            max(coalesce(t.paused_until, 0), coalesce(p.paused_until, 0)), t.held_until,
            coalesce(p.seen, 0) < (SELECT coalesce(max(seen), 0) FROM insist_policies) - 120000000000
            FROM insist_queues q JOIN insist_targets t ON t.id = q.target JOIN insist_policies p ON p.id = q.policy
            ORDER BY t.name, p.name";
        let mut statement = self.inner.prepare_cached(COUNT).map_err(told)?;
        let rows = statement
            .query_map([], |row| {
                let count = |column| row.get::<_, i64>(column).map(|count| count.max(0) as u64);
                Ok(QueueCounts {
                    id: row.get(0)?,
                    target: row.get(1)?,
                    policy: row.get(2)?,
                    pending: count(3)?,
                    parked: count(4)?,
                    delivered: count(5)?,
                    failed: count(6)?,
                    unknown: count(7)?,
                    cancelled: count(8)?,
                    paused_until: Some(row.get::<_, i64>(9)?).filter(|until| *until > 0).map(instant),
                    held_until: row.get::<_, Option<i64>>(10)?.map(instant),
                    is_unserved: row.get(11)?,
                })
            })
            .map_err(told)?;
        rows.collect::<Result<_, _>>().map_err(told)
    }
}
