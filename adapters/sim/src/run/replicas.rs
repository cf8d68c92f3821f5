//! The replicas of a world at work: their queues, workers, and incidents.

use std::collections::VecDeque;
use std::time::Duration;

use insist_core::Verdict;

use super::heap::Heap;
use super::slab::Slab;
use super::work::{Stage, Work};
use crate::draw::{Draw, Purpose};
use crate::incidents::{Incident, Kind, judge};
use crate::servers::{Balance, Discipline, Servers};
use crate::times::nanos;
use crate::world::World;

/// The span after which a full queue says so.
const REJECTED_AFTER: u64 = 1_000_000;
/// A queue is cleared of what was dropped once there is more of that than of the rest, and this much.
const MANY_DROPPED: usize = 32;

#[derive(Debug)]
pub(super) struct Replicas<'a> {
    servers: &'a Servers,
    incidents: &'a [Incident],
    seed: u64,
    all: Vec<Replica>,
    next: u32,
}

#[derive(Debug, Default)]
struct Replica {
    queue: VecDeque<u32>,
    /// Those of the queue that were not dropped.
    waiting: u32,
    busy: u32,
}

impl<'a> Replicas<'a> {
    pub(super) fn new(world: &'a World, seed: u64) -> Self {
        let all = (0..world.servers.replicas).map(|_| Replica::default()).collect();
        Self { servers: &world.servers, incidents: &world.incidents, seed, all, next: 0 }
    }

    /// Takes an attempt in: says at once how it fails, or lets it wait.
    pub(super) fn receive(&mut self, now: u64, place: u32, works: &mut Slab<Work>, due: &mut Heap) {
        let Some((call, attempt)) = works.get(place).map(|work| (work.request.call, work.request.attempt)) else {
            return;
        };
        let chosen = self.choose(call, attempt);
        let failure = self.failure(now, chosen, call, attempt);
        let replica = &mut self.all[chosen as usize];
        let is_full = self.servers.queue.is_some_and(|limit| {
            replica.waiting >= limit.saturating_add(self.servers.workers.saturating_sub(replica.busy))
        });
        let Some(work) = works.get_mut(place) else { return };
        work.replica = chosen;
        match failure {
            Some((verdict, after)) => {
                work.stage = Stage::Answered(verdict);
                due.set(place, now.saturating_add(after));
            }
            None if is_full => {
                work.stage = Stage::Answered(judge(self.servers.full_status, None));
                due.set(place, now.saturating_add(REJECTED_AFTER));
            }
            None => {
                work.stage = Stage::Queued;
                replica.queue.push_back(place);
                replica.waiting += 1;
                self.start(now, chosen, works, due);
            }
        }
    }

    /// Frees the worker of an attempt that is served.
    pub(super) fn served(&mut self, now: u64, replica: u32, works: &mut Slab<Work>, due: &mut Heap) {
        self.all[replica as usize].busy -= 1;
        self.start(now, replica, works, due);
    }

    /// Drops an attempt that nobody waits for, if servers are told.
    pub(super) fn cancelled(&mut self, now: u64, place: u32, works: &mut Slab<Work>, due: &mut Heap) {
        let Some(work) = works.get_mut(place) else { return };
        work.owner = None;
        let (stage, replica) = (work.stage, work.replica);
        match stage {
            Stage::Queued if self.servers.told_of_cancels => {
                work.stage = Stage::Dropped;
                self.all[replica as usize].waiting -= 1;
                self.clear(replica, works);
            }
            Stage::Serving if self.servers.told_of_cancels => {
                due.remove(place);
                works.remove(place);
                self.served(now, replica, works, due);
            }
            Stage::Answered(_) => {
                due.remove(place);
                works.remove(place);
            }
            _ => {}
        }
    }

    /// Starts what can be started at all replicas, since an incident has begun or is over.
    pub(super) fn start_all(&mut self, now: u64, works: &mut Slab<Work>, due: &mut Heap) {
        for replica in 0..self.all.len() as u32 {
            self.start(now, replica, works, due);
        }
    }

    fn start(&mut self, now: u64, number: u32, works: &mut Slab<Work>, due: &mut Heap) {
        let (workers, slowness) = self.capacity(now, number);
        loop {
            let replica = &mut self.all[number as usize];
            if replica.busy >= workers || replica.waiting == 0 {
                return;
            }
            let next = match self.servers.discipline {
                Discipline::Fifo => replica.queue.pop_front(),
                Discipline::Lifo => replica.queue.pop_back(),
            };
            let Some(place) = next else { return };
            if works.get(place).is_none_or(|work| work.stage == Stage::Dropped) {
                works.remove(place);
                continue;
            }
            replica.waiting -= 1;
            replica.busy += 1;
            let slowness = slowness * (1.0 + self.servers.contention * f64::from(replica.waiting));
            if let Some(work) = works.get_mut(place) {
                work.stage = Stage::Serving;
                let (call, attempt) = (work.request.call, work.request.attempt);
                due.set(place, self.end(now, number, slowness, call, attempt));
            }
        }
    }

    /// Returns the workers that a replica has now, and by how much those are slower.
    fn capacity(&self, now: u64, number: u32) -> (u32, f64) {
        let mut left = f64::from(self.servers.workers);
        for incident in self.incidents.iter().filter(|incident| incident.holds(Duration::from_nanos(now), number)) {
            if let Kind::Loss(part) = incident.kind {
                left *= 1.0 - part;
            }
        }
        let workers = left.ceil();
        (workers as u32, self.servers.slowness(number) * if left > 0.0 { workers / left } else { 1.0 })
    }

    /// Returns when an attempt is served that begins now.
    fn end(&self, now: u64, number: u32, slowness: f64, call: u64, attempt: u32) -> u64 {
        let mut factor = slowness;
        let mut begins = now;
        for (index, incident) in self.incidents.iter().enumerate() {
            if matches!(incident.kind, Kind::Hang | Kind::Slow(_))
                && incident.holds(Duration::from_nanos(now), number)
                && self.is_hit(index, incident, call, attempt)
            {
                match incident.kind {
                    Kind::Slow(times) => factor *= times,
                    _ => begins = begins.max(nanos(incident.until)),
                }
            }
        }
        let span = self.servers.service.nanos(&mut Draw::at(self.seed, Purpose::Service, call, attempt));
        let span = if factor == 1.0 { span } else { (span as f64 * factor) as u64 };
        begins.saturating_add(span)
    }

    /// Returns how an attempt fails without work, and after how long.
    fn failure(&self, now: u64, number: u32, call: u64, attempt: u32) -> Option<(Verdict, u64)> {
        self.incidents.iter().enumerate().find_map(|(index, incident)| {
            let verdict = match incident.kind {
                Kind::Fail { status, retry_after } => judge(status, retry_after),
                Kind::Reset => Verdict::retry(),
                _ => return None,
            };
            let hit = incident.holds(Duration::from_nanos(now), number) && self.is_hit(index, incident, call, attempt);
            // At least a microsecond, so that a policy without waits does not stop the clock.
            hit.then(|| (verdict, nanos(incident.after).max(1_000)))
        })
    }

    fn is_hit(&self, index: usize, incident: &Incident, call: u64, attempt: u32) -> bool {
        let seed = self.seed.wrapping_add(index as u64);
        incident.share >= 1.0 || Draw::at(seed, Purpose::Incident, call, attempt).chance(incident.share)
    }

    fn choose(&mut self, call: u64, attempt: u32) -> u32 {
        let count = self.all.len() as u32;
        if count == 1 {
            return 0;
        }
        match self.servers.balance {
            Balance::Random => Draw::at(self.seed, Purpose::Replica, call, attempt).below(count.into()) as u32,
            Balance::RoundRobin => {
                self.next = (self.next + 1) % count;
                self.next
            }
            Balance::LeastBusy => {
                let load = |index: &u32| self.all[*index as usize].waiting + self.all[*index as usize].busy;
                (0..count).min_by_key(load).unwrap_or(0)
            }
        }
    }

    fn clear(&mut self, number: u32, works: &mut Slab<Work>) {
        let replica = &mut self.all[number as usize];
        let dropped = replica.queue.len() - replica.waiting as usize;
        if dropped > MANY_DROPPED && dropped * 2 > replica.queue.len() {
            replica.queue.retain(|place| {
                let stays = works.get(*place).is_some_and(|work| work.stage != Stage::Dropped);
                if !stays {
                    works.remove(*place);
                }
                stays
            });
        }
    }
}
