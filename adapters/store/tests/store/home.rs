//! A store in a file of SQLite, in a folder of its own.

use std::path::PathBuf;

use insist_store::Sqlite;
use insist_store::sqlite::rusqlite::Connection;
use tempfile::TempDir;

/// Makes the state of every call one that nobody can read.
pub(crate) const SPOIL: &str = "UPDATE insist_calls SET state = CAST(x'ff' || substr(state, 2) AS BLOB)";

pub(crate) struct Home(TempDir);

impl Home {
    #[expect(clippy::unnecessary_wraps, reason = "other stores are not everywhere")]
    pub(crate) fn new() -> Option<Self> {
        // In memory where there is such a folder: what is tested here waits for no disk.
        Some(Self(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("calls.db")
    }

    pub(crate) fn store(&self) -> Sqlite {
        Sqlite::file(self.path())
    }

    pub(crate) fn execute(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }

    /// Counts every row that is written from now on, by whatever connection.
    pub(crate) fn count_writes(&self) {
        let mut sql = "CREATE TABLE written (rows INTEGER); INSERT INTO written VALUES (0);".to_string();
        for table in ["calls", "bodies", "queues", "targets", "policies", "meta"] {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                sql.push_str(&format!(
                    "CREATE TRIGGER {table}_{event} AFTER {event} ON insist_{table}
                    BEGIN UPDATE written SET rows = rows + 1; END;"
                ));
            }
        }
        self.execute(&sql);
    }

    pub(crate) fn written(&self) -> i64 {
        let file = Connection::open(self.path()).unwrap();
        file.query_row("SELECT rows FROM written", [], |row| row.get(0)).unwrap()
    }

    /// Returns how many bytes it takes.
    pub(crate) fn size(&self) -> u64 {
        std::fs::metadata(self.path()).unwrap().len()
    }
}
