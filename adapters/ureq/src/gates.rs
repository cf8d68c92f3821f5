//! The gates of a call: the one that all calls share, and the one of its host.

use std::sync::Arc;

use insist_core::{Gate, Instant};
use insist_http::Hosts;
use ureq::http::Uri;

/// A gate that calls on all threads share.
pub(crate) type Shared = dyn Gate + Send + Sync;

/// Gates by host, with the type of the gate erased.
pub(crate) trait PerHost: Send + Sync {
    /// Returns the gate of the host of a URI.
    fn gate(&self, uri: &Uri, now: Instant) -> Arc<Shared>;
}

impl<G: Gate + Send + Sync + 'static> PerHost for Hosts<G> {
    fn gate(&self, uri: &Uri, now: Instant) -> Arc<Shared> {
        Self::gate(self, uri, now)
    }
}

/// The gates of a call: first that of all calls, and then that of its host.
pub(crate) type Gates<'a> = (Option<&'a Shared>, Option<Arc<Shared>>);
