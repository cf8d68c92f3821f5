//! Turns errors of SQLite into those of a store.

use std::sync::Arc;

use rusqlite::{Error, ErrorCode};

use crate::error::StoreError;

pub(super) fn told(error: Error) -> StoreError {
    let code = error.sqlite_error_code();
    let source = Arc::new(error);
    match code {
        Some(ErrorCode::DiskFull) => StoreError::Full(source),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly(source),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged(source),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(source),
        _ => StoreError::Failed(source),
    }
}
