//! A transaction: the functions that a store has to have, each in the file of its name.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::postgres::GenericClient;
use insist_core::Instant;

use super::queues::Queues;
use super::rows::{columns, read};
use super::statements::{Params, Statements};
use crate::backend::{Ask, Change, Row, Transaction};
use crate::error::StoreError;
use crate::filter::Filter;
use crate::new_call::NewCall;
use crate::queue_names::Queue;
use crate::shown::{QueueCounts, StoredPolicy};
use crate::status::Status;

pub(super) const LISTEN: &str = "LISTEN insist_calls";
const NOTIFY: &str = "NOTIFY insist_calls";

/// The statuses that a queue counts, in the order of their columns.
pub(super) const COUNTED: [Status; 6] =
    [Status::Pending, Status::Parked, Status::Delivered, Status::Failed, Status::Unknown, Status::Cancelled];

pub(super) struct PostgresTransaction<'c, C: GenericClient> {
    pub(super) client: &'c mut C,
    pub(super) statements: &'c mut Statements,
    pub(super) queues: &'c mut Queues,
    /// Says whether rows that are found are locked.
    pub(super) is_writing: bool,
    /// Counts the calls of a queue that came to each status, or left it.
    pub(super) moves: BTreeMap<i64, [i64; COUNTED.len()]>,
    /// The earliest instant at which something has become due by this transaction.
    due: Option<Instant>,
}

impl<'c, C: GenericClient> PostgresTransaction<'c, C> {
    pub(super) fn new(
        client: &'c mut C,
        statements: &'c mut Statements,
        queues: &'c mut Queues,
        is_writing: bool,
    ) -> Self {
        Self { client, statements, queues, is_writing, moves: BTreeMap::new(), due: None }
    }

    /// Counts what was moved, and tells the workers of other processes if something is due: once, however much it is, since
    /// commits that notify wait for each other.
    pub(super) fn finish(mut self, now: Instant) -> Result<(), StoreError> {
        self.count_moves()?;
        if self.due.is_some_and(|due| due <= now) {
            self.client.batch_execute(NOTIFY).map_err(super::errors::told)?;
        }
        Ok(())
    }

    pub(super) fn is_due(&mut self, due: Instant) {
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// Takes note that so many calls of a queue came to a status, or left it.
    pub(super) fn moved(&mut self, queue: i64, status: Status, by: i64) {
        let counts = self.moves.entry(queue).or_default();
        if let Some(at) = COUNTED.iter().position(|counted| *counted == status) {
            counts[at] += by;
        }
    }

    pub(super) fn query(&mut self, sql: &'static str, params: Params<'_>) -> Result<Vec<::postgres::Row>, StoreError> {
        self.statements.query(self.client, sql, params)
    }

    pub(super) fn queue(&mut self, id: i64) -> Result<Arc<Queue>, StoreError> {
        self.queues.get(self.client, self.statements, id)
    }

    /// Reads a row, with the names of its queue.
    pub(super) fn named(&mut self, found: &::postgres::Row) -> Result<Row, StoreError> {
        let mut row = read(found)?;
        let queue = self.queue(row.queue)?;
        row.target.clone_from(&queue.target);
        row.policy.clone_from(&queue.policy);
        Ok(row)
    }

    fn first(&mut self, found: &[::postgres::Row]) -> Result<Option<Row>, StoreError> {
        found.first().map(|found| self.named(found)).transpose()
    }
}

impl<C: GenericClient> Transaction for PostgresTransaction<'_, C> {
    fn insert(&mut self, now: Instant, calls: &[NewCall]) -> Result<Vec<bool>, StoreError> {
        self.insert_calls(now, calls)
    }

    fn due(&mut self, ask: &Ask<'_>) -> Result<Vec<Row>, StoreError> {
        self.find_due(ask)
    }

    fn next_due(&mut self, now: Instant) -> Result<Option<Instant>, StoreError> {
        self.find_next_due(now)
    }

    fn put(&mut self, changes: &[Change]) -> Result<Vec<bool>, StoreError> {
        self.change(changes)
    }

    fn find(&mut self, key: &str) -> Result<Option<Row>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE key = $1");
        const LOCK: &str = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE key = $1 FOR UPDATE");
        let found = self.query(if self.is_writing { LOCK } else { FIND }, &[&key])?;
        self.first(&found)
    }

    fn find_id(&mut self, id: i64) -> Result<Option<Row>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE id = $1");
        const LOCK: &str = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE id = $1 FOR UPDATE");
        let found = self.query(if self.is_writing { LOCK } else { FIND }, &[&id])?;
        self.first(&found)
    }

    fn body(&mut self, id: i64) -> Result<Vec<u8>, StoreError> {
        let found = self.query("SELECT body FROM insist_bodies WHERE call = $1", &[&id])?;
        Ok(found.first().map(|row| row.get(0)).unwrap_or_default())
    }

    fn list(&mut self, now: Instant, filter: &Filter) -> Result<Vec<Row>, StoreError> {
        self.list_calls(now, filter)
    }

    fn hold(&mut self, target: &str, until: Instant) -> Result<(), StoreError> {
        self.hold_target(target, until)
    }

    fn pause_target(&mut self, target: &str, until: Option<Instant>) -> Result<bool, StoreError> {
        const PAUSE: &str = "UPDATE insist_targets SET paused_until = $1 WHERE name = $2 RETURNING 1";
        const RESUME: &str =
            "UPDATE insist_targets SET paused_until = $1, held_until = NULL WHERE name = $2 RETURNING 1";
        self.pause(if until.is_some() { PAUSE } else { RESUME }, target, until)
    }

    fn pause_policy(&mut self, policy: &str, until: Option<Instant>) -> Result<bool, StoreError> {
        self.pause("UPDATE insist_policies SET paused_until = $1 WHERE name = $2 RETURNING 1", policy, until)
    }

    fn serve(&mut self, policies: &[String], now: Instant) -> Result<(), StoreError> {
        self.note_policies(policies, now)?;
        self.add_up()
    }

    fn unpark(&mut self, policies: &[String], now: Instant) -> Result<u64, StoreError> {
        self.unpark_calls(policies, now)
    }

    fn counts(&mut self, _: Instant) -> Result<Vec<QueueCounts>, StoreError> {
        self.count_calls()
    }

    fn prune(&mut self, status: Status, before: Instant, most: usize) -> Result<u64, StoreError> {
        self.prune_calls(status, before, most)
    }

    fn define_policy(&mut self, policy: &str, text: &str) -> Result<(), StoreError> {
        self.define(policy, text)
    }

    fn policies(&mut self) -> Result<Vec<StoredPolicy>, StoreError> {
        self.list_policies()
    }
}
