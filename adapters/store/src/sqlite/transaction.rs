//! A transaction: the functions that a store has to have, each in the file of its name.

use std::collections::HashMap;

use insist_core::Instant;
use rusqlite::{Connection, OptionalExtension, params};

use super::errors::told;
use super::queues::Queues;
use super::rows::{columns, read};
use crate::backend::{Ask, Change, Row, Transaction, Work};
use crate::error::StoreError;
use crate::filter::Filter;
use crate::new_call::NewCall;
use crate::shown::{QueueCounts, StoredPolicy};
use crate::status::Status;

/// The statuses that a queue counts, in the order of its columns.
const COUNTED: [Status; 6] =
    [Status::Pending, Status::Parked, Status::Delivered, Status::Failed, Status::Unknown, Status::Cancelled];

/// Counts the calls of a queue that came to each of them, or left it.
type Moves = HashMap<i64, [i64; COUNTED.len()]>;

pub(super) struct SqliteTransaction<'c> {
    pub(super) inner: &'c Connection,
    pub(super) queues: &'c mut Queues,
    moves: Moves,
}

impl<'c> SqliteTransaction<'c> {
    pub(super) fn new(inner: &'c Connection, queues: &'c mut Queues) -> Self {
        Self { inner, queues, moves: Moves::new() }
    }

    /// Does the work, and then counts what it moved: one write a queue, however many calls it was.
    pub(super) fn run(mut self, work: Work<'_>) -> Result<(), StoreError> {
        work(&mut self)?;
        self.count_moves()
    }

    /// Takes note that so many calls of a queue came to a status, or left it.
    pub(super) fn moved(&mut self, queue: i64, status: Status, by: i64) {
        let counts = self.moves.entry(queue).or_default();
        if let Some(at) = COUNTED.iter().position(|counted| *counted == status) {
            counts[at] += by;
        }
    }

    pub(super) fn count_moves(&mut self) -> Result<(), StoreError> {
        const COUNT: &str = "UPDATE insist_queues SET pending = pending + ?, parked = parked + ?,
            delivered = delivered + ?, failed = failed + ?, unknown = unknown + ?, cancelled = cancelled + ? WHERE id = ?";
        for (queue, counts) in self.moves.drain().filter(|(_, counts)| *counts != [0; COUNTED.len()]) {
            let [pending, parked, delivered, failed, unknown, cancelled] = counts;
            let row = params![pending, parked, delivered, failed, unknown, cancelled, queue];
            self.inner.prepare_cached(COUNT).and_then(|mut s| s.execute(row)).map_err(told)?;
        }
        Ok(())
    }

    /// Gives a row the names of its queue.
    pub(super) fn named(&mut self, mut row: Row) -> Result<Row, StoreError> {
        let queue = self.queues.get(self.inner, row.queue)?;
        row.target.clone_from(&queue.target);
        row.policy.clone_from(&queue.policy);
        Ok(row)
    }
}

impl Transaction for SqliteTransaction<'_> {
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
        changes.iter().map(|change| self.change(change)).collect()
    }

    fn find(&mut self, key: &str) -> Result<Option<Row>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE key = ?");
        let found = self.inner.prepare_cached(FIND).and_then(|mut s| s.query_row([key], read).optional());
        found.map_err(told)?.map(|found| self.named(found)).transpose()
    }

    fn find_id(&mut self, id: i64) -> Result<Option<Row>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM insist_calls c WHERE id = ?");
        let found = self.inner.prepare_cached(FIND).and_then(|mut s| s.query_row([id], read).optional());
        found.map_err(told)?.map(|found| self.named(found)).transpose()
    }

    fn body(&mut self, id: i64) -> Result<Vec<u8>, StoreError> {
        let mut statement = self.inner.prepare_cached("SELECT body FROM insist_bodies WHERE call = ?").map_err(told)?;
        statement.query_row([id], |row| row.get(0)).optional().map(Option::unwrap_or_default).map_err(told)
    }

    fn list(&mut self, now: Instant, filter: &Filter) -> Result<Vec<Row>, StoreError> {
        self.list_calls(now, filter)
    }

    fn hold(&mut self, target: &str, until: Instant) -> Result<(), StoreError> {
        self.hold_target(target, until)
    }

    fn pause_target(&mut self, target: &str, until: Option<Instant>) -> Result<bool, StoreError> {
        self.pause("insist_targets", target, until)
    }

    fn pause_policy(&mut self, policy: &str, until: Option<Instant>) -> Result<bool, StoreError> {
        self.pause("insist_policies", policy, until)
    }

    fn serve(&mut self, policies: &[String], now: Instant) -> Result<(), StoreError> {
        self.note_policies(policies, now)
    }

    fn unpark(&mut self, policies: &[String], now: Instant) -> Result<u64, StoreError> {
        self.unpark_calls(policies, now)
    }

    fn counts(&mut self, now: Instant) -> Result<Vec<QueueCounts>, StoreError> {
        self.count_calls(now)
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
