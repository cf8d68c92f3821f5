//! Keeps a gate for each host: a bounded number of them, forgotten when they are not used for a while.

mod host;
mod shard;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Uri;
use insist_core::{Gate, Instant};

use self::host::HostRef;
use self::shard::Shard;

/// The number of hosts that have a gate at once, by default.
const LIMIT: usize = 256;
/// The default time that a gate is kept without use: 10 minutes.
const IDLE: Duration = Duration::from_secs(600);
/// The most shards, each with a lock of its own.
const SHARDS: usize = 16;
/// The fewest hosts that have a shard of their own.
const LEAST_IN_SHARD: usize = 16;

/// Keeps a gate for each host, so that a host that fails does not stop calls to the others.
///
/// A host is a scheme, a name and a port; the name's case and a dot at its end do not matter. At most 256 hosts have a
/// gate at once (see [`limit`](Self::limit)). Beyond that one that is not used for long is forgotten: first one that was
/// not used for 10 minutes (see [`idle`](Self::idle)), then one that holds nothing back, and last one that does, such as
/// an open breaker or a pause ([`Gate::is_holding`]). A call keeps the gate that it holds; the next call to a forgotten
/// host gets a new one.
///
/// A gate that is there is found without an allocation. Hosts are spread over up to 16 locks, and what is forgotten is
/// chosen among a few.
///
/// ```
/// use insist_http::{Bulkhead, Hosts, Instant, http::Uri};
///
/// let hosts = Hosts::new(|| Bulkhead::new(10)); // ten attempts in flight to each host
/// let now = Instant::ZERO;
///
/// let gate = hosts.gate(&Uri::from_static("http://a.example/x"), now);
/// let same = hosts.gate(&Uri::from_static("http://A.example.:80/y"), now);
/// let other = hosts.gate(&Uri::from_static("https://a.example/x"), now);
/// assert!(std::sync::Arc::ptr_eq(&gate, &same));
/// assert!(!std::sync::Arc::ptr_eq(&gate, &other));
/// ```
pub struct Hosts<G> {
    make: Box<dyn Fn() -> G + Send + Sync>,
    idle: Duration,
    limit: usize,
    seed: u64,
    /// As many as a power of two.
    shards: Box<[Mutex<Shard<G>>]>,
}

impl<G: Gate> Hosts<G> {
    /// Makes a keeper without gates; the function makes the gate of each host.
    pub fn new(make: impl Fn() -> G + Send + Sync + 'static) -> Self {
        let shards = shards(LIMIT);
        Self { make: Box::new(make), idle: IDLE, limit: LIMIT, seed: RandomState::new().hash_one(0), shards }
    }

    /// Sets how many hosts have a gate at once; 0 counts as 1. Default: 256.
    ///
    /// From 32 on each lock has its own share of them, and may forget one before all are used up.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        let limit = limit.max(1);
        Self { limit, shards: shards(limit), ..self }
    }

    /// Sets after how long without use a gate is forgotten. Default: 10 minutes.
    #[must_use]
    pub fn idle(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// Returns the gate of a URI's host, which counts as used at this instant.
    pub fn gate(&self, uri: &Uri, now: Instant) -> Arc<G> {
        self.find(HostRef::of(uri), now)
    }

    /// Returns the gate of a host, for clients that have no [`Uri`]. Without a port it is that of `http` and `https`.
    ///
    /// ```
    /// use insist_http::{Bulkhead, Hosts, Instant, http::Uri};
    ///
    /// let (hosts, now) = (Hosts::new(|| Bulkhead::new(10)), Instant::ZERO);
    /// let gate = hosts.gate_of("https", "a.example", None, now);
    /// assert!(std::sync::Arc::ptr_eq(&gate, &hosts.gate(&Uri::from_static("https://a.example:443/"), now)));
    /// ```
    pub fn gate_of(&self, scheme: &str, name: &str, port: Option<u16>, now: Instant) -> Arc<G> {
        self.find(HostRef::new(scheme, name, port), now)
    }

    fn find(&self, host: HostRef<'_>, now: Instant) -> Arc<G> {
        let hash = host.hash(self.seed);
        // The low bits choose the place in the shard's map.
        let shard = &self.shards[(hash >> 48) as usize & (self.shards.len() - 1)];
        lock(shard).gate(hash, host, now, self.idle, &self.make)
    }

    /// Returns how many hosts have a gate.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Returns whether no host has a gate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Makes shards that hold this many in all.
fn shards<G>(limit: usize) -> Box<[Mutex<Shard<G>>]> {
    let count = 1_usize << (limit / LEAST_IN_SHARD).clamp(1, SHARDS).ilog2();
    (0..count).map(|shard| Mutex::new(Shard::new((limit + shard) / count))).collect()
}

fn lock<G>(shard: &Mutex<Shard<G>>) -> MutexGuard<'_, Shard<G>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<G> fmt::Debug for Hosts<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts").field("limit", &self.limit).field("idle", &self.idle).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
