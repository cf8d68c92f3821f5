//! A share of the hosts, under one lock: found by their hash, forgotten by a hand that goes round.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use insist_core::{Gate, Instant};

use super::host::{Host, HostRef};

/// The number of hosts that the hand looks at when one is added.
const LOOKED_AT: usize = 8;

pub(super) struct Shard<G> {
    places: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    known: Vec<Known<G>>,
    limit: usize,
    /// The host that is looked at next.
    hand: usize,
}

struct Known<G> {
    hash: u64,
    host: Host,
    gate: Arc<G>,
    asked: Instant,
}

impl<G: Gate> Known<G> {
    /// The order in which hosts are forgotten, the first first.
    fn rank(&self, now: Instant) -> (bool, Instant) {
        (self.gate.is_holding(now), self.asked)
    }

    fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        now.saturating_since(self.asked) >= idle && !self.gate.is_holding(now)
    }
}

impl<G> Shard<G> {
    pub(super) fn new(limit: usize) -> Self {
        Self { places: HashMap::default(), known: Vec::new(), limit, hand: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    fn forget(&mut self, place: usize) {
        let gone = self.known.swap_remove(place);
        self.places.remove(&gone.hash);
        if let Some(moved) = self.known.get(place) {
            self.places.insert(moved.hash, place);
        }
    }
}

impl<G: Gate> Shard<G> {
    /// Returns the gate of this host, or makes one.
    pub(super) fn gate(
        &mut self,
        mut hash: u64,
        host: HostRef<'_>,
        now: Instant,
        idle: Duration,
        make: impl Fn() -> G,
    ) -> Arc<G> {
        while let Some(place) = self.places.get(&hash) {
            let known = &mut self.known[*place];
            if !host.is(&known.host) {
                // Another host with the same hash.
                hash = hash.wrapping_add(1);
                continue;
            }
            if known.is_idle(now, idle) {
                known.gate = Arc::new(make());
            }
            known.asked = known.asked.max(now);
            return Arc::clone(&known.gate);
        }
        let gate = Arc::new(make());
        self.make_room(now, idle);
        self.places.insert(hash, self.known.len());
        self.known.push(Known { hash, host: host.to_host(), gate: Arc::clone(&gate), asked: now });
        gate
    }

    /// Forgets those that are idle among the few that the hand looks at, and one of them if there is no room yet.
    fn make_room(&mut self, now: Instant, idle: Duration) {
        let mut first: Option<usize> = None;
        for _ in 0..LOOKED_AT.min(self.known.len()) {
            if self.hand >= self.known.len() {
                self.hand = 0;
            }
            let at = self.hand;
            let Some(known) = self.known.get(at) else { break };
            if known.is_idle(now, idle) {
                self.forget(at);
                // The last one stands in its place now, and may be the one that was chosen.
                first = first.map(|chosen| if chosen == self.known.len() { at } else { chosen });
                continue;
            }
            if first.is_none_or(|chosen| known.rank(now) < self.known[chosen].rank(now)) {
                first = Some(at);
            }
            self.hand += 1;
        }
        if self.known.len() >= self.limit {
            if let Some(chosen) = first {
                self.forget(chosen);
            }
        }
    }
}

/// Passes on what is hashed already.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
