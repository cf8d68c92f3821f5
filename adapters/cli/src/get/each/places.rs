//! The places of what is in flight: a call that waits for a retry gives its own to another.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use insist_core::{Action, Decision};
use insist_ureq::insisting::Event;

use super::News;

/// So many places, which calls take and give back.
pub(super) struct Places {
    free: Mutex<Free>,
    changed: Condvar,
}

struct Free {
    places: usize,
    /// The calls that have waited and are to be sent again: they go first.
    returning: usize,
    /// The calls that wait, or have waited and have no place yet.
    waiting: usize,
}

impl Places {
    pub(super) const fn new(places: usize) -> Self {
        Self { free: Mutex::new(Free { places, returning: 0, waiting: 0 }), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place for a call that begins.
    pub(super) fn take(&self) {
        let free = self.changed.wait_while(self.lock(), |free| free.places == 0 || free.returning > 0);
        free.unwrap_or_else(PoisonError::into_inner).places -= 1;
    }

    /// Waits for a place for a call that is to be sent again.
    fn take_again(&self) {
        let mut free = self.lock();
        free.returning += 1;
        let free = self.changed.wait_while(free, |free| free.places == 0);
        let mut free = free.unwrap_or_else(PoisonError::into_inner);
        free.returning -= 1;
        free.waiting -= 1;
        free.places -= 1;
        drop(free);
        self.changed.notify_all();
    }

    /// Takes a place back; the call that had it waits, or is over.
    fn give(&self, waits: bool) {
        let mut free = self.lock();
        free.places += 1;
        free.waiting += usize::from(waits);
        drop(free);
        self.changed.notify_all();
    }

    /// Returns how many calls wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting
    }
}

/// The place of one call. Dropping it gives it back.
pub(super) struct Place {
    places: Arc<Places>,
    state: Mutex<Held>,
}

struct Held {
    in_flight: u32,
    is_held: bool,
}

impl Place {
    /// Waits for a place.
    pub(super) fn take(places: &Arc<Places>) -> Arc<Self> {
        places.take();
        Arc::new(Self { places: Arc::clone(places), state: Mutex::new(Held { in_flight: 0, is_held: true }) })
    }

    /// Gives the place back while the call waits with nothing in flight, and tells of it.
    pub(super) fn see(&self, event: &Event<'_>, tell: &Sender<News>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event.decision {
            Decision::Action(Action::Send(_)) => {
                state.in_flight += 1;
                if !state.is_held {
                    self.places.take_again();
                    state.is_held = true;
                }
            }
            Decision::Judged(_) | Decision::Withdrawn(_) | Decision::Action(Action::Cancel { .. }) => {
                state.in_flight = state.in_flight.saturating_sub(1);
            }
            Decision::Action(Action::Wait { .. }) if state.in_flight == 0 && state.is_held => {
                state.is_held = false;
                self.places.give(true);
                // Fails only when the command ends.
                let _ = tell.send(News::Waits);
            }
            _ => {}
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.state.get_mut().unwrap_or_else(PoisonError::into_inner).is_held {
            self.places.give(false);
        } else {
            self.places.lock().waiting -= 1;
        }
    }
}
