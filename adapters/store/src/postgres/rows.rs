//! Rows of the table of calls, as this crate has them.

use std::sync::Arc;

use insist_core::{Instant, Repeat};

use crate::backend::Row;
use crate::error::StoreError;
use crate::status::Status;

/// The columns that [`read`] expects, of a table that is called `c`.
macro_rules! columns {
    () => {
        "c.id, c.key, c.queue, c.status, c.fence, c.due, c.repeat, c.seed, c.created, c.claimed, c.ended, c.attempts, \
         c.last_status, c.last_error, c.state, c.log"
    };
}
pub(super) use columns;

/// Instants beyond the year 2262 do not fit, and are none that a call waits for.
pub(super) fn nanos(instant: Instant) -> i64 {
    i64::try_from(instant.as_nanos()).unwrap_or(i64::MAX)
}

pub(super) fn instant(nanos: i64) -> Instant {
    Instant::from_nanos(nanos.max(0) as u64)
}

/// Reads a row, which lacks the names of its queue as yet.
pub(super) fn read(row: &::postgres::Row) -> Result<Row, StoreError> {
    let unreadable =
        |what: &str| StoreError::Damaged(Arc::from(Box::from(format!("a call has a {what} that is none"))));
    let status: &str = row.get(3);
    let repeat: &str = row.get(6);
    let repeats = [Repeat::Always, Repeat::IfUnsent, Repeat::Never];
    Ok(Row {
        id: row.get(0),
        key: row.get(1),
        policy: String::new(),
        target: String::new(),
        queue: row.get(2),
        fence: row.get(4),
        status: Status::parse(status).ok_or_else(|| unreadable("status"))?,
        due: row.get::<_, Option<i64>>(5).map(instant),
        repeat: repeats.into_iter().find(|word| word.as_str() == repeat).ok_or_else(|| unreadable("repeat"))?,
        seed: row.get::<_, i64>(7) as u64,
        created: instant(row.get(8)),
        claimed: row.get::<_, Option<i64>>(9).map(instant),
        ended: row.get::<_, Option<i64>>(10).map(instant),
        attempts: row.get::<_, i32>(11) as u32,
        last_status: row.get::<_, Option<i32>>(12).and_then(|status| u16::try_from(status).ok()),
        last_error: row.get(13),
        state: row.get(14),
        log: row.get(15),
        body: Vec::new(),
    })
}
