//! The numbers of queues in the database, and in memory where they are known.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::errors::told;
use crate::error::StoreError;
use crate::queue_names::{Queue, QueueNames};

#[derive(Default)]
pub(super) struct Queues(QueueNames);

impl Queues {
    /// A transaction that is undone may have made some.
    pub(super) fn forget(&mut self) {
        self.0.forget();
    }

    /// Returns the number of a queue, if there is one.
    pub(super) fn find(
        &mut self,
        connection: &Connection,
        target: &str,
        policy: &str,
    ) -> Result<Option<i64>, StoreError> {
        let queue = Queue::new(target, policy);
        if let Some(id) = self.0.id(&queue) {
            return Ok(Some(id));
        }
        let mut statement = connection
            .prepare_cached(
                "SELECT q.id FROM insist_queues q JOIN insist_targets t ON t.id = q.target
                 JOIN insist_policies p ON p.id = q.policy WHERE t.name = ? AND p.name = ?",
            )
            .map_err(told)?;
        let id = statement.query_row([target, policy], |row| row.get(0)).optional().map_err(told)?;
        if let Some(id) = id {
            self.0.keep(id, queue);
        }
        Ok(id)
    }

    /// Makes a queue, and returns its number.
    pub(super) fn make(&mut self, connection: &Connection, target: &str, policy: &str) -> Result<i64, StoreError> {
        let id = insert(connection, target, policy).map_err(told)?;
        self.0.keep(id, Queue::new(target, policy));
        Ok(id)
    }

    /// Returns the queue with this number.
    pub(super) fn get(&mut self, connection: &Connection, id: i64) -> Result<Arc<Queue>, StoreError> {
        if let Some(queue) = self.0.queue(id) {
            return Ok(queue);
        }
        let mut statement = connection
            .prepare_cached(
                "SELECT t.name, p.name FROM insist_queues q JOIN insist_targets t ON t.id = q.target
                 JOIN insist_policies p ON p.id = q.policy WHERE q.id = ?",
            )
            .map_err(told)?;
        let queue =
            statement.query_row([id], |row| Ok(Queue { target: row.get(0)?, policy: row.get(1)? })).map_err(told)?;
        Ok(self.0.keep(id, queue))
    }
}

fn insert(connection: &Connection, target: &str, policy: &str) -> Result<i64, rusqlite::Error> {
    let target = named(connection, "insist_targets", target)?;
    let policy = named(connection, "insist_policies", policy)?;
    connection.execute("INSERT INTO insist_queues (target, policy) VALUES (?, ?)", params![target, policy])?;
    Ok(connection.last_insert_rowid())
}

/// Returns the number of a name in one of the two tables of names.
pub(super) fn named(connection: &Connection, table: &'static str, name: &str) -> Result<i64, rusqlite::Error> {
    let find = format!("SELECT id FROM {table} WHERE name = ?");
    if let Some(id) = connection.query_row(&find, [name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    connection.execute(&format!("INSERT INTO {table} (name) VALUES (?)"), [name])?;
    Ok(connection.last_insert_rowid())
}
