//! Calls that outlive their process: enqueue them, and workers send them, for days if need be, and whatever crashes.
//!
//! They are kept in a file of SQLite (feature `sqlite`, the default), or in a database of PostgreSQL (feature `postgres`) when one
//! machine is too small. Feature `ureq` has a handler that sends HTTP requests.
//!
//! A call is a row with a key, the name of a policy, a target and a body. It is on disk when [`Calls::enqueue`] returns. Workers
//! claim what is due, write down that they send it, send it, and write down what came of it; a worker that is killed in
//! between leaves a lease behind, after which another goes on. The policy decides about every retry, as it does in memory.
//!
//! ```
//! use std::time::Duration;
//! use insist_store::{Calls, NewCall, Outcome, Policy, Sqlite, Status, Verdict};
//!
//! const WEBHOOKS: Policy = Policy::exponential(Duration::from_secs(60))
//!     .cap(Duration::from_secs(6 * 3600))
//!     .attempts(20)
//!     .attempt_timeout(Duration::from_secs(10));
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("calls.db");
//! let calls = Calls::open(Sqlite::file(path))?;
//! calls.enqueue(NewCall::new("order-17/paid", "webhooks").target("shop.example").body(*b"paid"))?;
//!
//! let working = calls.workers().policy("webhooks", WEBHOOKS).threads(8).start(|attempt| {
//!     // Send attempt.body() with attempt.key() as the idempotency key, within attempt.timeout().
//!     # assert_eq!((attempt.key(), attempt.body()), ("order-17/paid", &b"paid"[..]));
//!     Outcome::new(Verdict::Accept).status(204)
//! })?;
//! # while calls.find("order-17/paid")?.unwrap().status == Status::Pending {
//! #     std::thread::sleep(Duration::from_millis(1));
//! # }
//! working.stop()?;
//! assert_eq!(calls.find("order-17/paid")?.unwrap().status, Status::Delivered);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - What was acknowledged is on disk, and is not lost.
//! - No attempt is sent twice under one number: (key, attempt) is unique, also after "retry now" and "revive".
//! - A call that must not be repeated ([`Repeat`]) is not, whatever dies when.
//! - What is called [delivered](Status::Delivered) was accepted; what cannot be known is called [unknown](Status::Unknown).
//!
//! Exactly once does not exist: an attempt whose worker died before it could write down the answer may have been carried out.
//! A call that may be repeated is then sent again, under the next number and with the same key, by which the receiver can
//! tell.

#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod attempt;
pub mod backend;
mod by_hand;
mod calls;
mod clerk;
mod crew;
mod error;
mod filter;
#[cfg(feature = "ureq")]
pub mod http;
mod jobs;
mod log;
mod new_call;
mod operator;
mod outcome;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod queue_names;
mod shown;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod status;
mod ticket;
mod workers;

#[cfg(feature = "postgres")]
pub use self::postgres::Postgres;
pub use attempt::Attempt;
pub use by_hand::{ByHand, Turn};
pub use calls::Calls;
pub use error::{Source, StoreError};
pub use filter::Filter;
#[doc(no_inline)]
pub use insist_core::{Gate, Instant, Policy, Reason, Repeat, Verdict};
pub use log::{AttemptRecord, AttemptWord};
pub use new_call::NewCall;
pub use outcome::Outcome;
pub use shown::{QueueCounts, StoredCall, StoredPolicy};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use status::Status;
pub use ticket::{Enqueued, Ticket};
pub use workers::{Workers, Working};
