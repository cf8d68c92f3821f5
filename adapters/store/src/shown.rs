//! Calls, counts and policies, as they are shown.

use insist_core::{Instant, Reason, State};

use crate::backend::Row;
use crate::log::AttemptRecord;
use crate::status::Status;

/// A call in a store, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCall {
    /// Its number in the store: later calls have larger ones.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// The name of its policy.
    pub policy: String,
    /// Its target, empty for none.
    pub target: String,
    /// Its status.
    pub status: Status,
    /// The number of attempts that were sent.
    pub attempts: u32,
    /// The instant at which the attempt in flight was claimed, if one is in flight, or was when its worker died.
    pub in_flight_since: Option<Instant>,
    /// The instant at which it is due, or at which the lease of its attempt in flight ends.
    pub due: Option<Instant>,
    /// The instant at which it was enqueued.
    pub created: Instant,
    /// The instant at which it ended.
    pub ended: Option<Instant>,
    /// The instant of its deadline, once it has begun and if it has one.
    pub deadline: Option<Instant>,
    /// The reason why it gave up, if it did.
    pub reason: Option<Reason>,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// Says what was wrong with the last attempt, or with the call.
    pub last_error: Option<String>,
    /// Its newest attempts, at most 32, oldest first.
    pub log: Vec<AttemptRecord>,
}

impl From<Row> for StoredCall {
    fn from(row: Row) -> Self {
        let state = row.state.as_deref().and_then(|bytes| State::<1>::decode(bytes).ok());
        Self {
            id: row.id,
            key: row.key,
            policy: row.policy,
            target: row.target,
            status: row.status,
            attempts: row.attempts,
            in_flight_since: row.claimed.filter(|_| {
                row.due.is_some() && state.as_ref().is_some_and(|state| state.in_flight_after(0).is_some())
            }),
            due: row.due,
            created: row.created,
            ended: row.ended,
            deadline: state.as_ref().and_then(State::deadline),
            reason: state.as_ref().and_then(State::reason),
            last_status: row.last_status,
            last_error: row.last_error,
            log: AttemptRecord::read(&row.log),
        }
    }
}

/// The calls to one target by one policy, counted by status.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores make them")]
pub struct QueueCounts {
    /// The number of the queue.
    pub id: i64,
    /// The target, empty for none.
    pub target: String,
    /// The name of the policy.
    pub policy: String,
    /// Those that are to be sent, also if they are paused, or wait for a policy that no worker has.
    pub pending: u64,
    /// Those whose state does not fit their policy.
    pub parked: u64,
    /// Those that were delivered, and not pruned yet.
    pub delivered: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those of which nobody knows.
    pub unknown: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
    /// The instant until which an operator paused the target or the policy; `i64::MAX` nanoseconds is until resumed.
    pub paused_until: Option<Instant>,
    /// The instant until which a hint holds the target up.
    pub held_until: Option<Instant>,
    /// True if workers are alive, and none of them has had the policy for two minutes.
    pub is_unserved: bool,
}

impl QueueCounts {
    /// Returns whether an operator has paused it.
    #[must_use]
    pub fn is_paused(&self, now: Instant) -> bool {
        self.paused_until.is_some_and(|until| until > now)
    }

    /// Returns the status that its pending calls are shown with.
    #[must_use]
    pub fn shown(&self, now: Instant) -> Status {
        if self.is_paused(now) {
            Status::Paused
        } else if self.is_unserved {
            Status::Parked
        } else {
            Status::Pending
        }
    }
}

/// A policy by its name, as a store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores make them")]
pub struct StoredPolicy {
    /// Its name.
    pub name: String,
    /// The text that was kept with it, if any: see [`Calls::define_policy`](crate::Calls::define_policy).
    pub definition: Option<String>,
    /// The instant until which it is paused.
    pub paused_until: Option<Instant>,
    /// The instant at which a worker that has it was alive.
    pub seen: Option<Instant>,
}
