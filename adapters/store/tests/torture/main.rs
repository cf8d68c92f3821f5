//! Processes that enqueue and work are killed and stopped at random, and afterwards the receiver's record is held against the
//! store. `INSIST_KILLS=100` kills that often, `INSIST_SEED=n` draws other moments.

mod chaos;
mod child;
mod points;
mod receiver;
#[cfg(feature = "postgres")]
#[path = "../../../../tests/include/postgres.rs"]
mod server;
mod syncs;

/// Holds what the processes of a run agree on.
mod words {
    use std::time::Duration;

    use insist_store::{Calls, Policy, Repeat, Sqlite};

    pub(crate) const POLICY: Policy = Policy::constant(Duration::from_millis(40))
        .attempts(6)
        .attempt_timeout(Duration::from_millis(200))
        .deadline(Duration::from_secs(86_400));
    pub(crate) const MARGIN: Duration = Duration::from_millis(400);

    /// Every other call must not be repeated.
    pub(crate) fn repeat(number: u64) -> Repeat {
        if number % 2 == 1 { Repeat::IfUnsent } else { Repeat::Always }
    }

    /// Opens the file or the database that is named.
    pub(crate) fn open(store: &str) -> Calls {
        #[cfg(feature = "postgres")]
        if store.starts_with("postgres://") {
            return Calls::open(insist_store::Postgres::url(store).unwrap()).unwrap();
        }
        Calls::open(Sqlite::file(store)).unwrap()
    }

    pub(crate) fn key(number: u64) -> String {
        format!("k{number}")
    }

    /// A number that depends on a key and an attempt alone: what the receiver does goes by it.
    pub(crate) fn hash(key: &str, attempt: u32) -> u64 {
        let start = 0xcbf2_9ce4_8422_2325 ^ u64::from(attempt).wrapping_mul(0x0100_0000_01b3);
        let hash = key.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33
    }
}
