//! What a store has to do: transactions over rows. [`Sqlite`](crate::Sqlite) and, with feature `postgres`, `Postgres` do it; everything
//! else in this crate goes by these traits.
//!
//! A store knows nothing of policies, states or attempts: it keeps rows, finds those that are due, and changes a row only
//! for whoever has its fence.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use insist_core::{Instant, Repeat};

use crate::error::StoreError;
use crate::filter::Filter;
use crate::new_call::NewCall;
use crate::shown::{QueueCounts, StoredPolicy};
use crate::status::Status;

/// A place where calls are kept. It may gain functions in a minor version.
pub trait Store: Send + Sync + 'static {
    /// Opens a connection: one for the thread that writes, one for operators.
    ///
    /// # Errors
    ///
    /// The store cannot be opened, or a newer insist has written it.
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError>;

    /// Returns the clock that all its processes share, if it has one: a database's. Asked after the first connection was
    /// opened. Default: none, so that each machine's own clock counts.
    fn clock(&self) -> Option<Clock> {
        None
    }
}

/// Reads the time, [since the epoch](Instant::since_epoch).
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// One connection to a store.
pub trait Connection: Send {
    /// Does work in one transaction, which is on disk when this returns `Ok`. An error of the work undoes all of it.
    ///
    /// # Errors
    ///
    /// The work's, or that of the store.
    fn transact(&mut self, work: Work<'_>) -> Result<(), StoreError>;

    /// Does work that only reads, in one transaction that holds up nobody.
    ///
    /// # Errors
    ///
    /// The work's, or that of the store.
    fn read(&mut self, work: Work<'_>) -> Result<(), StoreError>;

    /// Returns whether another connection has changed anything since this was asked last.
    ///
    /// # Errors
    ///
    /// That of the store.
    fn has_changed(&mut self) -> Result<bool, StoreError>;
}

/// Does the work of a transaction. A store may do it again, in another transaction, if the first could not be
/// committed.
pub type Work<'w> = &'w mut dyn FnMut(&mut dyn Transaction) -> Result<(), StoreError>;

/// A transaction. Every function fails if the store does, and then the transaction has to be given up.
#[expect(clippy::missing_errors_doc, reason = "one sentence above says it for all")]
pub trait Transaction {
    /// Inserts calls; of each, whether its key was new. What is not yet due has the instant at which it is.
    fn insert(&mut self, now: Instant, calls: &[NewCall]) -> Result<Vec<bool>, StoreError>;
    /// Finds calls that are due and that the ask allows, with their bodies, oldest first as far as targets allow.
    fn due(&mut self, ask: &Ask<'_>) -> Result<Vec<Row>, StoreError>;
    /// Finds the next instant after this one at which a call is due or a pause ends.
    fn next_due(&mut self, now: Instant) -> Result<Option<Instant>, StoreError>;
    /// Changes rows; of each, whether it still had the fence.
    fn put(&mut self, changes: &[Change]) -> Result<Vec<bool>, StoreError>;
    /// Finds a call by its key, without its body.
    fn find(&mut self, key: &str) -> Result<Option<Row>, StoreError>;
    /// Finds a call by its id, without its body.
    fn find_id(&mut self, id: i64) -> Result<Option<Row>, StoreError>;
    /// Reads the body of a call.
    fn body(&mut self, id: i64) -> Result<Vec<u8>, StoreError>;
    /// Lists calls, newest first, without their bodies.
    fn list(&mut self, now: Instant, filter: &Filter) -> Result<Vec<Row>, StoreError>;
    /// Holds a target up until then, for a hint; an earlier instant than it is held up to already changes nothing.
    fn hold(&mut self, target: &str, until: Instant) -> Result<(), StoreError>;
    /// Pauses a target until then, or lets it go on with `None`, hints included. Returns whether it is known.
    fn pause_target(&mut self, target: &str, until: Option<Instant>) -> Result<bool, StoreError>;
    /// Pauses a policy, as a target.
    fn pause_policy(&mut self, policy: &str, until: Option<Instant>) -> Result<bool, StoreError>;
    /// Notes that a worker that is alive has these policies.
    fn serve(&mut self, policies: &[String], now: Instant) -> Result<(), StoreError>;
    /// Makes calls of these policies that are parked pending again, due now. Returns how many.
    fn unpark(&mut self, policies: &[String], now: Instant) -> Result<u64, StoreError>;
    /// Counts calls by target and policy, without scanning them.
    fn counts(&mut self, now: Instant) -> Result<Vec<QueueCounts>, StoreError>;
    /// Removes at most so many calls that ended before then with this status. Returns how many.
    fn prune(&mut self, status: Status, before: Instant, most: usize) -> Result<u64, StoreError>;
    /// Keeps a text with the name of a policy: what it is, for whoever reads it.
    fn define_policy(&mut self, policy: &str, text: &str) -> Result<(), StoreError>;
    /// Lists the policies that calls name, or that were defined.
    fn policies(&mut self) -> Result<Vec<StoredPolicy>, StoreError>;
}

/// Says which calls may be claimed.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "tests of stores make them")]
pub struct Ask<'a> {
    /// The instant at which they have to be due.
    pub now: Instant,
    /// The most calls.
    pub want: usize,
    /// The policies that the worker has.
    pub policies: &'a HashSet<String>,
    /// The most attempts that may be in flight to one target.
    pub per_target: usize,
    /// The number that are in flight, of targets that have any.
    pub busy: &'a HashMap<String, usize>,
}

impl Ask<'_> {
    /// Returns how many calls to this target may be claimed.
    #[must_use]
    pub fn room(&self, target: &str) -> usize {
        if target.is_empty() {
            return usize::MAX;
        }
        self.per_target.saturating_sub(self.busy.get(target).copied().unwrap_or(0))
    }
}

/// A call as a store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores make them")]
pub struct Row {
    /// Its number in the store.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// The name of its policy.
    pub policy: String,
    /// Its target, empty for none.
    pub target: String,
    /// The number of its queue: its target with its policy.
    pub queue: i64,
    /// The number of changes that were made to it.
    pub fence: i64,
    /// Its status. Stores keep no [`Status::Paused`]: it is worked out where calls are listed.
    pub status: Status,
    /// The instant at which it is due, or at which the lease of its attempt in flight ends; `None` if it is never.
    pub due: Option<Instant>,
    /// Says which failures may be followed by another attempt.
    pub repeat: Repeat,
    /// The seed that its waits are drawn from.
    pub seed: u64,
    /// The instant at which it was enqueued.
    pub created: Instant,
    /// The instant at which its newest attempt was claimed.
    pub claimed: Option<Instant>,
    /// The instant at which it ended.
    pub ended: Option<Instant>,
    /// The number of attempts that were sent.
    pub attempts: u32,
    /// Its [`State`](insist_core::State) as bytes; `None` before its first claim.
    pub state: Option<Vec<u8>>,
    /// The status of the last answer, if there was one.
    pub last_status: Option<u16>,
    /// Says what was wrong with the last attempt, or with the call.
    pub last_error: Option<String>,
    /// The attempts, as [`AttemptRecord`](crate::AttemptRecord)s write them.
    pub log: String,
    /// Its body, where it was asked for.
    pub body: Vec<u8>,
}

/// Says what a row becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores read them")]
pub struct Change {
    /// The number of the call.
    pub id: i64,
    /// The fence that the row has to have; it becomes one more, so that no change is made twice.
    pub fence: i64,
    /// The number of its queue.
    pub queue: i64,
    /// The status that it had.
    pub from: Status,
    /// The status: one that is not derived.
    pub status: Status,
    /// The instant at which it is due.
    pub due: Option<Instant>,
    /// The instant at which its newest attempt was claimed.
    pub claimed: Option<Instant>,
    /// The instant at which it ended.
    pub ended: Option<Instant>,
    /// The number of attempts.
    pub attempts: u32,
    /// The state as bytes.
    pub state: Option<Vec<u8>>,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// Says what was wrong with the last attempt.
    pub last_error: Option<String>,
    /// The attempts.
    pub log: String,
}

impl Change {
    /// Makes a change of nothing, to start from.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self {
            id: row.id,
            fence: row.fence,
            queue: row.queue,
            from: row.status,
            status: row.status,
            due: row.due,
            claimed: row.claimed,
            ended: row.ended,
            attempts: row.attempts,
            state: row.state.clone(),
            last_status: row.last_status,
            last_error: row.last_error.clone(),
            log: row.log.clone(),
        }
    }
}
