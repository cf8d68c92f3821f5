//! Runs a world: the events in order of time, and the calls that live.
//!
//! There are three heaps: when calls begin, when attempts end, and when calls want to be polled. Each has one place for
//! each client, attempt and call, so the memory goes by what lives and not by what was scheduled. At one instant
//! outcomes come before timers, as the machine's own ties have it.

mod heap;
mod live;
mod replicas;
mod slab;
mod work;

use insist_core::{Action, Backoff, Gate, Instant, Policy, Verdict};

use crate::clients::{Gates, Load, Schedule};
use crate::draw::{Draw, Purpose};
use crate::report::{End, Outcome, Recorder};
use crate::servers::{Backend, Request, Step};
use crate::times::nanos;
use crate::world::{Candidate, World};
use heap::Heap;
use live::Live;
use replicas::Replicas;
use slab::Slab;
use work::{Stage, Work};

/// Runs a world with room for as many lanes as the policy has.
pub(crate) fn run<B: Backoff>(
    world: &World,
    candidate: &Candidate<'_, B>,
    seed: u64,
    backend: Option<&mut dyn Backend>,
) -> Outcome {
    let gates: Vec<_> = (0..world.clients.gate_count()).map(|_| candidate.make_gate()).collect();
    let gates: Vec<&dyn Gate> = gates.iter().map(|gate| &**gate as &dyn Gate).collect();
    match candidate.policy().get_lanes() {
        0..=1 => Run::<B, 1>::new(world, candidate.policy(), &gates, seed, backend).until_over(),
        2 => Run::<B, 2>::new(world, candidate.policy(), &gates, seed, backend).until_over(),
        3..=4 => Run::<B, 4>::new(world, candidate.policy(), &gates, seed, backend).until_over(),
        5..=8 => Run::<B, 8>::new(world, candidate.policy(), &gates, seed, backend).until_over(),
        _ => Run::<B, 16>::new(world, candidate.policy(), &gates, seed, backend).until_over(),
    }
}

/// The least time from one call of a client to its next, so that calls that end at once do not stop the clock.
const LEAST_CALL: u64 = 1_000;

struct Run<'a, 'c, B, const LANES: usize> {
    world: &'a World,
    policy: &'a Policy<B>,
    gates: &'a [&'a dyn Gate],
    seed: u64,
    backend: Option<&'c mut dyn Backend>,
    schedule: Option<Schedule<'a>>,
    /// By client in a closed loop, else of the next call alone.
    arrivals: Heap,
    /// Counts the calls that each client of a closed loop has left.
    left: Vec<u32>,
    timers: Heap,
    ends: Heap,
    changes: Vec<u64>,
    calls: Slab<Live<'a, B, LANES>>,
    works: Slab<Work>,
    replicas: Replicas<'a>,
    number: u64,
    recorder: Recorder,
}

impl<'a, 'c, B: Backoff, const LANES: usize> Run<'a, 'c, B, LANES> {
    fn new(
        world: &'a World,
        policy: &'a Policy<B>,
        gates: &'a [&'a dyn Gate],
        seed: u64,
        backend: Option<&'c mut dyn Backend>,
    ) -> Self {
        let edges = world.incidents.iter().flat_map(|incident| [incident.from, incident.until]);
        let mut changes: Vec<u64> = edges.map(nanos).collect();
        changes.sort_unstable_by(|one, other| other.cmp(one));
        let schedule = match &world.clients.load {
            Load::Open(arrivals) => Some(Schedule::new(arrivals, &world.clients.surges, seed)),
            Load::Closed { .. } => None,
        };
        let mut run = Self {
            world,
            policy,
            gates,
            seed,
            backend,
            schedule,
            arrivals: Heap::default(),
            left: Vec::new(),
            timers: Heap::default(),
            ends: Heap::default(),
            changes,
            calls: Slab::new(),
            works: Slab::new(),
            replicas: Replicas::new(world, seed),
            number: 0,
            recorder: Recorder::new(world),
        };
        run.begin_arrivals();
        run
    }

    fn begin_arrivals(&mut self) {
        match &self.world.clients.load {
            Load::Open(_) => self.schedule_next(),
            Load::Closed { think, calls } => {
                self.left = vec![calls.unwrap_or(u32::MAX); self.world.clients.count as usize];
                for client in 0..self.world.clients.count {
                    let mut draw = Draw::at(self.seed, Purpose::Think, client.into(), 0);
                    self.arrivals.set(client, think.nanos(&mut draw));
                }
            }
        }
    }

    fn schedule_next(&mut self) {
        if let Some(nanos) = self.schedule.as_mut().and_then(Schedule::next) {
            self.arrivals.set(0, nanos);
        }
    }

    fn until_over(mut self) -> Outcome {
        let lasting = nanos(self.world.warm_up.saturating_add(self.world.lasting));
        let limit = lasting.saturating_add(nanos(self.world.patience));
        loop {
            let change = self.changes.last().copied().unwrap_or(u64::MAX);
            let (arrival, end, timer) = (self.arrivals.due(), self.ends.due(), self.timers.due());
            let now = change.min(end).min(timer).min(arrival);
            if now == u64::MAX || now >= limit || (now >= lasting && self.recorder.is_complete()) {
                return self.finish(now);
            }
            if change == now {
                self.changes.pop();
                self.replicas.start_all(now, &mut self.works, &mut self.ends);
                continue;
            }
            self.recorder.event(self.calls.len());
            if end == now {
                self.ended(now);
            } else if timer == now {
                if let Some(place) = self.timers.pop() {
                    self.pump(now, place);
                }
            } else if let Some(client) = self.arrivals.pop() {
                self.arrive(now, client);
            }
        }
    }

    fn finish(mut self, now: u64) -> Outcome {
        for live in self.calls.iter() {
            // Without anything that is due, a call that lives is never heard of again.
            self.recorder.unfinished(if now == u64::MAX { live.began } else { now }, live.began);
        }
        self.recorder.finish()
    }

    fn arrive(&mut self, now: u64, client: u32) {
        let number = self.number;
        self.number += 1;
        let client = if self.schedule.is_some() {
            self.schedule_next();
            let count = self.world.clients.count;
            if count == 1 { 0 } else { Draw::at(self.seed, Purpose::Client, number, 0).below(count.into()) as u32 }
        } else {
            client
        };
        let gate = match self.world.clients.gates {
            Gates::All => 0,
            Gates::Each => client as usize,
        };
        let seed = Draw::at(self.seed, Purpose::Seed, number, 0).word();
        let live = Live::new(self.policy, self.gates[gate], self.world.clients.repeat, now, seed, number, client);
        self.recorder.begun(now);
        let place = self.calls.insert(live);
        self.pump(now, place);
    }

    /// Does what a call asks for, until it waits or is over.
    fn pump(&mut self, now: u64, place: u32) {
        while let Some(live) = self.calls.get_mut(place) {
            match live.call.poll(Instant::from_nanos(now)) {
                Action::Send(attempt) => {
                    let request = Request::new(live.number, attempt.id);
                    let work = Work { owner: Some(place), stage: Stage::Backend, replica: 0, request };
                    let sent = self.works.insert(work);
                    live.in_flight[usize::from(attempt.lane)] = Some((attempt.id, sent));
                    live.sends += 1;
                    self.recorder.sent(now, live.began, attempt.kind);
                    self.send(now, sent);
                }
                Action::Cancel { attempt, .. } => {
                    if let Some(sent) = live.take(attempt) {
                        self.replicas.cancelled(now, sent, &mut self.works, &mut self.ends);
                    }
                }
                Action::Wait { until, .. } => {
                    match until {
                        Some(until) => self.timers.set(place, until.as_nanos()),
                        None => self.timers.remove(place),
                    }
                    return;
                }
                Action::Return(_) => self.over(now, place, End::Succeeded),
                Action::GiveUp(give_up) => {
                    let refusal = give_up.refusal().map(insist_core::Refusal::reason);
                    self.over(now, place, End::GaveUp(give_up.reason(), refusal));
                }
            }
        }
    }

    fn send(&mut self, now: u64, sent: u32) {
        match &mut self.backend {
            None => self.replicas.receive(now, sent, &mut self.works, &mut self.ends),
            Some(backend) => {
                let Some(work) = self.works.get_mut(sent) else { return };
                let request = &mut work.request;
                let place = (u64::from(request.step) << 40).wrapping_add(request.call);
                let mut draw = Draw::at(self.seed, Purpose::Backend, place, request.attempt);
                let step = backend.step(Instant::from_nanos(now), request, &mut draw);
                request.step += 1;
                let after = match step {
                    Step::Again(after) => after,
                    Step::Answer(after, verdict) => {
                        work.stage = Stage::Answered(verdict);
                        after
                    }
                };
                self.ends.set(sent, now.saturating_add(nanos(after)));
            }
        }
    }

    /// Something is due for the attempt that ends first: its answer, or the next step of a server in code.
    fn ended(&mut self, now: u64) {
        let Some(sent) = self.ends.pop() else { return };
        let Some(work) = self.works.get(sent) else { return };
        let (owner, stage, replica) = (work.owner, work.stage, work.replica);
        let (id, verdict) = match stage {
            Stage::Backend => return self.send(now, sent),
            Stage::Answered(verdict) => (work.request.attempt, verdict),
            _ => (work.request.attempt, Verdict::Accept),
        };
        self.works.remove(sent);
        if stage == Stage::Serving {
            self.replicas.served(now, replica, &mut self.works, &mut self.ends);
        }
        let Some(place) = owner else { return };
        if let Some(live) = self.calls.get_mut(place) {
            live.take(id);
            // What comes too late has no owner any more.
            let _ = live.call.handle(Instant::from_nanos(now), id, verdict);
            self.pump(now, place);
        }
    }

    fn over(&mut self, now: u64, place: u32, end: End) {
        self.timers.remove(place);
        let Some(live) = self.calls.remove(place) else { return };
        self.recorder.ended(now, live.began, live.sends, end);
        if let Load::Closed { think, .. } = &self.world.clients.load {
            let left = &mut self.left[live.client as usize];
            *left -= 1;
            if *left > 0 {
                let mut draw = Draw::at(self.seed, Purpose::Think, u64::from(live.client), u32::MAX - *left);
                let next = now.saturating_add(think.nanos(&mut draw)).max(live.began + LEAST_CALL);
                self.arrivals.set(live.client, next);
            }
        }
    }
}
