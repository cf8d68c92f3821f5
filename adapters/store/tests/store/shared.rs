//! A store of its own, with a clock that tests set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Clocked};

use insist_store::{ByHand, Calls, Instant, Policy, StoredCall, Workers};

use crate::home::Home;

/// A policy without jitter: waits of a second, five attempts.
pub(crate) const SECOND: Policy =
    Policy::constant(Duration::from_secs(1)).attempts(5).attempt_timeout(Duration::from_secs(1));

pub(crate) struct Shop {
    pub(crate) calls: Calls,
    pub(crate) home: Home,
    now: Arc<AtomicU64>,
}

impl Shop {
    /// A shop whose clock stands at 2030; `None` where there is no such store.
    pub(crate) fn new() -> Option<Self> {
        let home = Home::new()?;
        let now = Arc::new(AtomicU64::new(1_893_456_000_000_000_000));
        let clock = Arc::clone(&now);
        let read = move || Instant::from_nanos(clock.load(Ordering::SeqCst));
        let calls = Calls::open_with_clock(home.store(), read).unwrap();
        Some(Self { calls, home, now })
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_nanos(self.now.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.now.fetch_add(by.as_nanos() as u64, Ordering::SeqCst);
    }

    pub(crate) fn go_to(&self, instant: Instant) {
        self.now.fetch_max(instant.as_nanos(), Ordering::SeqCst);
    }

    /// Another process's view of the same store, whose clock is ahead by so much.
    pub(crate) fn ahead(&self, by: Duration) -> Calls {
        let clock = Arc::clone(&self.now);
        let read = move || Instant::from_nanos(clock.load(Ordering::SeqCst)).checked_add(by).unwrap();
        Calls::open_with_clock(self.home.store(), read).unwrap()
    }

    pub(crate) fn workers(&self) -> Workers {
        self.calls.workers().policy("p", SECOND).per_target(100)
    }

    pub(crate) fn worker(&self) -> ByHand {
        self.workers().by_hand().unwrap()
    }

    pub(crate) fn call(&self, key: &str) -> StoredCall {
        self.calls.find(key).unwrap().unwrap_or_else(|| panic!("no {key}"))
    }
}

/// Waits until something holds, for at most half a minute.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Clocked::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
