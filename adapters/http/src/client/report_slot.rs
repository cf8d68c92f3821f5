//! A slot for the report of a call.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Client, Report};

/// A slot for the report of a call, also of one that fails. Clones share it.
pub struct ReportSlot<C: Client>(Arc<Mutex<Option<Report<C>>>>);

impl<C: Client> ReportSlot<C> {
    /// Makes an empty slot.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Takes the report out, if a call has ended since it was last taken.
    #[must_use]
    pub fn take(&self) -> Option<Report<C>> {
        self.lock().take()
    }

    /// Copies the report.
    #[must_use]
    pub fn get(&self) -> Option<Report<C>>
    where
        C::Timeout: Clone,
    {
        self.lock().clone()
    }

    /// Puts a report in, in place of the one that is there.
    pub fn put(&self, report: Report<C>) {
        *self.lock() = Some(report);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Report<C>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Client> Clone for ReportSlot<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Client> Default for ReportSlot<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Client> fmt::Debug for ReportSlot<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportSlot").field("is_full", &self.lock().is_some()).finish()
    }
}
