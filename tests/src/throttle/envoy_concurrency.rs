//! Envoy's retry budget of a cluster: so many retries at once for so many requests at once, without a window.

use std::sync::Mutex;

use insist_core::{Admission, Cause, Gate, Instant, Kind, Refusal, Settled};

use super::lock;

/// The gate of a cluster: a retry passes while fewer are waiting or in flight than a share of the requests in flight, or
/// than a least number.
#[derive(Debug)]
pub struct RetryConcurrency {
    percent: f64,
    least: u32,
    active: Mutex<Active>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Active {
    requests: u32,
    retries: u32,
}

impl Default for RetryConcurrency {
    /// 20 %, at least 3.
    fn default() -> Self {
        Self::new(20.0, 3)
    }
}

impl RetryConcurrency {
    /// This share of the requests, in percent, and at least so many.
    #[must_use]
    pub fn new(percent: f64, least: u32) -> Self {
        Self { percent, least, active: Mutex::default() }
    }

    /// Requests in flight.
    #[must_use]
    pub fn requests(&self) -> u32 {
        lock(&self.active).requests
    }

    /// Retries that wait or are in flight.
    #[must_use]
    pub fn retries(&self) -> u32 {
        lock(&self.active).retries
    }
}

impl Gate for RetryConcurrency {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        let mut active = lock(&self.active);
        let share = (self.percent * f64::from(active.requests) / 100.0) as u32;
        if active.retries >= share.max(self.least) {
            return Err(Refusal::new(&"too many retries at once"));
        }
        active.retries += 1;
        Ok(())
    }

    fn refund(&self, _: Instant, _: &Cause, _: Instant) {
        lock(&self.active).retries -= 1;
    }

    fn admit(&self, _: Instant, _: &Cause) -> Admission {
        lock(&self.active).requests += 1;
        Admission::Yes
    }

    /// What was not sent after all is still reserved, until it is refunded or sent.
    fn settle(&self, _: Instant, cause: &Cause, settled: &Settled) {
        let mut active = lock(&self.active);
        active.requests -= 1;
        if cause.kind != Kind::First && !matches!(settled, Settled::Unsent(_)) {
            active.retries -= 1;
        }
    }

    fn is_timeless(&self) -> bool {
        true
    }
}
