//! Picks the address of each attempt: the request's own, the next of a list, or a healthy one of a replica set. One that
//! answered with a Retry-After is passed over until then, so a call waits only when all have.
//!
//! Health is recorded on the thread of the call, in the order in which attempts are sent and end, so that the same seed
//! and events lead to the same replicas, whatever the threads of a race do.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

use std::time::Duration;

use insist_core::{Action, Attempt, AttemptEnd, CancelReason, Decision, Event, Instant, Replicas, Rotation, Verdict};
use ureq::Error;
use ureq::http::Uri;

use crate::replica_set::ReplicaSet;
use crate::report::{Detail, Report};
use crate::sender::{Outcome, ended};
use crate::settings::Settings;

/// The number of attempts whose replicas are kept for the report: as many as a log has.
const TOLD: usize = 64;

/// The addresses that settings name in place of the request's.
#[derive(Clone, Debug)]
pub(crate) enum Addresses {
    /// Used in turn, by each call anew.
    Listed(Arc<[Uri]>),
    /// Picked by their health.
    Set(ReplicaSet),
}

/// The route of a call: tells each attempt, on any thread, where to go.
#[derive(Clone)]
pub(crate) enum Route {
    Own,
    /// The addresses, and the index picked for each attempt that has not asked yet.
    Picked(Arc<[Uri]>, Arc<Mutex<Vec<(u32, usize)>>>),
}

impl Route {
    /// Returns the address of an attempt, if it is not the request's own. Each attempt asks once.
    pub(crate) fn target(&self, attempt: u32) -> Option<Uri> {
        match self {
            Self::Own => None,
            Self::Picked(uris, picked) => {
                let mut picked = picked.lock().unwrap_or_else(PoisonError::into_inner);
                let index = picked.iter().position(|(id, _)| *id == attempt)?;
                Some(uris[picked.swap_remove(index).1].clone())
            }
        }
    }
}

/// The targets of a call's attempts, and a record of them.
pub(crate) struct Targets<'a> {
    /// The address of the request, if a report is to tell it.
    own: Option<Uri>,
    route: Route,
    set: Option<Set<'a>>,
}

/// The addresses of a call as replicas, and what the call records of them.
struct Set<'a> {
    order: Order<'a>,
    notes: RefCell<Notes>,
}

/// The order in which a call goes over its addresses.
enum Order<'a> {
    /// A list in turn, of which only this call knows.
    InTurn { health: Replicas, next: Cell<usize> },
    /// By the health that calls share.
    Shared { health: &'a Replicas, rotation: Rotation<'a> },
}

impl Order<'_> {
    const fn health(&self) -> &Replicas {
        match self {
            Self::InTurn { health, .. } => health,
            Self::Shared { health, .. } => health,
        }
    }

    fn pick(&self, at: Instant) -> usize {
        match self {
            Self::Shared { rotation, .. } => rotation.pick(at),
            Self::InTurn { health, next } => {
                let round = (0..health.len()).map(|step| (next.get() + step) % health.len());
                let picked = round.clone().find(|index| !health.is_held(at, *index));
                let picked = picked.unwrap_or(next.get() % health.len());
                next.set(picked + 1);
                picked
            }
        }
    }
}

#[derive(Default)]
struct Notes {
    /// Attempts in flight, and their replica.
    in_flight: Vec<(u32, usize)>,
    /// The replicas of the first attempts.
    told: Vec<usize>,
}

impl<'a> Targets<'a> {
    /// Makes the targets of a call. The seed counts only with a replica set.
    pub(crate) fn new(settings: &'a Settings, own: &Uri, seed: u64) -> Result<Self, Error> {
        let (mut route, mut set) = (Route::Own, None);
        match settings.get_addresses()? {
            None => {}
            Some(Addresses::Listed(uris)) if uris.is_empty() => {}
            Some(Addresses::Listed(uris)) => {
                route = Route::Picked(Arc::clone(uris), Arc::default());
                let (health, next) = (Replicas::new(uris.len()).rest(Duration::ZERO), Cell::new(0));
                set = Some(Set { order: Order::InTurn { health, next }, notes: RefCell::default() });
            }
            Some(Addresses::Set(replicas)) => {
                route = Route::Picked(replicas.targets(own)?, Arc::default());
                let health = replicas.health();
                let order = Order::Shared { health, rotation: health.rotation(seed) };
                set = Some(Set { order, notes: RefCell::default() });
            }
        }
        let own = settings.wants_report().then(|| own.clone());
        Ok(Self { own, route, set })
    }

    pub(crate) const fn route(&self) -> &Route {
        &self.route
    }

    /// Returns whether [`see`](Self::see) must be called with every event.
    pub(crate) const fn looks(&self) -> bool {
        self.set.is_some()
    }

    /// Returns the verdict of an attempt that has ended: without its Retry-After, if there is another address to go to.
    pub(crate) fn judged(&self, attempt: u32, verdict: Verdict) -> Verdict {
        let Some(set) = &self.set else { return verdict };
        let now = Instant::now();
        set.ended(attempt, now, verdict.into());
        set.order.health().elsewhere(now, verdict)
    }

    /// Picks a replica for each attempt that is about to be sent, and records how those end that are not judged.
    pub(crate) fn see<T, E>(&self, event: &Event<'_, T, E>) {
        let (Some(set), Route::Picked(_, picked)) = (&self.set, &self.route) else { return };
        match event.decision {
            Decision::Action(Action::Send(attempt)) => {
                let replica = set.sent(&attempt, event.at);
                picked.lock().unwrap_or_else(PoisonError::into_inner).push((attempt.id, replica));
            }
            Decision::Action(Action::Cancel { attempt, reason }) => set.cancelled(attempt, event.at, reason),
            Decision::Withdrawn(withdrawn) => set.ended(withdrawn.attempt, event.at, AttemptEnd::Withdrawn),
            _ => {}
        }
    }

    /// Makes the report's detail of an attempt with this outcome.
    pub(crate) fn detail(&self, outcome: &Outcome) -> Detail {
        let Some(ended) = ended(outcome) else { return Detail::default() };
        let detail = Detail { target: self.told(ended.attempt), ..Detail::default() };
        match &ended.result {
            Ok(answer) => Detail { status: Some(answer.status().as_u16()), ..detail },
            Err(error) => {
                let timeout = if let Error::Timeout(timeout) = error { Some(*timeout) } else { None };
                Detail { error: Some(error.to_string()), timeout, ..detail }
            }
        }
    }

    /// Adds the targets of attempts without an outcome to a report.
    pub(crate) fn complete(&self, report: &mut Report) {
        let bare = |report: &Report| {
            report.log.entries().iter().find(|entry| entry.detail.is_none()).map(|entry| entry.attempt)
        };
        while let Some(attempt) = bare(report) {
            report.log.detail(attempt, Detail { target: self.told(attempt), ..Detail::default() });
        }
    }

    fn told(&self, attempt: u32) -> String {
        let uri = match (&self.route, &self.set) {
            (Route::Picked(uris, _), Some(set)) => {
                set.notes.borrow().told.get(attempt as usize - 1).map(|to| &uris[*to])
            }
            _ => self.own.as_ref(),
        };
        uri.map(Uri::to_string).unwrap_or_default()
    }
}

impl Set<'_> {
    fn sent(&self, attempt: &Attempt, at: Instant) -> usize {
        let replica = self.order.pick(at);
        let mut notes = self.notes.borrow_mut();
        notes.in_flight.push((attempt.id, replica));
        if notes.told.len() < TOLD {
            notes.told.push(replica);
        }
        replica
    }

    fn cancelled(&self, attempt: u32, at: Instant, reason: CancelReason) {
        let end = match reason {
            // It had all the time that the call had left and did not answer, so the replica counts as failed, as on the
            // caller's thread.
            CancelReason::Deadline => AttemptEnd::Timeout,
            reason => reason.into(),
        };
        self.ended(attempt, at, end);
    }

    fn ended(&self, attempt: u32, at: Instant, end: AttemptEnd) {
        let mut notes = self.notes.borrow_mut();
        if let Some(index) = notes.in_flight.iter().position(|(id, _)| *id == attempt) {
            let (_, replica) = notes.in_flight.swap_remove(index);
            self.order.health().ended(at, replica, end);
        }
    }
}
