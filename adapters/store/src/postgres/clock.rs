//! The database's clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Clocked, SystemTime};

use insist_core::Instant;

/// Keeps what the database's clock said last. Every transaction reads it anew; in between, this machine's clocks go on
/// from there.
pub(super) struct DatabaseClock(Mutex<Reading>);

struct Reading {
    said: Instant,
    at: Clocked,
    wall: SystemTime,
}

impl Default for DatabaseClock {
    fn default() -> Self {
        Self(Mutex::new(Reading { said: Instant::since_epoch(), at: Clocked::now(), wall: SystemTime::now() }))
    }
}

impl DatabaseClock {
    pub(super) fn set(&self, said: Instant) {
        let reading = Reading { said, at: Clocked::now(), wall: SystemTime::now() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reading;
    }

    /// Reads the time. Of two clocks the one that moved further counts: the monotonic one stands still while a machine
    /// sleeps, and a lease must not be taken for longer than it is.
    pub(super) fn now(&self) -> Instant {
        let reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let by_wall = reading.wall.elapsed().unwrap_or(Duration::ZERO);
        let since = reading.at.elapsed().max(by_wall);
        reading.said.checked_add(since).unwrap_or(reading.said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_what_the_database_said() {
        let clock = DatabaseClock::default();
        let said = Instant::from_nanos(5_000_000_000);
        clock.set(said);
        let passed = clock.now().saturating_since(said);
        assert!(passed < Duration::from_secs(3600), "{passed:?}");
        assert!(clock.now() >= said);
    }
}
