//! Calls in a store: what is promised of them, with SQLite.

mod enqueue;
mod shared;
mod work;
