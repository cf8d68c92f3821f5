//! Calls in a file, with SQLite.

mod change;
mod connection;
mod due;
mod errors;
mod insert;
mod list;
mod outbox;
mod pause;
mod prune;
mod queues;
mod rows;
mod schema;
mod transaction;

use std::path::PathBuf;

pub use rusqlite;

use crate::backend::{Connection, Store};
use crate::error::StoreError;
use connection::SqliteConnection;
pub use outbox::{enqueue_in, prepare};

/// A store in a file of SQLite, which any number of processes of one machine share.
///
/// A call that is acknowledged is on disk: connections write a log ahead and sync it at every commit (`journal_mode = WAL`,
/// `synchronous = FULL`). The file may be a database of the program's own: the tables' names begin with `insist_`. A file
/// on a network share loses calls, since SQLite's locks do not hold there.
#[derive(Clone, Debug)]
pub struct Sqlite {
    path: PathBuf,
    is_made: bool,
}

impl Sqlite {
    /// Names a file, which is made if it does not exist.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), is_made: true }
    }

    /// Names a file that has to exist: an operator who mistypes its name gets an error, and no new file.
    #[must_use]
    pub fn existing(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), is_made: false }
    }
}

impl Store for Sqlite {
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        Ok(Box::new(SqliteConnection::open(&self.path, self.is_made)?))
    }
}
