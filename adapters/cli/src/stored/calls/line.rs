//! A call as a line of JSON.

use insist_store::StoredCall;
use serde::Serialize;

use crate::stored::time::written;

/// The JSON of a call in a list, as the help documents it.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    key: &'a str,
    status: &'static str,
    attempts: u32,
    due: Option<String>,
    last_status: Option<u16>,
    last_error: Option<&'a str>,
}

impl<'a> Line<'a> {
    pub(super) fn of(call: &'a StoredCall) -> Self {
        Self {
            key: &call.key,
            status: call.status.as_str(),
            attempts: call.attempts,
            due: call.due.map(written),
            last_status: call.last_status,
            last_error: call.last_error.as_deref(),
        }
    }
}
