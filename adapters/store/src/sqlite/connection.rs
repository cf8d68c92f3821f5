//! One connection to the file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{OpenFlags, TransactionBehavior};

use super::errors::told;
use super::queues::Queues;
use super::schema;
use super::transaction::SqliteTransaction;
use crate::backend::{Connection, Work};
use crate::error::StoreError;

/// Sets how long another process may keep the file locked.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct SqliteConnection {
    inner: rusqlite::Connection,
    queues: Queues,
    data_version: i64,
}

impl SqliteConnection {
    pub(super) fn open(path: &Path, is_made: bool) -> Result<Self, StoreError> {
        let create = if is_made { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
        let mut inner = rusqlite::Connection::open_with_flags(path, flags).map_err(told)?;
        inner.busy_timeout(PATIENCE).map_err(told)?;
        let mode: String = inner.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(told)?;
        debug_assert_eq!(mode, "wal");
        inner.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -16384").map_err(told)?;
        inner.set_prepared_statement_cache_capacity(64);
        schema::prepare(&mut inner)?;
        Ok(Self { inner, queues: Queues::default(), data_version: 0 })
    }
}

impl Connection for SqliteConnection {
    fn transact(&mut self, work: Work<'_>) -> Result<(), StoreError> {
        // Immediate: one that began by reading and then writes may fail, however long it waits for a lock.
        let transaction = self.inner.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
        let done = SqliteTransaction::new(&transaction, &mut self.queues).run(work);
        let done = done.and_then(|()| transaction.commit().map_err(told));
        if done.is_err() {
            self.queues.forget();
        }
        done
    }

    fn read(&mut self, work: Work<'_>) -> Result<(), StoreError> {
        let transaction = self.inner.transaction_with_behavior(TransactionBehavior::Deferred).map_err(told)?;
        work(&mut SqliteTransaction::new(&transaction, &mut self.queues))
    }

    fn has_changed(&mut self) -> Result<bool, StoreError> {
        let mut statement = self.inner.prepare_cached("PRAGMA data_version").map_err(told)?;
        let version = statement.query_row([], |row| row.get(0)).map_err(told)?;
        Ok(std::mem::replace(&mut self.data_version, version) != version)
    }
}
