//! The numbers of queues, which never change, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use ::postgres::GenericClient;

use super::errors::told;
use super::statements::Statements;
use crate::error::StoreError;

/// The most queues that are kept in memory.
const KEPT: usize = 10_000;

/// A target with a policy.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Queue {
    pub(super) target: String,
    pub(super) policy: String,
}

#[derive(Default)]
pub(super) struct Queues {
    by_id: HashMap<i64, Arc<Queue>>,
    ids: HashMap<Arc<Queue>, i64>,
}

impl Queues {
    /// A transaction that is undone may have made some.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
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
        let queue = Queue { target: target.into(), policy: policy.into() };
        if let Some(id) = self.ids.get(&queue) {
            return Ok(Some(*id));
        }
        let found = statements.query(client, FIND, &[&target, &policy])?;
        let id = found.first().map(|row| row.get(0));
        if let Some(id) = id {
            self.keep(id, queue);
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
        if let Some(queue) = self.by_id.get(&id) {
            return Ok(Arc::clone(queue));
        }
        let found = statements.query(client, GET, &[&id])?;
        let row = found.first().ok_or_else(|| StoreError::Damaged(Arc::from(Box::from("a call has no queue"))))?;
        Ok(self.keep(id, Queue { target: row.get(0), policy: row.get(1) }))
    }

    fn keep(&mut self, id: i64, queue: Queue) -> Arc<Queue> {
        if self.by_id.len() >= KEPT {
            self.forget();
        }
        let queue = Arc::new(queue);
        self.by_id.insert(id, Arc::clone(&queue));
        self.ids.insert(Arc::clone(&queue), id);
        queue
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
