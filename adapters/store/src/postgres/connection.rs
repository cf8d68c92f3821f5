//! One connection to the database, which is made again when it is lost.

use std::sync::Arc;
use std::time::{Duration, Instant as Clocked};

use ::postgres::fallible_iterator::FallibleIterator;
use ::postgres::{Client, SimpleQueryMessage};
use insist_core::Instant;

use super::clock::DatabaseClock;
use super::errors::told;
use super::queues::Queues;
use super::statements::Statements;
use super::transaction::{LISTEN, PostgresTransaction};
use super::{Connect, apart, schema};
use crate::backend::{Connection, Work};
use crate::error::StoreError;

/// Sets how often calls are looked for without a notification: one that was due later becomes due without one.
const LOOK: Duration = Duration::from_secs(1);
/// Sets how long a look at what was notified takes, if nothing was.
const HEAR: Duration = Duration::from_millis(1);
/// Sets how often a transaction is tried again after a deadlock.
const TRIES: u32 = 3;
/// After so many rows of counts they are added up, also where no worker does so.
const ADD_UP: usize = 1_000;
/// Sets what holds for every connection. A process that is stopped in a transaction holds up nobody for long; a commit
/// is on disk; short statements are not worth compiling.
const SETTINGS: &str = "
SET lock_timeout = '20s';
SET idle_in_transaction_session_timeout = '15s';
SET jit = off;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
";
/// Begins, and reads the database's clock on the way.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint";
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint";

pub(super) struct PostgresConnection {
    connect: Arc<Connect>,
    clock: Arc<DatabaseClock>,
    session: Option<Session>,
    /// When calls were last looked for.
    looked: Clocked,
}

/// Holds what ends with the connection.
struct Session {
    client: Client,
    statements: Statements,
    queues: Queues,
    listens: bool,
    /// Counts the rows of counts that it has written since it added them up.
    written: usize,
}

impl Session {
    fn open(connect: &Connect) -> Result<Self, StoreError> {
        let mut client = connect().map_err(told)?;
        client.batch_execute(SETTINGS).map_err(told)?;
        Ok(Self { client, statements: Statements::default(), queues: Queues::default(), listens: false, written: 0 })
    }

    /// Returns whether others have notified since this was asked last, or may have before it was asked at all.
    fn has_heard(&mut self) -> Result<bool, StoreError> {
        let mut has_heard = !self.listens;
        if !self.listens {
            self.client.batch_execute(LISTEN).map_err(told)?;
            self.listens = true;
        }
        let mut notifications = self.client.notifications();
        // Without a wait the client does not look at its socket.
        let mut heard = notifications.timeout_iter(HEAR);
        while heard.next().map_err(told)?.is_some() {
            has_heard = true;
        }
        Ok(has_heard)
    }
}

impl PostgresConnection {
    pub(super) fn open(connect: Arc<Connect>, clock: Arc<DatabaseClock>, is_made: bool) -> Result<Self, StoreError> {
        apart(|| {
            let mut connection = Self { connect, clock, session: None, looked: Clocked::now() };
            schema::prepare(&mut connection.session()?.client, is_made)?;
            // Sets the clock.
            connection.read(&mut |_| Ok(()))?;
            Ok(connection)
        })
    }

    fn session(&mut self) -> Result<&mut Session, StoreError> {
        if self.session.as_ref().is_some_and(|session| session.client.is_closed()) {
            self.hang_up();
        }
        match &mut self.session {
            Some(session) => Ok(session),
            session => Ok(session.insert(apart(|| Session::open(&*self.connect))?)),
        }
    }

    fn hang_up(&mut self) {
        if let Some(session) = self.session.take() {
            apart(|| drop(session));
        }
    }

    fn once(&mut self, work: Work<'_>, is_writing: bool) -> Result<(), StoreError> {
        let begin = if is_writing { BEGIN } else { BEGIN_READING };
        self.session()?;
        let Self { session: Some(session), clock, .. } = self else { return Err(StoreError::Stopped) };
        let Session { client, statements, queues, written, .. } = session;
        let done = now(client.simple_query(begin).map_err(told)).and_then(|now| {
            clock.set(now);
            let mut transaction = PostgresTransaction::new(client, statements, queues, is_writing);
            work(&mut transaction)?;
            *written += transaction.moves.len();
            if *written >= ADD_UP {
                *written = 0;
                transaction.add_up()?;
            }
            transaction.finish(clock.now())?;
            client.batch_execute("COMMIT").map_err(told)
        });
        if done.is_err() {
            queues.forget();
            if client.batch_execute("ROLLBACK").is_err() {
                self.hang_up();
            }
        }
        done
    }
}

/// Reads the time from what a beginning was answered.
fn now(answered: Result<Vec<SimpleQueryMessage>, StoreError>) -> Result<Instant, StoreError> {
    let nanos = answered?.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    nanos.map(Instant::from_nanos).ok_or_else(|| StoreError::Failed(Arc::from(Box::from("the database has no time"))))
}

impl Connection for PostgresConnection {
    fn transact(&mut self, work: Work<'_>) -> Result<(), StoreError> {
        let mut tries = 1;
        loop {
            match self.once(work, true) {
                Err(StoreError::Busy(_)) if tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    fn read(&mut self, work: Work<'_>) -> Result<(), StoreError> {
        self.once(work, false)
    }

    fn has_changed(&mut self) -> Result<bool, StoreError> {
        let has_changed = self.session()?.has_heard()? || self.looked.elapsed() >= LOOK;
        if has_changed {
            self.looked = Clocked::now();
        }
        Ok(has_changed)
    }
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        self.hang_up();
    }
}
