//! The numbers of queues in the database, and in memory where they are known.

use std::sync::Arc;

use ::postgres::GenericClient;

use super::errors::told;
use super::statements::Statements;
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
        client: &mut impl GenericClient,
        statements: &mut Statements,
        target: &str,
        policy: &str,
    ) -> Result<Option<i64>, StoreError> {
        const FIND: &str = "SELECT q.id FROM insist_queues q JOIN insist_targets t ON t.id = q.target
            JOIN insist_policies p ON p.id = q.policy WHERE t.name = $1 AND p.name = $2";
        let queue = Queue::new(target, policy);
        if let Some(id) = self.0.id(&queue) {
            return Ok(Some(id));
        }
        let found = statements.query(client, FIND, &[&target, &policy])?;
        let id = found.first().map(|row| row.get(0));
        if let Some(id) = id {
            self.0.keep(id, queue);
        }
        Ok(id)
    }

    /// Makes a queue, if nobody else does meanwhile, and returns its number.
    pub(super) fn make(
        &mut self,
        client: &mut impl GenericClient,
        statements: &mut Statements,
        target: &str,
        policy: &str,
    ) -> Result<i64, StoreError> {
        const MAKE: &str = "INSERT INTO insist_queues (target, policy) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let of_target = named(client, "insist_targets", target)?;
        let of_policy = named(client, "insist_policies", policy)?;
        statements.query(client, MAKE, &[&of_target, &of_policy])?;
        // A statement of its own sees what another transaction has made.
        let made = self.find(client, statements, target, policy)?;
        made.ok_or_else(|| StoreError::Failed(Arc::from(Box::from("a queue that was made is not there"))))
    }

    /// Returns the queue with this number.
    pub(super) fn get(
        &mut self,
        client: &mut impl GenericClient,
        statements: &mut Statements,
        id: i64,
    ) -> Result<Arc<Queue>, StoreError> {
        const GET: &str = "SELECT t.name, p.name FROM insist_queues q JOIN insist_targets t ON t.id = q.target
            JOIN insist_policies p ON p.id = q.policy WHERE q.id = $1";
        if let Some(queue) = self.0.queue(id) {
            return Ok(queue);
        }
        let found = statements.query(client, GET, &[&id])?;
        let row = found.first().ok_or_else(|| StoreError::Damaged(Arc::from(Box::from("a call has no queue"))))?;
        Ok(self.0.keep(id, Queue { target: row.get(0), policy: row.get(1) }))
    }
}

/// Returns the number of a name in one of the two tables of names.
pub(super) fn named(client: &mut impl GenericClient, table: &'static str, name: &str) -> Result<i64, StoreError> {
    let find = format!("SELECT id FROM {table} WHERE name = $1");
    if let Some(row) = client.query_opt(&find, &[&name]).map_err(told)? {
        return Ok(row.get(0));
    }
    let make = format!("INSERT INTO {table} (name) VALUES ($1) ON CONFLICT DO NOTHING");
    client.execute(&make, &[&name]).map_err(told)?;
    client.query_one(&find, &[&name]).map_err(told).map(|row| row.get(0))
}
