//! The gates of a call: one that is shared by all calls, and one of the host that it is for.

use std::sync::Arc;

use insist_core::{Admission, Gate, Instant, Kind, Refusal, Settled};
use insist_http::Hosts;
use ureq::http::Uri;

/// A gate that calls on any thread share.
pub(crate) type Shared = dyn Gate + Send + Sync;

/// Gates by host, whatever their type.
pub(crate) trait PerHost: Send + Sync {
    /// The gate of the host of a URI.
    fn gate(&self, uri: &Uri, now: Instant) -> Arc<Shared>;
}

impl<G: Gate + Send + Sync + 'static> PerHost for Hosts<G> {
    fn gate(&self, uri: &Uri, now: Instant) -> Arc<Shared> {
        Self::gate(self, uri, now)
    }
}

/// The gates of a call: first that of all calls, and then that of its host.
pub(crate) type Gates<'a> = (Perhaps<&'a Shared>, Perhaps<Arc<Shared>>);

/// A gate, or none.
pub(crate) struct Perhaps<G>(pub(crate) Option<G>);

impl<G: Gate> Gate for Perhaps<G> {
    #[inline]
    fn reserve(&self, now: Instant, kind: Kind) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |gate| gate.reserve(now, kind))
    }

    #[inline]
    fn refund(&self, now: Instant, kind: Kind, reserved: Instant) {
        if let Some(gate) = &self.0 {
            gate.refund(now, kind, reserved);
        }
    }

    #[inline]
    fn admit(&self, now: Instant, kind: Kind) -> Admission {
        self.0.as_ref().map_or(Admission::Yes, |gate| gate.admit(now, kind))
    }

    #[inline]
    fn settle(&self, now: Instant, kind: Kind, settled: Settled) {
        if let Some(gate) = &self.0 {
            gate.settle(now, kind, settled);
        }
    }

    #[inline]
    fn is_timeless(&self) -> bool {
        self.0.as_ref().is_none_or(Gate::is_timeless)
    }
}
