//! The calls of a store: enqueues them, and hands out everything else.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use insist_core::Instant;

use crate::backend::{Clock, Connection, Store, Transaction};
use crate::clerk::{Clerk, Message};
use crate::error::StoreError;
use crate::new_call::NewCall;
use crate::ticket::{Enqueued, Ticket, ticket};
use crate::workers::Workers;

/// The calls of a store. Clones share it, and one thread that writes for them all, so that what many threads enqueue at once
/// is synced to disk at once.
#[derive(Clone)]
pub struct Calls(Arc<Inner>);

struct Inner {
    store: Box<dyn Store>,
    clock: Clock,
    /// For operators, and for reading.
    operator: Mutex<Box<dyn Connection>>,
    /// Started by the first call that is enqueued, or the first worker.
    clerk: Mutex<Option<Clerk>>,
}

impl Calls {
    /// Opens a store. It goes by the store's clock if it has one, as PostgreSQL does, and else by the machine's.
    ///
    /// # Errors
    ///
    /// The store cannot be opened: the file cannot be read or written, is no database, or is of a newer version.
    pub fn open(store: impl Store) -> Result<Self, StoreError> {
        let operator = store.connect()?;
        let clock = store.clock().unwrap_or_else(|| Arc::new(Instant::since_epoch));
        Ok(Self::made(store, operator, clock))
    }

    /// Opens a store with another clock, for tests in virtual time. It counts [since the epoch](Instant::since_epoch).
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with_clock(
        store: impl Store,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let operator = store.connect()?;
        Ok(Self::made(store, operator, Arc::new(clock)))
    }

    fn made(store: impl Store, operator: Box<dyn Connection>, clock: Clock) -> Self {
        let (store, operator, clerk) = (Box::new(store), Mutex::new(operator), Mutex::default());
        Self(Arc::new(Inner { store, clock, operator, clerk }))
    }

    /// Enqueues a call, and returns once it is on disk. A key that is known changes nothing.
    ///
    /// ```
    /// use insist_store::{Calls, Enqueued, NewCall, Sqlite};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("calls.db");
    /// let calls = Calls::open(Sqlite::file(path))?;
    /// let call = NewCall::new("order-17/paid", "webhooks").target("shop.example").body(*b"paid");
    /// assert_eq!(calls.enqueue(call.clone())?, Enqueued::New);
    /// assert_eq!(calls.enqueue(call)?, Enqueued::Known);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The call makes no sense, or the store failed: see [`Ticket::wait`].
    pub fn enqueue(&self, call: NewCall) -> Result<Enqueued, StoreError> {
        let acknowledged = self.submit([call])?.wait()?;
        acknowledged.first().copied().ok_or(StoreError::Stopped)
    }

    /// Enqueues calls, all of them or none, and returns a [`Ticket`] for their acknowledgement.
    ///
    /// # Errors
    ///
    /// One of them makes no sense; none is enqueued.
    pub fn submit(&self, calls: impl IntoIterator<Item = NewCall>) -> Result<Ticket, StoreError> {
        let calls: Vec<NewCall> = calls.into_iter().collect();
        calls.iter().try_for_each(NewCall::check)?;
        let (ticket, reply) = ticket();
        self.tell(Message::Enqueue(calls, reply))?;
        Ok(ticket)
    }

    /// Prepares workers for these calls.
    pub fn workers(&self) -> Workers {
        Workers::new(self.clone())
    }

    pub(crate) fn now(&self) -> Instant {
        (self.0.clock)()
    }

    pub(crate) fn clock(&self) -> Clock {
        Arc::clone(&self.0.clock)
    }

    pub(crate) fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        self.0.store.connect()
    }

    /// Does work of an operator in one transaction.
    pub(crate) fn transact(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.operator.lock().unwrap_or_else(PoisonError::into_inner).transact(&mut work)
    }

    /// Does work that only reads.
    pub(crate) fn read(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.operator.lock().unwrap_or_else(PoisonError::into_inner).read(&mut work)
    }

    /// Tells the thread that writes, which is started if it is not there.
    pub(crate) fn tell(&self, message: Message) -> Result<(), StoreError> {
        let mut clerk = self.0.clerk.lock().unwrap_or_else(PoisonError::into_inner);
        if clerk.is_none() {
            *clerk = Some(Clerk::start(self.0.store.connect()?, self.clock())?);
        }
        clerk.as_ref().map_or(Err(StoreError::Stopped), |clerk| clerk.tell(message))
    }

    /// Lets the thread that writes look for due calls at once, if it is there.
    pub(crate) fn wake(&self) {
        if let Some(clerk) = &*self.0.clerk.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = clerk.tell(Message::Wake);
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}
