//! Keeps a gate for each host: a bounded number of them, forgotten when they are not used for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use insist_core::{Gate, Instant};

/// The number of hosts that have a gate at once, by default.
const LIMIT: usize = 256;
/// The default time that a gate is kept without use: 10 minutes.
const IDLE: Duration = Duration::from_secs(600);

/// Keeps a gate for each host, so that a host that fails does not stop calls to the others.
///
/// A host is a scheme, a name and a port; the name's case does not matter. At most 256 hosts have a gate at once (see
/// [`limit`](Self::limit)); beyond that the least recently used gate is forgotten. So is one that was not used for 10
/// minutes (see [`idle`](Self::idle)). A call keeps the gate that it holds; the next call to a forgotten host gets a
/// new one.
///
/// ```
/// use insist_http::{Bulkhead, Hosts, Instant, http::Uri};
///
/// let hosts = Hosts::new(|| Bulkhead::new(10)); // ten attempts in flight to each host
/// let now = Instant::ZERO;
///
/// let gate = hosts.gate(&Uri::from_static("http://a.example/x"), now);
/// let same = hosts.gate(&Uri::from_static("http://A.example:80/y"), now);
/// let other = hosts.gate(&Uri::from_static("https://a.example/x"), now);
/// assert!(std::sync::Arc::ptr_eq(&gate, &same));
/// assert!(!std::sync::Arc::ptr_eq(&gate, &other));
/// ```
pub struct Hosts<G> {
    make: Box<dyn Fn() -> G + Send + Sync>,
    limit: usize,
    idle: Duration,
    gates: Mutex<HashMap<Host, Known<G>>>,
}

/// The key of a host: scheme, name in lower case, and port.
type Host = (Option<Scheme>, String, Option<u16>);

struct Known<G> {
    gate: Arc<G>,
    asked: Instant,
}

impl<G: Gate> Hosts<G> {
    /// Makes a keeper without gates; the function makes the gate of each host.
    pub fn new(make: impl Fn() -> G + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make), limit: LIMIT, idle: IDLE, gates: Mutex::default() }
    }

    /// Sets how many hosts have a gate at once; 0 counts as 1. Default: 256.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit: limit.max(1), ..self }
    }

    /// Sets after how long without use a gate is forgotten. Default: 10 minutes.
    #[must_use]
    pub fn idle(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// Returns the gate of a URI's host, which counts as used at this instant.
    pub fn gate(&self, uri: &Uri, now: Instant) -> Arc<G> {
        let scheme = uri.scheme_str().unwrap_or_default();
        self.gate_of(scheme, uri.host().unwrap_or_default(), uri.port_u16(), now)
    }

    /// Returns the gate of a host by its parts, for a client whose addresses are no [`Uri`]s. Without a port it is that
    /// of the scheme: 80 for `http`, 443 for `https`.
    pub fn gate_of(&self, scheme: &str, host: &str, port: Option<u16>, now: Instant) -> Arc<G> {
        let host = host_of(scheme, host, port);
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |known: &Known<G>| now.saturating_since(known.asked) >= self.idle;
        if let Some(known) = gates.get_mut(&host).filter(|known| !is_idle(known)) {
            known.asked = known.asked.max(now);
            return Arc::clone(&known.gate);
        }
        gates.retain(|_, known| !is_idle(known));
        if gates.len() >= self.limit {
            let oldest = gates.iter().min_by_key(|(_, known)| known.asked).map(|(host, _)| host.clone());
            oldest.map(|host| gates.remove(&host));
        }
        let gate = Arc::new((self.make)());
        gates.insert(host, Known { gate: Arc::clone(&gate), asked: now });
        gate
    }

    /// Returns how many hosts have a gate.
    #[must_use]
    pub fn len(&self) -> usize {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Returns whether no host has a gate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<G> fmt::Debug for Hosts<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts").field("limit", &self.limit).field("idle", &self.idle).finish_non_exhaustive()
    }
}

fn host_of(scheme: &str, host: &str, port: Option<u16>) -> Host {
    let (scheme, default) = if scheme.eq_ignore_ascii_case("http") {
        (Some(Scheme::HTTP), Some(80))
    } else if scheme.eq_ignore_ascii_case("https") {
        (Some(Scheme::HTTPS), Some(443))
    } else {
        (Scheme::try_from(scheme).ok(), None)
    };
    (scheme, host.to_ascii_lowercase(), port.or(default))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn uri(host: usize) -> Uri {
        format!("http://host{host}.example/").parse().unwrap()
    }

    #[test]
    fn the_number_of_gates_is_bounded_and_the_one_asked_for_least_lately_goes() {
        let hosts = Hosts::new(|| ()).limit(3);
        let gates: Vec<_> = (0..3).map(|host| hosts.gate(&uri(host), at(host as u64))).collect();
        let first = hosts.gate(&uri(0), at(5));
        hosts.gate(&uri(9), at(6));
        assert_eq!(hosts.len(), 3);
        assert!(Arc::ptr_eq(&first, &gates[0]));
        assert!(Arc::ptr_eq(&hosts.gate(&uri(0), at(7)), &gates[0]));
        assert!(Arc::ptr_eq(&hosts.gate(&uri(2), at(7)), &gates[2]));
        assert_eq!(Arc::strong_count(&gates[1]), 1, "host 1 was asked for least lately, and is forgotten");
    }

    #[test]
    fn a_host_by_its_parts_is_the_one_of_the_address() {
        let hosts = Hosts::new(|| ());
        let gate = hosts.gate(&Uri::from_static("https://A.example/x"), at(0));
        assert!(Arc::ptr_eq(&gate, &hosts.gate_of("https", "a.example", None, at(0))));
        assert!(Arc::ptr_eq(&gate, &hosts.gate_of("HTTPS", "a.EXAMPLE", Some(443), at(0))));
        assert!(!Arc::ptr_eq(&gate, &hosts.gate_of("http", "a.example", None, at(0))));
        assert!(!Arc::ptr_eq(&gate, &hosts.gate_of("https", "a.example", Some(444), at(0))));
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let hosts = Hosts::new(|| ()).idle(Duration::from_secs(10));
        let gate = hosts.gate(&uri(1), at(0));
        assert!(Arc::ptr_eq(&gate, &hosts.gate(&uri(1), at(9))));
        assert!(Arc::ptr_eq(&gate, &hosts.gate(&uri(1), at(18))));
        hosts.gate(&uri(2), at(28));
        assert_eq!(hosts.len(), 1);
        assert_eq!(Arc::strong_count(&gate), 1, "host 1 is forgotten");
    }

    #[test]
    fn many_hosts_take_no_more_room_than_a_few() {
        let hosts = Hosts::new(|| ()).limit(4);
        for host in 0..10_000 {
            hosts.gate(&uri(host), at(1));
        }
        assert_eq!(hosts.len(), 4);
    }
}
