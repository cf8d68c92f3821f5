//! Which threads races with their first attempt on the caller's thread start. Alone in its process, for it counts the
//! process's threads.

#![cfg(target_os = "linux")]

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use insist_blocking::{LiveAttempt, Policy, race};

const HEDGED: Policy = Policy::zero().lanes(2).attempts(2);

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn hedges_that_are_never_sent_start_no_thread_and_those_that_are_leave_none() {
    let before = threads();
    // No hedge, no timeout, no deadline: no timer.
    let retries = race(Policy::zero().attempts(3), |attempt| if attempt.id < 3 { Err(()) } else { Ok(threads()) });
    assert_eq!(retries.first_on_caller().try_call().ok(), Some(before));

    let unhurried = HEDGED.hedge_after(Duration::from_secs(60)).deadline(Duration::from_secs(120));
    for _ in 0..1000 {
        let seen = race(unhurried, |_| Ok::<_, ()>(threads())).first_on_caller().try_call().unwrap();
        assert_eq!(seen, before + 1, "the timer");
    }

    let hasty = HEDGED.hedge_after(Duration::from_micros(200));
    for _ in 0..1000 {
        let winner = race(hasty, |attempt: &LiveAttempt<'_>| {
            let (cancel, cancelled) = channel::<()>();
            attempt.on_cancel(move || drop(cancel));
            if attempt.id == 1 {
                _ = cancelled.recv();
            }
            Ok::<_, ()>(attempt.id)
        });
        assert_eq!(winner.first_on_caller().try_call().ok(), Some(2));
    }
    // The timer's thread ends too, when there was nothing to time for a while.
    for _ in 0..6000 {
        if threads() == before {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{} threads, and {before} at the start", threads());
}
