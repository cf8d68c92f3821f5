//! The gates of a call: the one that all calls share, and the one of its host.

use std::sync::Arc;

use http::Uri;
use insist_core::{Gate, Instant};

use crate::Hosts;

/// A gate that calls on all threads share.
pub type Shared = dyn Gate + Send + Sync;

/// The gates of a call: first that of all calls, and then that of its host.
pub type Gates = (Option<Arc<Shared>>, Option<Arc<Shared>>);

/// Gates by host, with the type of the gate erased.
pub(super) trait PerHost: Send + Sync {
    /// Returns the gate of the host of a URI.
    fn gate(&self, uri: &Uri, now: Instant) -> Arc<Shared>;
}

impl<G: Gate + Send + Sync + 'static> PerHost for Hosts<G> {
    fn gate(&self, uri: &Uri, now: Instant) -> Arc<Shared> {
        Self::gate(self, uri, now)
    }
}
