//! What can go wrong with a store.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use insist_core::{PolicyError, StateError};

use crate::status::Status;

/// The error of a store. Clones share their source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer version of insist has written the store.
    Newer {
        /// The version of its tables.
        found: i64,
        /// The newest version that this insist knows.
        known: i64,
    },
    /// The file is no database, or is damaged.
    Damaged(Source),
    /// There is no room left on the disk.
    Full(Source),
    /// It may not be written.
    ReadOnly(Source),
    /// The database cannot be reached.
    Unreachable(Source),
    /// There are no tables of insist in the database, and none were to be made.
    Missing,
    /// Another process kept it locked for too long.
    Busy(Source),
    /// The store failed in another way.
    Failed(Source),
    /// A new call makes no sense.
    NewCall {
        /// Its key, as far as it can be shown.
        key: String,
        /// A sentence about the call that says what is wrong and what would be right.
        why: &'static str,
    },
    /// There is no call with this key.
    NoCall(String),
    /// No call has had this target, or this policy.
    NoName(String),
    /// The call has a status with which this cannot be done.
    Status {
        /// Its key.
        key: String,
        /// Its status.
        status: Status,
        /// Names what was to be done: `revived`, for example.
        what: &'static str,
    },
    /// An attempt of the call is in flight.
    InFlight(String),
    /// The state of the call does not allow it.
    State {
        /// Its key.
        key: String,
        /// The reason.
        error: StateError,
    },
    /// Workers cannot go by a policy.
    Policy {
        /// Its name.
        name: String,
        /// The reason; `None` if the policy has no attempt timeout or more than one lane.
        error: Option<PolicyError>,
    },
    /// Says that what was asked for does not go together.
    Workers(&'static str),
    /// The thread that writes has stopped.
    Stopped,
}

/// The error below a [`StoreError`].
pub type Source = Arc<dyn Error + Send + Sync>;

impl StoreError {
    /// Returns whether the same may succeed later without anyone's help: the store was locked by another process, or its
    /// database could not be reached.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unreachable(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { found, known } => write!(
                f,
                "the store is of version {found}, and this insist knows versions up to {known}; use a newer insist"
            ),
            Self::Damaged(_) => f.write_str("the store is no database, or is damaged; restore it from a copy"),
            Self::Full(_) => f.write_str("the store has no room left on its disk; make room, then try again"),
            Self::ReadOnly(_) => {
                f.write_str("the store may not be written; check the permissions, of a file those of its folder too")
            }
            Self::Unreachable(_) => f.write_str("the database cannot be reached; check its address, and that it runs"),
            Self::Missing => f.write_str("the database has no calls; enqueue one, which makes the tables"),
            Self::Busy(_) => f.write_str("another process kept the store locked for too long; try again"),
            Self::Failed(_) => f.write_str("the store failed"),
            Self::NewCall { key, why } => write!(f, "the call {key:?} was not enqueued: {why}"),
            Self::NoCall(key) => write!(f, "there is no call with the key {key:?}"),
            Self::NoName(name) => write!(f, "no call has had the target or policy {name:?}"),
            Self::Status { key, status, what } => write!(f, "the call {key:?} is {status}; it cannot be {what}"),
            Self::InFlight(key) => {
                write!(f, "an attempt of the call {key:?} is in flight; wait until it has ended, or its lease has")
            }
            Self::State { key, error: StateError::Repeat } => write!(
                f,
                "the call {key:?} may have reached the server, and it may not be repeated; enqueue a new one instead"
            ),
            Self::State { key, .. } => write!(f, "the state of the call {key:?} cannot be gone on from"),
            Self::Policy { name, error: None } => {
                write!(f, "workers cannot go by the policy {name:?}; give it an attempt timeout, and one lane")
            }
            Self::Policy { name, .. } => write!(f, "the policy {name:?} is invalid"),
            Self::Workers(what) => f.write_str(what),
            Self::Stopped => f.write_str("the thread that writes to the store has stopped"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Damaged(source)
            | Self::Full(source)
            | Self::ReadOnly(source)
            | Self::Unreachable(source)
            | Self::Busy(source)
            | Self::Failed(source) => Some(&**source),
            Self::State { error: StateError::Repeat, .. } => None,
            Self::State { error, .. } => Some(error),
            Self::Policy { error: Some(error), .. } => Some(error),
            _ => None,
        }
    }
}
