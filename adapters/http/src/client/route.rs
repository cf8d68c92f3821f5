//! Tells each attempt, on any thread, where to go.

use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;

/// The route of a call: tells each attempt, on any thread, where to go.
#[derive(Clone, Debug)]
pub struct Route(Option<Picked>);

/// The addresses, and the index picked for each attempt that has not asked yet.
#[derive(Clone, Debug)]
struct Picked {
    uris: Arc<[Uri]>,
    waiting: Arc<Mutex<Vec<(u32, usize)>>>,
}

impl Route {
    /// The route of a call to its request's own address.
    pub(super) const OWN: Self = Self(None);

    pub(super) fn over(uris: Arc<[Uri]>) -> Self {
        Self(Some(Picked { uris, waiting: Arc::default() }))
    }

    /// Returns the address of an attempt, if it is not the request's own. Each attempt asks once.
    #[must_use]
    pub fn target(&self, attempt: u32) -> Option<Uri> {
        let Picked { uris, waiting } = self.0.as_ref()?;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let index = waiting.iter().position(|(id, _)| *id == attempt)?;
        Some(uris[waiting.swap_remove(index).1].clone())
    }

    /// Sends an attempt to the address with this index.
    pub(super) fn pick(&self, attempt: u32, index: usize) {
        if let Some(Picked { waiting, .. }) = &self.0 {
            waiting.lock().unwrap_or_else(PoisonError::into_inner).push((attempt, index));
        }
    }

    /// Returns the address with this index.
    pub(super) fn address(&self, index: usize) -> Option<&Uri> {
        self.0.as_ref()?.uris.get(index)
    }
}
