//! The tables, and their version.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::errors::told;
use crate::error::StoreError;

/// The version of the tables. A later one says here how to come to it from this.
const VERSION: i64 = 1;

/// A call's row is small, because each attempt writes it twice; its body, which never changes, has a table of its own. A queue
/// is a target with a policy, and counts its calls by status.
const TABLES: &str = "
CREATE TABLE insist_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE insist_targets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    paused_until INTEGER,
    held_until INTEGER
) STRICT;
CREATE TABLE insist_policies (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    paused_until INTEGER,
    seen INTEGER,
    definition TEXT
) STRICT;
CREATE TABLE insist_queues (
    id INTEGER PRIMARY KEY,
    target INTEGER NOT NULL REFERENCES insist_targets(id),
    policy INTEGER NOT NULL REFERENCES insist_policies(id),
    pending INTEGER NOT NULL DEFAULT 0,
    parked INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    UNIQUE (target, policy)
) STRICT;
CREATE TABLE insist_calls (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    queue INTEGER NOT NULL REFERENCES insist_queues(id),
    status TEXT NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    due INTEGER,
    repeat TEXT NOT NULL,
    seed INTEGER NOT NULL,
    created INTEGER NOT NULL,
    claimed INTEGER,
    ended INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_status INTEGER,
    last_error TEXT,
    state BLOB,
    log TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE insist_bodies (call INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE INDEX insist_calls_due ON insist_calls(due) WHERE due IS NOT NULL;
CREATE INDEX insist_calls_queue ON insist_calls(queue, due) WHERE due IS NOT NULL;
CREATE INDEX insist_calls_status ON insist_calls(status, ended) WHERE due IS NULL;
CREATE INDEX insist_targets_paused ON insist_targets(id) WHERE paused_until IS NOT NULL OR held_until IS NOT NULL;
CREATE INDEX insist_policies_paused ON insist_policies(id) WHERE paused_until IS NOT NULL;
INSERT INTO insist_meta VALUES ('version', 1);
";

/// Makes the tables if there are none.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    if is_known(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
    // Another process may have made them meanwhile.
    if !is_known(&transaction)? {
        transaction.execute_batch(TABLES).map_err(told)?;
    }
    transaction.commit().map_err(told)
}

/// Returns whether the tables are there; they may not be of a newer version.
fn is_known(connection: &Connection) -> Result<bool, StoreError> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'insist_meta'";
    if connection.query_row(table, [], |_| Ok(())).optional().map_err(told)?.is_none() {
        return Ok(false);
    }
    let found: i64 = connection
        .query_row("SELECT value FROM insist_meta WHERE name = 'version'", [], |row| row.get(0))
        .map_err(told)?;
    if found > VERSION { Err(StoreError::Newer { found, known: VERSION }) } else { Ok(true) }
}
