//! Turns errors of PostgreSQL into those of a store.

use std::sync::Arc;

use ::postgres::Error;
use ::postgres::error::SqlState;

use crate::error::{Source, StoreError};

pub(super) fn told(error: Error) -> StoreError {
    let Some(code) = error.code().cloned() else {
        return StoreError::Unreachable(Arc::new(error));
    };
    // Its own text is "db error", and what the database said is below it.
    let text = error.to_string();
    let source: Source = error
        .into_source()
        .map_or_else(|| Source::from(Box::<dyn std::error::Error + Send + Sync>::from(text)), Source::from);
    match code {
        SqlState::DISK_FULL => StoreError::Full(source),
        SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::INSUFFICIENT_PRIVILEGE => StoreError::ReadOnly(source),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Damaged(source),
        SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE | SqlState::LOCK_NOT_AVAILABLE => {
            StoreError::Busy(source)
        }
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => StoreError::Unreachable(source),
        _ => StoreError::Failed(source),
    }
}
