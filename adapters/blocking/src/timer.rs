//! The one timer of the process: at an instant, it starts a thread that does what is due.
//!
//! The timer's own thread starts with the first alarm, runs no code of users, and ends when there has been no alarm for a
//! while.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use insist_core::Instant;

/// The time without an alarm after which the timer's thread ends.
const IDLE: Duration = Duration::from_secs(10);

/// The work of an alarm.
pub(crate) trait Due: Send + Sync {
    /// Does what is due, on a thread of its own.
    fn due(self: Arc<Self>);

    /// Does what is due on the timer's thread, because no other can be had: nothing that takes time.
    fn due_without_thread(self: Arc<Self>);
}

/// The name of an alarm that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alarm {
    at: Instant,
    number: u64,
}

impl Alarm {
    /// Returns the instant that it was set to.
    pub(crate) const fn at(self) -> Instant {
        self.at
    }
}

struct Timer {
    alarms: BTreeMap<Alarm, Arc<dyn Due>>,
    number: u64,
    is_running: bool,
    /// The instant until which the thread sleeps.
    sleeps_until: Instant,
}

static TIMER: Mutex<Timer> =
    Mutex::new(Timer { alarms: BTreeMap::new(), number: 0, is_running: false, sleeps_until: Instant::ZERO });
static EARLIER: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Timer> {
    TIMER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets an alarm. Returns `None`, and sets none, if the timer's thread cannot be started.
pub(crate) fn set(at: Instant, due: Arc<dyn Due>) -> Option<Alarm> {
    let mut timer = lock();
    if !timer.is_running {
        thread::Builder::new().name("insist-timer".into()).spawn(run).ok()?;
        timer.is_running = true;
    }
    timer.number += 1;
    let alarm = Alarm { at, number: timer.number };
    timer.alarms.insert(alarm, due);
    if at < timer.sleeps_until {
        EARLIER.notify_one();
    }
    Some(alarm)
}

/// Takes an alarm back, if it is not due yet.
pub(crate) fn unset(alarm: Alarm) {
    let due = lock().alarms.remove(&alarm);
    // Dropped without the lock: it may be the last owner of what users gave.
    drop(due);
}

fn run() {
    let mut timer = lock();
    loop {
        let now = Instant::now();
        let next = timer.alarms.first_key_value().map(|(alarm, _)| alarm.at);
        if next.is_some_and(|next| next <= now) {
            let due = timer.alarms.pop_first();
            drop(timer);
            if let Some((_, due)) = due {
                start(due);
            }
            timer = lock();
            continue;
        }
        let idle = now.checked_add(IDLE).unwrap_or(now);
        let until = next.map_or(idle, |next| next.min(idle));
        let number = timer.number;
        timer.sleeps_until = until;
        let waited = EARLIER.wait_timeout(timer, until.saturating_since(now));
        let (again, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        timer = again;
        timer.sleeps_until = Instant::ZERO;
        if timeout.timed_out() && timer.alarms.is_empty() && timer.number == number {
            timer.is_running = false;
            return;
        }
    }
}

fn start(due: Arc<dyn Due>) {
    let again = Arc::clone(&due);
    if thread::Builder::new().name("insist-due".into()).spawn(move || due.due()).is_err() {
        again.due_without_thread();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    struct Tell(u32, Mutex<Sender<u32>>);

    impl Due for Tell {
        fn due(self: Arc<Self>) {
            self.1.lock().unwrap().send(self.0).unwrap();
        }
        fn due_without_thread(self: Arc<Self>) {
            self.due();
        }
    }

    #[test]
    fn alarms_go_off_in_order_except_those_that_were_taken_back() {
        let (sender, told) = channel();
        let now = Instant::now();
        let at = |millis| now.checked_add(Duration::from_millis(millis)).unwrap();
        let set_at = |millis, number| set(at(millis), Arc::new(Tell(number, Mutex::new(sender.clone())))).unwrap();
        set_at(60, 3);
        let taken_back = set_at(30, 2);
        set_at(0, 1);
        unset(taken_back);
        assert_eq!(told.recv(), Ok(1));
        assert_eq!(told.recv(), Ok(3));
    }
}
