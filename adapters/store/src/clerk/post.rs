//! The workers that a clerk claims for.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use insist_core::Instant;

use crate::crew::{Claimed, Crew};
use crate::error::StoreError;
use crate::jobs::Jobs;

/// Limits how many attempts a thread may find waiting: it gets through them while the next claim is synced to disk.
const AHEAD: u32 = 32;

/// Workers with their threads.
pub(crate) struct Post {
    pub(crate) number: u64,
    pub(crate) crew: Crew,
    pub(crate) jobs: Arc<Jobs<Claimed>>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) threads: usize,
    pub(crate) is_stopping: bool,
    /// The instant at which it last noted that it is alive.
    pub(crate) seen: Option<Instant>,
    /// Says how long an attempt takes, on a moving average.
    pub(crate) attempt_takes: Duration,
}

impl Post {
    /// Returns how many more attempts are to be claimed, if a transaction takes that long.
    pub(crate) fn want(&self, transaction_takes: Duration) -> usize {
        if self.is_stopping {
            return 0;
        }
        let takes = self.attempt_takes.max(Duration::from_micros(1));
        let ahead = u32::try_from(transaction_takes.as_nanos() / takes.as_nanos()).unwrap_or(AHEAD).min(AHEAD);
        (self.threads * (1 + ahead as usize)).saturating_sub(self.crew.in_flight())
    }

    pub(crate) fn took(&mut self, time: Duration) {
        self.attempt_takes = (self.attempt_takes * 7 + time) / 8;
    }
}

/// Tells how workers are doing, to whoever holds their handle.
#[derive(Default)]
pub(crate) struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_over: bool,
    error: Option<StoreError>,
}

impl Progress {
    /// All that was in flight has been written.
    pub(crate) fn is_over(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }

    pub(crate) fn set_error(&self, error: Option<StoreError>) {
        self.lock().error = error;
    }

    pub(crate) fn error(&self) -> Option<StoreError> {
        self.lock().error.clone()
    }

    pub(crate) fn wait(&self) {
        let mut state = self.lock();
        while !state.is_over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
