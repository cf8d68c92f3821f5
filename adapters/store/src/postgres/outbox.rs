//! Enqueues a call in the caller's own transaction.

use ::postgres::{Client, Transaction};
use insist_core::Instant;

use super::errors::told;
use super::queues::Queues;
use super::schema;
use super::statements::Statements;
use super::transaction::PostgresTransaction;
use crate::error::StoreError;
use crate::new_call::NewCall;

/// Makes the tables in a database of the program's own, if there are none.
///
/// # Errors
///
/// The database cannot be written, or a newer insist has made the tables.
pub fn prepare(client: &mut Client) -> Result<(), StoreError> {
    schema::prepare(client, true)
}

/// Enqueues a call in the caller's transaction: it is kept if that commits, and only then. Returns whether its key was new.
///
/// This is the outbox: an order and the call that tells of it are written together, so that neither is without the other.
/// The tables have to be there: [`prepare`] makes them. Workers are notified by the commit.
///
/// ```no_run
/// use insist_store::NewCall;
/// use insist_store::postgres::{enqueue_in, postgres, prepare};
///
/// let mut database = postgres::Client::connect("postgres://shop@db.example/shop", postgres::NoTls)?;
/// prepare(&mut database)?;
///
/// let mut transaction = database.transaction()?;
/// transaction.execute("INSERT INTO orders VALUES (17)", &[])?;
/// enqueue_in(&mut transaction, &NewCall::new("order-17/paid", "webhooks").body(*b"17"))?;
/// transaction.commit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The call makes no sense, or the database cannot be written. The transaction cannot go on then; roll it back.
pub fn enqueue_in(transaction: &mut Transaction<'_>, call: &NewCall) -> Result<bool, StoreError> {
    const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint";
    let nanos: i64 = transaction.query_one(NOW, &[]).map_err(told)?.get(0);
    let now = Instant::from_nanos(nanos.max(0) as u64);
    let (mut statements, mut queues) = (Statements::default(), Queues::default());
    let mut to = PostgresTransaction::new(transaction, &mut statements, &mut queues, true);
    let is_new = to.insert_calls(now, std::slice::from_ref(call))?;
    to.finish(now)?;
    Ok(is_new == [true])
}
