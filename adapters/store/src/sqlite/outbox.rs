//! Enqueues a call in the caller's own transaction.

use insist_core::Instant;
use rusqlite::Connection;

use super::queues::Queues;
use super::schema;
use super::transaction::SqliteTransaction;
use crate::error::StoreError;
use crate::new_call::NewCall;

/// Makes the tables in a database of the program's own, if there are none.
///
/// # Errors
///
/// The database cannot be written, or a newer insist has made the tables.
pub fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    schema::prepare(connection)
}

/// Enqueues a call in the caller's transaction: it is kept if that commits, and only then. Returns whether its key was new.
///
/// This is the outbox: an order and the call that tells of it are written together, so that neither is without the other.
/// The tables have to be there: [`prepare`] makes them. Workers of other processes find the call when they next look, after
/// 20 ms.
///
/// ```
/// use insist_store::NewCall;
/// use insist_store::sqlite::{enqueue_in, prepare, rusqlite};
///
/// let mut database = rusqlite::Connection::open_in_memory()?;
/// prepare(&mut database)?;
/// database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)", [])?;
///
/// let transaction = database.transaction()?;
/// transaction.execute("INSERT INTO orders VALUES (17)", [])?;
/// enqueue_in(&transaction, &NewCall::new("order-17/paid", "webhooks").body(*b"17"))?;
/// transaction.commit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The call makes no sense, or the database cannot be written. Whether the transaction can go on then is SQLite's to say;
/// roll it back.
pub fn enqueue_in(connection: &Connection, call: &NewCall) -> Result<bool, StoreError> {
    let mut queues = Queues::default();
    let mut transaction = SqliteTransaction::new(connection, &mut queues);
    let is_new = transaction.insert_calls(Instant::since_epoch(), std::slice::from_ref(call))?;
    transaction.count_moves()?;
    Ok(is_new == [true])
}
