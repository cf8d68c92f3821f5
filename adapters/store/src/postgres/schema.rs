//! The tables, and their version.

use ::postgres::Client;

use super::errors::told;
use crate::error::StoreError;

/// The version of the tables. A later one says here how to come to it from this.
const VERSION: i64 = 1;

/// As those of SQLite, but for the counts: workers of many machines would queue up for one row a queue, so what each
/// transaction moved is a row of its own, and they are added up now and then. Calls do not refer to their queues, which are
/// never removed: the check would lock the queue's row.
const TABLES: &str = "
CREATE TABLE insist_meta (name text PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE insist_targets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    paused_until bigint,
    held_until bigint
);
CREATE TABLE insist_policies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    paused_until bigint,
    seen bigint,
    definition text
);
CREATE TABLE insist_queues (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target bigint NOT NULL REFERENCES insist_targets(id),
    policy bigint NOT NULL REFERENCES insist_policies(id),
    UNIQUE (target, policy)
);
CREATE TABLE insist_counts (
    queue bigint NOT NULL,
    pending bigint NOT NULL,
    parked bigint NOT NULL,
    delivered bigint NOT NULL,
    failed bigint NOT NULL,
    unknown bigint NOT NULL,
    cancelled bigint NOT NULL
);
CREATE TABLE insist_calls (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    queue bigint NOT NULL,
    fence bigint NOT NULL DEFAULT 0,
    due bigint,
    seed bigint NOT NULL,
    created bigint NOT NULL,
    claimed bigint,
    ended bigint,
    attempts integer NOT NULL DEFAULT 0,
    last_status integer,
    status text NOT NULL,
    repeat text NOT NULL,
    last_error text,
    state bytea,
    log text NOT NULL DEFAULT ''
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE TABLE insist_bodies (call bigint PRIMARY KEY, body bytea NOT NULL);
CREATE INDEX insist_calls_due ON insist_calls(due, id) WHERE due IS NOT NULL;
CREATE INDEX insist_calls_queue ON insist_calls(queue, due, id) WHERE due IS NOT NULL;
CREATE INDEX insist_calls_status ON insist_calls(status, ended) WHERE due IS NULL;
INSERT INTO insist_meta VALUES ('version', 1);
";

/// Makes the tables if there are none, and they may be made.
pub(super) fn prepare(client: &mut Client, is_made: bool) -> Result<(), StoreError> {
    if is_known(client)? {
        return Ok(());
    }
    if !is_made {
        return Err(StoreError::Missing);
    }
    let mut transaction = client.transaction().map_err(told)?;
    // Two that make tables at once fail, whatever they say about tables that exist; one of them waits here.
    transaction.batch_execute("SELECT pg_advisory_xact_lock(hashtextextended('insist', 0))").map_err(told)?;
    if !is_known(&mut transaction)? {
        transaction.batch_execute(TABLES).map_err(told)?;
    }
    transaction.commit().map_err(told)
}

/// Returns whether the tables are there; they may not be of a newer version.
fn is_known(client: &mut impl ::postgres::GenericClient) -> Result<bool, StoreError> {
    // Read from the catalogue: `to_regclass` goes by what this connection remembers, and does not see what another has made.
    const TABLE: &str =
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = 'insist_meta' AND pg_table_is_visible(oid))";
    if !client.query_one(TABLE, &[]).map_err(told)?.get::<_, bool>(0) {
        return Ok(false);
    }
    let version = client.query_one("SELECT value FROM insist_meta WHERE name = 'version'", &[]).map_err(told)?;
    let found: i64 = version.get(0);
    if found > VERSION { Err(StoreError::Newer { found, known: VERSION }) } else { Ok(true) }
}
