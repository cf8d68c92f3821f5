//! Calls in a database of PostgreSQL, for workers on many machines.

mod change;
mod clock;
mod connection;
mod counts;
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
mod statements;
mod transaction;

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub use ::postgres;
use ::postgres::{Client, Config, NoTls};

use crate::backend::{Clock, Connection, Store};
use crate::error::StoreError;
use clock::DatabaseClock;
use connection::PostgresConnection;
pub use outbox::{enqueue_in, prepare};

/// Sets how long connecting may take, if the address does not say: 10 seconds.
const CONNECT: Duration = Duration::from_secs(10);

type Connect = dyn Fn() -> Result<Client, ::postgres::Error> + Send + Sync;

/// A store in a database of PostgreSQL, 12 or newer, which any number of processes on any number of machines share.
///
/// It goes by the database's clock, so that machines need not agree about the time. The database may be the program's own: the
/// tables' names begin with `insist_`, and are made where new tables are (`search_path`). Each process has two connections.
/// They wait for notifications, so a pooler between them and the database has to be in session mode.
///
/// Its functions block. Enqueuing can be awaited anywhere; call what operators do from async code with the runtime's
/// `spawn_blocking`.
#[derive(Clone)]
pub struct Postgres {
    connect: Arc<Connect>,
    clock: Arc<DatabaseClock>,
    is_made: bool,
}

impl Postgres {
    /// Names a database by its address, as in `postgres://user:password@host/database`, without TLS. For TLS there is
    /// [`connect_with`](Self::connect_with).
    ///
    /// ```no_run
    /// use insist_store::{Calls, NewCall, Postgres};
    ///
    /// let calls = Calls::open(Postgres::url("postgres://shop@db.example/shop")?)?;
    /// calls.enqueue(NewCall::new("order-17/paid", "webhooks").target("shop.example").body(*b"paid"))?;
    /// # Ok::<(), insist_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The address is none. It is not shown, since it may have a password.
    pub fn url(url: &str) -> Result<Self, StoreError> {
        let mut config: Config = url.parse().map_err(errors::told)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("insist");
        }
        Ok(Self::connect_with(move || config.connect(NoTls)))
    }

    /// Takes connections from a function, which is asked again when one is lost: for TLS, or for passwords that change.
    pub fn connect_with(connect: impl Fn() -> Result<Client, ::postgres::Error> + Send + Sync + 'static) -> Self {
        Self { connect: Arc::new(connect), clock: Arc::default(), is_made: true }
    }

    /// Says that the tables have to be there already: an operator who mistypes the database's name gets an error, and no
    /// new tables. Default: they are made.
    #[must_use]
    pub fn existing(self) -> Self {
        Self { is_made: false, ..self }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("is_made", &self.is_made).finish_non_exhaustive()
    }
}

impl Store for Postgres {
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        let made = PostgresConnection::open(Arc::clone(&self.connect), Arc::clone(&self.clock), self.is_made)?;
        Ok(Box::new(made))
    }

    fn clock(&self) -> Option<Clock> {
        let clock = Arc::clone(&self.clock);
        Some(Arc::new(move || clock.now()))
    }
}

/// Does something on a thread of its own: a client must be neither made nor dropped on a thread of an async runtime, where
/// it would panic.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}
