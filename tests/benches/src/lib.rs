//! What is measured: whole calls and single delays, by insist, by hand and by its peers, under one name each.
//!
//! Every job does the same work: an operation that fails so many times and then succeeds, exponential delays from
//! 100 ms × 2 up to 10 s with full jitter (or the nearest that a peer has), and a sleep that does nothing.

pub mod calls;
pub mod delays;
mod drive;
pub mod full;
pub mod futures;
pub mod gates;
mod hand;
pub mod hosts;
pub mod http;
mod operation;
pub mod pending;
pub mod reqwest;
mod setting;
pub mod shapes;
pub mod tokio;

pub use setting::POLICY;

/// One thing to measure.
pub struct Job {
    /// Its name on the command line, and that of its column.
    pub name: &'static str,
    /// Does it so many times over. The first number is how many failures a call has, or how many delays are drawn.
    pub run: fn(u32, u64),
}

/// Jobs that are measured beside each other.
pub struct Kind {
    /// Its name on the command line.
    pub name: &'static str,
    /// One for each way to do it.
    pub jobs: &'static [Job],
}

/// All of them.
pub static KINDS: &[Kind] = &[
    Kind { name: "calls", jobs: calls::JOBS },
    Kind { name: "delays", jobs: delays::JOBS },
    Kind { name: "shapes", jobs: shapes::JOBS },
    Kind { name: "gates", jobs: gates::JOBS },
    Kind { name: "futures", jobs: futures::JOBS },
    Kind { name: "tokio", jobs: tokio::JOBS },
    Kind { name: "hosts", jobs: hosts::JOBS },
    Kind { name: "http", jobs: http::JOBS },
    Kind { name: "reqwest", jobs: reqwest::JOBS },
];

/// The job of that name.
pub fn find(kind: &str, name: &str) -> Option<&'static Job> {
    KINDS.iter().find(|one| one.name == kind)?.jobs.iter().find(|job| job.name == name)
}

/// A job is one piece of machine code: its loop and what is in it.
#[inline(always)]
fn repeat<T>(count: u32, rounds: u64, mut once: impl FnMut(u32, u64) -> T) {
    for round in 0..rounds {
        std::hint::black_box(once(std::hint::black_box(count), round));
    }
}
