//! The record that all threads write to, and the wait for it to say something.

use crate::record::Record;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
pub(crate) struct Watch {
    record: Mutex<Arc<Record>>,
    changed: Condvar,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Arc<Record>> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record as it is now. It stays as it is; later changes are made to a copy.
    pub(crate) fn now(&self) -> Arc<Record> {
        Arc::clone(&self.lock())
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let mut held = self.lock();
        let record = Arc::make_mut(&mut held);
        record.version += 1;
        let value = change(record);
        drop(held);
        self.changed.notify_all();
        value
    }

    /// Waits until the condition holds, at most this long, and says whether it came to hold. The condition is asked
    /// without the lock, so that it may use the server too.
    pub(crate) fn wait_until(&self, holds: impl Fn(&Record) -> bool, limit: Duration) -> bool {
        let end = Instant::now().checked_add(limit);
        loop {
            let record = self.now();
            if holds(&record) {
                return true;
            }
            let version = record.version;
            drop(record);
            let mut held = self.lock();
            while held.version == version {
                let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return false;
                }
                held = self.changed.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}
