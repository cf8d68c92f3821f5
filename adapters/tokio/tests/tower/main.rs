//! The tower layer: what a service gives back, when it is asked whether it is ready, and what its clones share.

mod answers;
mod cost;
mod ready;
mod requests;
mod shared;
mod stack;
mod stacked;
mod strict;
mod unsent;

use std::time::Duration;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
