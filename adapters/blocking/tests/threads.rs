//! Races leave no thread behind. Alone in its process, so that nobody else starts threads.

#![cfg(target_os = "linux")]

use std::thread;
use std::time::Duration;

use insist_blocking::{Canceller, Policy, race};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn after_ten_thousand_races_the_process_has_the_threads_it_began_with() {
    let before = threads();
    let policy = Policy::zero().lanes(3).attempts(3);
    let canceller = Canceller::new();
    for call in 0..10_000_u32 {
        let winner = race(&policy, move |attempt| {
            if u32::from(attempt.lane) == call % 3 {
                return Ok(attempt.lane);
            }
            // A loser that listens: it ends when it is told.
            while !attempt.is_cancelled() {
                thread::sleep(Duration::from_micros(50));
            }
            Err("cancelled")
        });
        assert_eq!(winner.cancel_with(&canceller).try_call().map(u32::from).ok(), Some(call % 3));
    }
    for _ in 0..1000 {
        if threads() == before {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{} threads, and {before} at the start", threads());
}
