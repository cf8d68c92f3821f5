//! Calls from several threads while something happens to what they go through.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use std::{env, thread};

use insist_tests::words::{LONG, ms};
use insist_ureq::insisting::{Jitter, Policy};

use super::daemon::Daemon;

/// Waits of 10 ms in between: attempts for much longer than a restart takes.
pub(super) const POLICY: Policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(6_000).deadline(LONG);

/// The threads that ask, and how far they are.
pub(super) struct Load {
    threads: u32,
    begun: AtomicU32,
    ended: AtomicU32,
    is_over: AtomicBool,
}

impl Load {
    /// Asks with the numbers 0, 1, 2 … from so many threads until the incidents are over, and returns what came of it.
    pub(super) fn during<T: Send>(
        threads: u32,
        ask: impl Fn(u32) -> T + Sync,
        incidents: impl FnOnce(&Self),
    ) -> Vec<T> {
        let (begun, ended, is_over) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
        let load = Self { threads, begun, ended, is_over };
        let all = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let over = Over(&load.is_over);
            for _ in 0..threads {
                scope.spawn(|| {
                    while !load.is_over.load(Ordering::Relaxed) {
                        let call = load.begun.fetch_add(1, Ordering::Relaxed);
                        let seen = ask(call);
                        load.ended.fetch_add(1, Ordering::Relaxed);
                        all.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
                        // So long its connection is idle.
                        thread::sleep(ms(u64::from(call % 8)));
                    }
                });
            }
            incidents(&load);
            drop(over);
        });
        all.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reloads a daemon five times, then ends it in each of these ways and starts it again; all of it `INSIST_CASES` times.
    pub(super) fn disturb(&self, daemon: &mut Daemon, reload: impl Fn(&Daemon), ends: [fn(&mut Daemon); 3]) {
        let rounds = env::var("INSIST_CASES").map_or(1, |cases| cases.parse().unwrap());
        for _ in 0..rounds {
            for _ in 0..5 {
                self.go_on();
                reload(daemon);
            }
            for end in ends {
                self.go_on();
                end(daemon);
                self.fail_for_a_while();
                daemon.start();
            }
            self.go_on();
        }
    }

    /// Waits until as many calls have ended as there are threads.
    fn go_on(&self) {
        thread::sleep(ms(100));
        let before = self.ended.load(Ordering::Relaxed);
        wait_until(|| self.ended.load(Ordering::Relaxed) >= before + self.threads);
    }

    /// Waits, while nobody listens, until each thread is in a call, and for three waits of the policy more.
    fn fail_for_a_while(&self) {
        wait_until(|| self.begun.load(Ordering::Relaxed) >= self.ended.load(Ordering::Relaxed) + self.threads);
        thread::sleep(ms(30));
    }
}

fn wait_until(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < LONG, "no call ends any more");
        thread::sleep(ms(1));
    }
}

/// Ends the load when it is dropped, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
