//! The gates of a call: the one that all calls share, and the one of its host.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{StatusCode, Uri};
use insist_core::{Admission, AttemptEnd, Cause, Failure, Gate, HedgeAfter, Instant, Percentile, Refusal, Settled};

use crate::Hosts;

/// A gate that calls on all threads share.
pub type Shared = dyn Gate + Send + Sync;

/// The gates of a call: first that of all calls, and then that of its host.
///
/// They are never told that an answer with status 5xx is a success, also if the rules accept it.
#[derive(Default)]
pub struct Gates {
    gates: (Option<Arc<Shared>>, Option<Arc<Shared>>),
    /// True if the answer that was judged last has a status 5xx. A driver judges an answer directly before it settles.
    is_broken: AtomicBool,
}

impl Gates {
    pub(super) fn new(all: Option<Arc<Shared>>, host: Option<Arc<Shared>>) -> Self {
        Self { gates: (all, host), is_broken: AtomicBool::new(false) }
    }

    /// Notes the status of the outcome that is being judged, on the thread that drives the call; `None` for an error.
    pub fn judged(&self, status: Option<StatusCode>) {
        self.is_broken.store(status.is_some_and(|status| status.is_server_error()), Ordering::Relaxed);
    }
}

impl Gate for Gates {
    fn reserve(&self, now: Instant, cause: &Cause) -> Result<(), Refusal> {
        self.gates.reserve(now, cause)
    }

    fn refund(&self, now: Instant, cause: &Cause, reserved: Instant) {
        self.gates.refund(now, cause, reserved);
    }

    fn admit(&self, now: Instant, cause: &Cause) -> Admission {
        self.gates.admit(now, cause)
    }

    fn settle(&self, now: Instant, cause: &Cause, settled: &Settled) {
        match *settled {
            Settled::Ended(AttemptEnd::Accept | AttemptEnd::Stop, sent)
                if self.is_broken.swap(false, Ordering::Relaxed) =>
            {
                self.gates.settle(now, cause, &Settled::Ended(AttemptEnd::Retry(Failure::new()), sent));
            }
            _ => self.gates.settle(now, cause, settled),
        }
    }

    fn hedge_after(&self, now: Instant, percentile: Option<Percentile>) -> HedgeAfter {
        self.gates.hedge_after(now, percentile)
    }

    fn is_timeless(&self) -> bool {
        self.gates.is_timeless()
    }

    fn is_open(&self) -> bool {
        self.gates.is_open()
    }

    fn is_holding(&self, now: Instant) -> bool {
        self.gates.is_holding(now)
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gates")
            .field("has_gate", &self.gates.0.is_some())
            .field("has_gate_of_host", &self.gates.1.is_some())
            .finish()
    }
}

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

#[cfg(test)]
mod tests {
    use insist_core::Breaker;

    use super::*;

    /// Returns whether a breaker is open after this many answers with a status.
    fn opens(status: u16, end: AttemptEnd) -> bool {
        let breaker = Arc::new(Breaker::new(0.5));
        let gates = Gates::new(Some(Arc::clone(&breaker) as _), None);
        for _ in 0..60 {
            gates.judged(StatusCode::from_u16(status).ok());
            gates.settle(Instant::ZERO, &Cause::FIRST, &Settled::Ended(end, Instant::ZERO));
        }
        breaker.is_holding(Instant::ZERO)
    }

    #[test]
    fn an_accepted_5xx_is_no_success() {
        assert!(opens(501, AttemptEnd::Accept));
        assert!(opens(599, AttemptEnd::Stop));
        assert!(!opens(404, AttemptEnd::Accept));
        assert!(!opens(200, AttemptEnd::Accept));
    }

    #[test]
    fn a_loser_after_a_5xx_is_a_loser() {
        assert!(!opens(503, AttemptEnd::Lost));
    }
}
