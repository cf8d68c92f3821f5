//! Calls in a store: the same that is promised of SQLite, with PostgreSQL, and what only a database can be asked.

mod database;
#[path = "../store/enqueue.rs"]
mod enqueue;
mod home;
#[path = "../store/leases.rs"]
mod leases;
#[path = "../store/operators.rs"]
mod operators;
mod outbox;
#[path = "../store/policies.rs"]
mod policies;
#[path = "../../../../tests/include/postgres.rs"]
mod server;
#[path = "../store/shared.rs"]
mod shared;
#[path = "../store/targets.rs"]
mod targets;
#[path = "../store/work.rs"]
mod work;
#[path = "../store/writes.rs"]
mod writes;
