//! Lists calls.

use ::postgres::GenericClient;
use ::postgres::types::ToSql;
use insist_core::Instant;

use super::errors::told;
use super::rows::columns;
use super::transaction::PostgresTransaction;
use crate::backend::Row;
use crate::error::StoreError;
use crate::filter::Filter;
use crate::status::Status;

impl<C: GenericClient> PostgresTransaction<'_, C> {
    pub(super) fn list_calls(&mut self, now: Instant, filter: &Filter) -> Result<Vec<Row>, StoreError> {
        let counted = self.count_calls()?;
        // Paused and parked are worked out for each queue, so a filter becomes a list of queues.
        let queues: Vec<i64> = counted.iter().filter(|queue| filter.fits(queue, now)).map(|queue| queue.id).collect();
        let unserved: Vec<i64> = counted.iter().filter(|queue| queue.is_unserved).map(|queue| queue.id).collect();
        let (below, limit) = (filter.below.unwrap_or(i64::MAX), i64::try_from(filter.limit).unwrap_or(i64::MAX));
        let status = filter.status.map(Status::as_str);

        let mut sql = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE id < $1").to_string();
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&below, &limit];
        if queues.len() < counted.len() {
            values.push(&queues);
            sql.push_str(&format!(" AND queue = ANY(${})", values.len()));
        }
        match filter.status {
            Some(Status::Parked) => {
                values.push(&unserved);
                let at = values.len();
                sql.push_str(&format!(" AND (status = 'parked' OR (status = 'pending' AND queue = ANY(${at})))"));
            }
            Some(Status::Paused | Status::Pending) => sql.push_str(" AND due IS NOT NULL"),
            Some(_) => {
                values.push(&status);
                sql.push_str(&format!(" AND due IS NULL AND status = ${}", values.len()));
            }
            None => {}
        }
        sql.push_str(" ORDER BY id DESC LIMIT $2");
        let found = self.client.query(&sql, &values).map_err(told)?;
        let mut rows = Vec::with_capacity(found.len());
        for found in &found {
            let mut row = self.named(found)?;
            if row.status == Status::Pending {
                if let Some(queue) = counted.iter().find(|queue| queue.id == row.queue) {
                    row.status = queue.shown(now);
                }
            }
            rows.push(row);
        }
        Ok(rows)
    }
}
