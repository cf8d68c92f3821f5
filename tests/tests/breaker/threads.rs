//! Threads that ask and report at once: one opens it, no more probes than there may be, and it always comes back.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use insist_core::{AttemptEnd, Breaker};

use super::{FAILURE, SUCCESS, at, attempt, ends, is_admitted, is_closed, is_open, opened, touchy};

const THREADS: u64 = 4;

fn together(work: impl Fn(u64) + Sync) {
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (work, barrier) = (&work, &barrier);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn reports_are_counted_once_each() {
    let breaker = Breaker::new(1.0).min_throughput(u32::MAX).window(Duration::from_secs(10));
    together(|thread| {
        for step in 0..2000 {
            attempt(&breaker, at(step), if thread == 0 { FAILURE } else { SUCCESS });
        }
    });
    assert_eq!(breaker.state(at(2000)).to_string(), "closed: 2000 of 8000 failed, ratio 0.250");
}

#[test]
fn failures_of_many_threads_open_it() {
    let breaker = Breaker::new(1.0).min_throughput(400);
    together(|_| {
        for _ in 0..100 {
            attempt(&breaker, at(0), FAILURE);
        }
    });
    assert!(is_open(&breaker, at(0)));
}

#[test]
fn no_turn_has_more_probes_than_there_may_be() {
    const TURNS: usize = 60;
    for (probes, successes) in [(1, 1), (3, 2), (5, 5)] {
        let breaker = opened(touchy().probes(probes, successes));
        // Someone begins it, so that the turns are those of the clock.
        assert!(is_admitted(&breaker, at(1000)));
        let admitted: Vec<_> = (0..=TURNS).map(|_| AtomicU64::new(0)).collect();
        admitted[1].store(1, Ordering::SeqCst);
        together(|_| {
            for step in 0..TURNS * 50 {
                let now = 1000 + step as u64 * 20;
                if is_admitted(&breaker, at(now)) {
                    admitted[now as usize / 1000].fetch_add(1, Ordering::SeqCst);
                    // It is not to be decided, so it is cancelled or never reports.
                    if step % 3 == 0 {
                        admitted[now as usize / 1000].fetch_sub(1, Ordering::SeqCst);
                        ends(&breaker, at(now), at(now), AttemptEnd::Cancelled);
                    }
                }
            }
        });
        // A thread that lags behind is let through in the newest turn, so only their sum can be told.
        let all: u64 = admitted.iter().map(|admitted| admitted.load(Ordering::SeqCst)).sum();
        assert!(all <= TURNS as u64 * u64::from(probes), "{all} probes in all");
    }
}

/// Everything at once, and then one success closes it.
#[test]
fn it_always_comes_back() {
    let breaker = touchy().probes(2, 1).open_for(Duration::from_millis(5)).window(Duration::from_millis(50));
    together(|thread| {
        for step in 0..5000_u64 {
            let now = at(step);
            if is_admitted(&breaker, now) {
                match (step + thread) % 7 {
                    0..=2 => ends(&breaker, now, now, SUCCESS),
                    3 | 4 => ends(&breaker, now, now, FAILURE),
                    5 => ends(&breaker, now, now, AttemptEnd::Cancelled),
                    _ => {}
                }
            }
        }
    });
    let later = at(10_000);
    attempt(&breaker, later, SUCCESS);
    assert!(is_closed(&breaker, later), "{}", breaker.state(later));
}
