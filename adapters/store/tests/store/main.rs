//! Calls in a store: what is promised of them, with SQLite.

mod disk;
mod enqueue;
mod home;
mod leases;
mod operators;
mod outbox;
mod policies;
mod shared;
mod targets;
mod work;
mod writes;
